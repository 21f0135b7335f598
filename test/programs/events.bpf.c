// SPDX-License-Identifier: Apache-2.0
// Exports events through a ring buffer: raw tracepoints of the scheduler with CO-RE reads of the task, and a socket
// filter that sends the beginning of each packet. The reader is woken once in a batch.
// build: - clang-19 -mcpu=v3 -I/usr/include/x86_64-linux-gnu
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct mm_struct {
  unsigned long total_vm;
};
struct task_struct {
  int pid;
  int tgid;
  struct task_struct *real_parent;
  struct mm_struct *mm;
  unsigned int flags;
  char comm[16];
};
#pragma clang attribute pop

enum kind { EXIT = 1, SAMPLE };

struct exit {
  enum kind kind;
  int pid, tgid, parent;
  unsigned long pages;
  unsigned int flags;
  char comm[16];
};

struct sample {
  enum kind kind;
  __u32 length;
  __u32 captured;
  __u8 bytes[64];
};

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} events SEC(".maps");

const volatile __u64 batch = 1024;
const volatile int only_tgid = 0;

__u64 lost;

/* Wakes the reader when so much is in the buffer, so that it does not run for each record. */
static __always_inline __u64 wake(void)
{
  return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) >= batch ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

SEC("raw_tp/sched_process_exit")
int on_exit(struct bpf_raw_tracepoint_args *ctx)
{
  struct task_struct *task = (void *)ctx->args[0];
  struct exit *event;
  int tgid = BPF_CORE_READ(task, tgid);

  if (only_tgid && tgid != only_tgid)
    return 0;
  event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event) {
    __sync_fetch_and_add(&lost, 1);
    return 0;
  }
  event->kind = EXIT;
  event->pid = BPF_CORE_READ(task, pid);
  event->tgid = tgid;
  event->parent = BPF_CORE_READ(task, real_parent, tgid);
  event->pages = BPF_CORE_READ(task, mm, total_vm);
  if (bpf_core_field_exists(task->flags))
    event->flags = BPF_CORE_READ(task, flags);
  BPF_CORE_READ_STR_INTO(&event->comm, task, comm);
  bpf_ringbuf_submit(event, wake());
  return 0;
}

SEC("socket")
int sample(struct __sk_buff *skb)
{
  struct sample *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  __u32 length = skb->len < sizeof(event->bytes) ? skb->len : sizeof(event->bytes);

  if (!event) {
    __sync_fetch_and_add(&lost, 1);
    return 0;
  }
  event->kind = SAMPLE;
  event->length = skb->len;
  event->captured = length;
  __builtin_memset(event->bytes, 0, sizeof(event->bytes));
  if (length == 0 || bpf_skb_load_bytes(skb, 0, event->bytes, length)) {
    bpf_ringbuf_discard(event, 0);
    return 0;
  }
  bpf_ringbuf_submit(event, wake());
  return skb->len;
}

char LICENSE[] SEC("license") = "GPL";

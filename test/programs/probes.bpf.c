// SPDX-License-Identifier: Apache-2.0
// Tracing as bcc's tools do it: a kprobe and a kretprobe around open, arguments from the registers, a path from user
// memory, the time and the result kept by task; and a uprobe-like program that counts strings.
// build: - clang-19 -mcpu=v3 -D__TARGET_ARCH_x86 -I/usr/include/x86_64-linux-gnu
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct open {
  __u64 start;
  int flags;
  char path[32];
};

struct event {
  __u32 pid;
  int flags;
  int result;
  __u64 nanoseconds;
  char comm[16];
  char path[32];
};

struct text {
  char bytes[32];
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 256);
  __type(key, __u64);
  __type(value, struct open);
} opens SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} events SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 64);
  __type(key, struct text);
  __type(value, __u64);
} strings SEC(".maps");

const volatile _Bool failed_only = 0;

SEC("kprobe/do_sys_openat2")
int BPF_KPROBE(on_open, int directory, const char *path, const int *how)
{
  __u64 id = bpf_get_current_pid_tgid();
  struct open open = {.start = bpf_ktime_get_ns()};

  bpf_probe_read_user(&open.flags, sizeof(open.flags), how);
  if (bpf_probe_read_user_str(open.path, sizeof(open.path), path) < 0)
    __builtin_memcpy(open.path, "?", 2);
  bpf_map_update_elem(&opens, &id, &open, BPF_ANY);
  return 0;
}

SEC("kretprobe/do_sys_openat2")
int BPF_KRETPROBE(on_opened, long result)
{
  __u64 id = bpf_get_current_pid_tgid();
  struct open *open = bpf_map_lookup_elem(&opens, &id);
  struct event *event;

  if (!open)
    return 0;
  if (failed_only && result >= 0)
    goto out;
  event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event)
    goto out;
  event->pid = id >> 32;
  event->flags = open->flags;
  event->result = result;
  event->nanoseconds = bpf_ktime_get_ns() - open->start;
  bpf_get_current_comm(event->comm, sizeof(event->comm));
  __builtin_memcpy(event->path, open->path, sizeof(event->path));
  bpf_ringbuf_submit(event, 0);
out:
  bpf_map_delete_elem(&opens, &id);
  return 0;
}

SEC("uprobe")
int BPF_KPROBE(on_string, const char *string, int length)
{
  struct text text = {};
  __u64 one = 1, *count;

  if (length <= 0 || bpf_probe_read_user(text.bytes, (__u32)length & 31, string))
    return -1;
  count = bpf_map_lookup_elem(&strings, &text);
  if (count)
    __sync_fetch_and_add(count, 1);
  else
    bpf_map_update_elem(&strings, &text, &one, BPF_NOEXIST);
  return length;
}

char LICENSE[] SEC("license") = "GPL";

// SPDX-License-Identifier: Apache-2.0
// A tracing program whose timer sends a record later, when the packet and the stack of the run that armed it are gone.
#include "skep.bpf.h"

static long (*const bpf_skb_output)(void *skb, void *map, __u64 flags, void *data, __u64 size) = (void *)111;
static long (*const bpf_get_stack)(void *ctx, void *buf, __u32 size, __u64 flags) = (void *)67;

struct {
  __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
  __uint(key_size, 4);
  __uint(value_size, 4);
} events SEC(".maps");

struct later {
  struct bpf_timer timer;
  __u64 skb;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct later);
} laters SEC(".maps");

__u64 flags;
__s64 result, stack_bytes;

static int put(struct later *later)
{
  __u64 record = 7, stack = 0;

  stack_bytes = bpf_get_stack(later, &stack, sizeof(stack), 0);
  result = bpf_skb_output((void *)later->skb, &events, flags, &record, sizeof(record));
  return 0;
}

static int put_later(void *map, __u32 *key, struct later *later)
{
  return put(later);
}

SEC("fentry/skep_traces_skb") int put_now_and_later(__u64 *ctx)
{
  __u32 key = 0;
  struct later *later = bpf_map_lookup_elem(&laters, &key);

  if (!later)
    return 0;
  later->skb = ctx[0];
  bpf_timer_init(&later->timer, &laters, 1);
  bpf_timer_set_callback(&later->timer, put_later);
  bpf_timer_start(&later->timer, 1000, 0);
  return put(later);
}

char LICENSE[] SEC("license") = "GPL";

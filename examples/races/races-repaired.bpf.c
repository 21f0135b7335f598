// SPDX-License-Identifier: Apache-2.0
//
// races.bpf.c without its races.

#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define IDLE_NS (30ULL * 1000 * 1000 * 1000)

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} hits SEC(".maps");

/* Set in `packets` by the callback that deletes the flow: no packet is counted in it any more. */
#define GONE (1ULL << 63)

struct flow {
  __u64 packets;
  __u64 packets_before; /* as the timer last saw it; only the callback uses it */
  struct bpf_timer timer;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, struct flow);
} flows SEC(".maps");

/* One atomic addition instead of a load and a store. */
SEC("syscall")
int count(void *ctx)
{
  __u32 key = 0;
  __u64 *hit = bpf_map_lookup_elem(&hits, &key);

  if (!hit)
    return 1;
  __sync_fetch_and_add(hit, 1);
  return 0;
}

/* The flow goes only if no packet has come since the timer was started: one compare-and-exchange decides that. */
static int on_idle(void *map, __u32 *key, struct flow *flow)
{
  __u64 packets = flow->packets;

  if (packets == flow->packets_before && __sync_val_compare_and_swap(&flow->packets, packets, packets | GONE) == packets) {
    bpf_map_delete_elem(map, key);
    return 0;
  }
  flow->packets_before = packets;
  bpf_timer_start(&flow->timer, IDLE_NS, 0);
  return 0;
}

/* A packet never touches the timer of a flow that exists: the callback sees by the counter that it came.
 * Returns 1 for a packet that came too late for its flow: that flow has ended. */
SEC("syscall")
int on_packet(void *ctx)
{
  __u32 key = 7;
  struct flow *flow = bpf_map_lookup_elem(&flows, &key);

  if (!flow) {
    struct flow fresh = { .packets = 1, .packets_before = 1 };

    if (bpf_map_update_elem(&flows, &key, &fresh, BPF_NOEXIST))
      return 1;
    flow = bpf_map_lookup_elem(&flows, &key);
    if (!flow)
      return 1;
    bpf_timer_init(&flow->timer, &flows, CLOCK_MONOTONIC);
    bpf_timer_set_callback(&flow->timer, on_idle);
    return bpf_timer_start(&flow->timer, IDLE_NS, 0) ? 1 : 0;
  }
  return __sync_fetch_and_add(&flow->packets, 1) & GONE ? 1 : 0;
}

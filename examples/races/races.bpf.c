// SPDX-License-Identifier: Apache-2.0
//
// Two races, on purpose: `skep check` finds both. The repaired twin is races-repaired.bpf.c.

#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define IDLE_NS (30ULL * 1000 * 1000 * 1000)

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} hits SEC(".maps");

struct flow {
  __u64 packets;
  struct bpf_timer timer;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, struct flow);
} flows SEC(".maps");

/* Race 1: two CPUs read the same number, and one of the two hits is forgotten. */
SEC("syscall")
int count(void *ctx)
{
  __u32 key = 0;
  __u64 *hit = bpf_map_lookup_elem(&hits, &key);

  if (!hit)
    return 1;
  *hit += 1;
  return 0;
}

static int on_idle(void *map, __u32 *key, struct flow *flow)
{
  bpf_map_delete_elem(map, key);
  return 0;
}

/* Race 2: the timer fires, a packet restarts it, and the callback deletes the flow that has just been refreshed. */
SEC("syscall")
int on_packet(void *ctx)
{
  __u32 key = 7;
  struct flow *flow = bpf_map_lookup_elem(&flows, &key);

  if (!flow) {
    struct flow fresh = {};

    if (bpf_map_update_elem(&flows, &key, &fresh, BPF_NOEXIST))
      return 1;
    flow = bpf_map_lookup_elem(&flows, &key);
    if (!flow)
      return 1;
    bpf_timer_init(&flow->timer, &flows, CLOCK_MONOTONIC);
    bpf_timer_set_callback(&flow->timer, on_idle);
  }
  __sync_fetch_and_add(&flow->packets, 1);
  return bpf_timer_start(&flow->timer, IDLE_NS, 0) ? 1 : 0;
}

// SPDX-License-Identifier: Apache-2.0
//
// Maps that several objects use: one by its handle, one by its pin; values with timers, maps of maps.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct flow {
  __u64 seen;
  __u64 fired;
  struct bpf_timer timer;
};

struct flows {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, struct flow);
};

struct flows flows SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4);
  __uint(pinning, LIBBPF_PIN_BY_NAME);
  __type(key, __u32);
  __type(value, struct flow);
} kept SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, 2);
  __type(key, __u32);
  __array(values, struct flows);
} by_index SEC(".maps") = { .values = { &flows } };

static int on_timer(void *map, __u32 *key, struct flow *flow)
{
  flow->fired++;
  return 0;
}

/* Counts, and arms the timer for a millisecond: the result of bpf_timer_init, or 1 if it was armed. */
static int see(void *map, __u32 key)
{
  struct flow fresh = {};
  struct flow *flow = bpf_map_lookup_elem(map, &key);
  int result;

  if (!flow) {
    bpf_map_update_elem(map, &key, &fresh, BPF_NOEXIST);
    flow = bpf_map_lookup_elem(map, &key);
    if (!flow)
      return -1000;
  }
  flow->seen++;
  result = bpf_timer_init(&flow->timer, map, 1);
  if (result)
    return result;
  bpf_timer_set_callback(&flow->timer, on_timer);
  bpf_timer_start(&flow->timer, 1000 * 1000, 0);
  return 1;
}

struct request {
  __u32 key;
  __u32 index;
};

SEC("syscall")
int see_flow(struct request *request)
{
  return see(&flows, request->key);
}

SEC("syscall")
int see_kept(struct request *request)
{
  return see(&kept, request->key);
}

SEC("syscall")
int see_inner(struct request *request)
{
  __u32 index = request->index;
  void *inner = bpf_map_lookup_elem(&by_index, &index);

  return inner ? see(inner, request->key) : -2000;
}

// SPDX-License-Identifier: Apache-2.0
//
// Timers and work in tracing programs: refused by kernels that hold a lock in them, accepted by later ones and by skep.
// Never run or attached, only loaded.

#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct value {
  __u64 counter;
  struct bpf_timer timer;
  struct bpf_wq work;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, struct value);
} arr SEC(".maps");

static int on_timer(void *map, __u32 *key, struct value *value)
{
  return 0;
}

static int on_work(void *map, int *key, void *value)
{
  return 0;
}

#define LOOKUP \
  __u32 key = 1; \
  struct value *value = bpf_map_lookup_elem(&arr, &key); \
\
  if (!value) \
    return 0

#define TIMER_PROGRAM(name, section) \
  SEC(section) int name(void *ctx) \
  { \
    LOOKUP; \
    bpf_timer_init(&value->timer, &arr, CLOCK_MONOTONIC); \
    bpf_timer_set_callback(&value->timer, on_timer); \
    bpf_timer_start(&value->timer, 1000000, 0); \
    return 0; \
  }

TIMER_PROGRAM(bad_kprobe, "kprobe")
TIMER_PROGRAM(bad_tracepoint, "tracepoint")
TIMER_PROGRAM(bad_perf_event, "perf_event")
TIMER_PROGRAM(bad_raw_tp, "raw_tp/sys_enter")

SEC("kprobe")
int bad_kprobe_start(void *ctx)
{
  LOOKUP;
  bpf_timer_start(&value->timer, 1000000, 0);
  return 0;
}

/* A map that has a timer is enough, even for a program that does not use it. */
SEC("kprobe")
int bad_kprobe_maponly(void *ctx)
{
  LOOKUP;
  value->counter++;
  return 0;
}

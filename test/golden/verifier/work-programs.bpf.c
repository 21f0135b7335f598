// SPDX-License-Identifier: Apache-2.0
//
// The bpf_wq counterpart of timer-programs.bpf.c. Never run, only loaded. (A program that passes another map than the
// one that holds the work is left out: kernels without the check for that must not be given it.)

#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct value {
  __u64 counter;
  struct bpf_wq work;
  __u64 after;
};

struct timer_value {
  __u64 counter;
  struct bpf_timer timer;
  __u64 after;
};

#define ARRAY(name, value_type) \
  struct { \
    __uint(type, BPF_MAP_TYPE_ARRAY); \
    __uint(max_entries, 4); \
    __type(key, __u32); \
    __type(value, value_type); \
  } name SEC(".maps")

ARRAY(warr, struct value);
ARRAY(arr, struct timer_value);

#define LOOKUP(map, value_type) \
  __u32 key = 1; \
  value_type *value = bpf_map_lookup_elem(&map, &key); \
\
  if (!value) \
    return 0

static int on_ok(void *map, int *key, void *value)
{
  return 0;
}

static int on_return_1(void *map, int *key, void *value)
{
  return 1;
}

#define USE \
  LOOKUP(warr, struct value); \
  bpf_wq_init(&value->work, &warr, 0); \
  bpf_wq_set_callback(&value->work, on_ok, 0); \
  return bpf_wq_start(&value->work, 0)

SEC("tc")
int wq_ok(void *ctx)
{
  USE;
}

SEC("socket")
int wq_socket(void *ctx)
{
  USE;
}

SEC("xdp")
int wq_xdp(void *ctx)
{
  USE;
}

SEC("tc")
int wq_bad_cb_ret1(void *ctx)
{
  LOOKUP(warr, struct value);
  bpf_wq_set_callback(&value->work, on_return_1, 0);
  return 0;
}

SEC("tc")
int wq_bad_offset(void *ctx)
{
  LOOKUP(warr, struct value);
  bpf_wq_init((void *)value, &warr, 0);
  return 0;
}

SEC("tc")
int wq_bad_stack(void *ctx)
{
  struct bpf_wq work = {};

  bpf_wq_init(&work, &warr, 0);
  return 0;
}

SEC("tc")
int wq_bad_no_map(void *ctx)
{
  __u64 no_map = 0;

  LOOKUP(warr, struct value);
  bpf_wq_init(&value->work, &no_map, 0);
  return 0;
}

SEC("tc")
int wq_bad_null(void *ctx)
{
  __u32 key = 1;
  struct value *value = bpf_map_lookup_elem(&warr, &key);

  bpf_wq_init(&value->work, &warr, 0);
  return 0;
}

SEC("tc")
int wq_bad_direct_read(void *ctx)
{
  LOOKUP(warr, struct value);
  return *(volatile __u64 *)&value->work;
}

SEC("tc")
int wq_bad_timer_as_wq(void *ctx)
{
  LOOKUP(arr, struct timer_value);
  bpf_wq_set_callback((void *)&value->timer, on_ok, 0);
  return 0;
}

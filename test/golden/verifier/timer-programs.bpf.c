// SPDX-License-Identifier: Apache-2.0
//
// Programs that use a bpf_timer rightly (ok_…) and wrongly (bad_…): the kernel's verifier accepts and refuses them at
// load time, each bad one for one reason. Never run, only loaded.

#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct value {
  __u64 counter;
  struct bpf_timer timer;
  __u64 after;
};

struct locked_value {
  struct bpf_spin_lock lock;
  __u64 counter;
  struct bpf_timer timer;
};

struct plain {
  __u64 words[4];
};

#define ARRAY(name, value_type) \
  struct { \
    __uint(type, BPF_MAP_TYPE_ARRAY); \
    __uint(max_entries, 4); \
    __type(key, __u32); \
    __type(value, value_type); \
  } name SEC(".maps")

ARRAY(arr, struct value);
ARRAY(arr2, struct value);
ARRAY(locked, struct locked_value);
ARRAY(plain, struct plain);

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, struct value);
} hash SEC(".maps");

#define LOOKUP(map, value_type) \
  __u32 key = 1; \
  value_type *value = bpf_map_lookup_elem(&map, &key); \
\
  if (!value) \
    return 0

static int on_ok(void *map, __u32 *key, struct value *value)
{
  value->counter++;
  bpf_timer_start(&value->timer, 1000000, 0);
  return 0;
}

SEC("tc")
int ok_tc(struct __sk_buff *skb)
{
  LOOKUP(arr, struct value);
  bpf_timer_init(&value->timer, &arr, CLOCK_MONOTONIC);
  bpf_timer_set_callback(&value->timer, on_ok);
  bpf_timer_start(&value->timer, 1000000, 0);
  bpf_timer_cancel(&value->timer);
  return 0;
}

SEC("tc")
int bad_maybe_null(struct __sk_buff *skb)
{
  __u32 key = 1;
  struct value *value = bpf_map_lookup_elem(&arr, &key);

  bpf_timer_init(&value->timer, &arr, CLOCK_MONOTONIC);
  return 0;
}

SEC("tc")
int bad_wrong_map(struct __sk_buff *skb)
{
  LOOKUP(arr, struct value);
  bpf_timer_init(&value->timer, &arr2, CLOCK_MONOTONIC);
  return 0;
}

SEC("tc")
int bad_wrong_map_type(struct __sk_buff *skb)
{
  LOOKUP(arr, struct value);
  bpf_timer_init(&value->timer, &hash, CLOCK_MONOTONIC);
  return 0;
}

SEC("tc")
int bad_map_no_timer(struct __sk_buff *skb)
{
  LOOKUP(plain, struct plain);
  bpf_timer_init((void *)&value->words[1], &plain, CLOCK_MONOTONIC);
  return 0;
}

SEC("tc")
int bad_offset(struct __sk_buff *skb)
{
  LOOKUP(arr, struct value);
  bpf_timer_init((void *)value, &arr, CLOCK_MONOTONIC);
  return 0;
}

SEC("tc")
int bad_offset8(struct __sk_buff *skb)
{
  LOOKUP(arr, struct value);
  bpf_timer_init((void *)value + 16, &arr, CLOCK_MONOTONIC);
  return 0;
}

SEC("tc")
int bad_stack(struct __sk_buff *skb)
{
  struct bpf_timer timer = {};

  bpf_timer_init(&timer, &arr, CLOCK_MONOTONIC);
  return 0;
}

SEC("tc")
int bad_direct_read(struct __sk_buff *skb)
{
  LOOKUP(arr, struct value);
  return *(volatile __u64 *)&value->timer;
}

SEC("tc")
int bad_direct_write(struct __sk_buff *skb)
{
  LOOKUP(arr, struct value);
  *(volatile __u64 *)&value->timer = 1;
  return 0;
}

SEC("tc")
int bad_memcpy_value(struct __sk_buff *skb)
{
  struct value copy;

  LOOKUP(arr, struct value);
  __builtin_memcpy(&copy, value, sizeof(copy));
  bpf_map_update_elem(&hash, &key, &copy, 0);
  return 0;
}

static int on_return_1(void *map, __u32 *key, struct value *value)
{
  return 1;
}

SEC("tc")
int bad_cb_ret1(struct __sk_buff *skb)
{
  LOOKUP(arr, struct value);
  bpf_timer_set_callback(&value->timer, on_return_1);
  return 0;
}

static int on_return_unknown(void *map, __u32 *key, struct value *value)
{
  return value->counter;
}

SEC("tc")
int bad_cb_retx(struct __sk_buff *skb)
{
  LOOKUP(arr, struct value);
  bpf_timer_set_callback(&value->timer, on_return_unknown);
  return 0;
}

static int on_key_write(void *map, __u32 *key, struct value *value)
{
  *(volatile __u32 *)key = 2;
  return 0;
}

SEC("tc")
int bad_cb_key_write(struct __sk_buff *skb)
{
  LOOKUP(arr, struct value);
  bpf_timer_set_callback(&value->timer, on_key_write);
  return 0;
}

static int on_out_of_bounds(void *map, __u32 *key, struct value *value)
{
  ((volatile __u64 *)value)[100] = 1;
  return 0;
}

SEC("tc")
int bad_cb_oob(struct __sk_buff *skb)
{
  LOOKUP(arr, struct value);
  bpf_timer_set_callback(&value->timer, on_out_of_bounds);
  return 0;
}

SEC("tc")
int bad_cb_null(struct __sk_buff *skb)
{
  LOOKUP(arr, struct value);
  bpf_timer_set_callback(&value->timer, NULL);
  return 0;
}

__noinline int on_global(void *map, __u32 *key, struct value *value)
{
  return 0;
}

SEC("tc")
int bad_cb_global(struct __sk_buff *skb)
{
  LOOKUP(arr, struct value);
  bpf_timer_set_callback(&value->timer, on_global);
  return 0;
}

SEC("tc")
int bad_cb_ctx(struct __sk_buff *skb)
{
  LOOKUP(arr, struct value);
  bpf_timer_set_callback(&value->timer, skb);
  return 0;
}

SEC("tc")
int bad_locked_start(struct __sk_buff *skb)
{
  LOOKUP(locked, struct locked_value);
  bpf_spin_lock(&value->lock);
  bpf_timer_start(&value->timer, 1000000, 0);
  bpf_spin_unlock(&value->lock);
  return 0;
}

SEC("tc")
int ok_lock_then_start(struct __sk_buff *skb)
{
  LOOKUP(locked, struct locked_value);
  bpf_spin_lock(&value->lock);
  value->counter++;
  bpf_spin_unlock(&value->lock);
  bpf_timer_start(&value->timer, 1000000, 0);
  return 0;
}

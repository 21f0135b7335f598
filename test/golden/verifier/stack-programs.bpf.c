// SPDX-License-Identifier: Apache-2.0
//
// How deep frames may be in tracing programs, and in the callbacks of their timers. Never run or attached, only loaded.

#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct value {
  struct bpf_timer timer;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, struct value);
} arr SEC(".maps");

/* A frame of so many bytes, which the compiler does not know of. */
#define FRAME(bytes) asm volatile("r2 = 1; *(u8 *)(r10 - " #bytes ") = r2" ::: "r2", "memory")

static __noinline int deep(void *ctx)
{
  FRAME(256);
  return ctx ? 2 : 3;
}

static __noinline int deeper(void *ctx)
{
  FRAME(272);
  return deep(ctx) + 1;
}

static int on_deep(void *map, __u32 *key, struct value *value)
{
  FRAME(272);
  return deep(key) & 0;
}

static int on_shallow(void *map, __u32 *key, struct value *value)
{
  FRAME(240);
  return deep(key) & 0;
}

#define START(callback)                                                                                                \
  __u32 key = 1;                                                                                                       \
  struct value *value = bpf_map_lookup_elem(&arr, &key);                                                               \
                                                                                                                       \
  if (value)                                                                                                           \
  bpf_timer_set_callback(&value->timer, callback)

SEC("raw_tp") int ok_raw_tp(void *ctx)
{
  FRAME(512);
  return deeper(ctx);
}

SEC("tp_btf/sched_switch") int ok_tp_btf(void *ctx)
{
  FRAME(512);
  return deeper(ctx);
}

SEC("tp_btf/sched_switch") int bad_callback(void *ctx)
{
  START(on_deep);
  return 0;
}

SEC("tp_btf/sched_switch") int ok_callback(void *ctx)
{
  START(on_shallow);
  return 0;
}

SEC("tp_btf/sched_switch") int ok_callback_beside(void *ctx)
{
  START(on_shallow);
  FRAME(512);
  return 0;
}

/* `deep` has no stack of its own, since the callback calls it; the program has one. */
SEC("tp_btf/sched_switch") int ok_shared(void *ctx)
{
  START(on_shallow);
  FRAME(272);
  return deep(ctx);
}

static __noinline int shared(void *ctx)
{
  FRAME(240);
  return deep(ctx);
}

static int on_shared(void *map, __u32 *key, struct value *value)
{
  return shared(key) & 0;
}

/* 240 and 256 count, and the 32 of the program. */
SEC("tp_btf/sched_switch") int bad_shared(void *ctx)
{
  START(on_shared);
  FRAME(32);
  return shared(ctx);
}

SEC("tp_btf/sched_switch") int ok_shared_private(void *ctx)
{
  START(on_shared);
  FRAME(64);
  return shared(ctx);
}

SEC("tc") int bad_tc_callback(void *ctx)
{
  START(on_deep);
  return 0;
}

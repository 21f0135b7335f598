// SPDX-License-Identifier: Apache-2.0
//
// One bpf_timer or map operation per program run, as told by the command that is the packet; the result is written back
// into it. The same object runs on a Linux kernel and on skep, so equal commands must give equal results.
// There is one program per kind of map that can hold a timer; the callbacks are shared by all of them.

#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";


enum {
  OP_INIT = 1,         /* bpf_timer_init(flags) */
  OP_SET_CALLBACK = 2, /* bpf_timer_set_callback(flags == 2 ? on_b : on_a) */
  OP_START = 3,        /* bpf_timer_start(nsecs, flags) */
  OP_CANCEL = 4,       /* bpf_timer_cancel() */
  OP_GET = 5,          /* the mark of the element */
  OP_UPDATE = 6,       /* bpf_map_update_elem(flags), a fresh element with mark nsecs */
  OP_DELETE = 7,       /* bpf_map_delete_elem() */
  OP_SET_ACTION = 8,   /* what the callback does: action, other, count, nsecs */
};

enum {
  ACT_RESTART = 1, /* start oneself again, count times */
  ACT_CANCEL_SELF = 2,
  ACT_DELETE_SELF_START_CANCEL = 3,
  ACT_CANCEL_OTHER_TWICE = 4,
  ACT_START_OTHER = 5,
  ACT_DELETE_OTHER_START = 6,
  ACT_UPDATE_SELF_START = 7,
  ACT_DELETE_SELF_CANCEL = 8,
};

struct command {
  __u32 op;
  __u32 key;
  __u64 nsecs;
  __u64 flags;
  __u64 from_now; /* clock id + 1: nsecs counts from that clock's now, for absolute starts */
  __u32 action;
  __u32 other;
  __u64 count;
  __s64 result;
};

struct value {
  __u64 mark;
  struct bpf_timer timer;
  __u64 expiry; /* earliest legal moment of the pending firing */
  __u64 nsecs;
  __u64 count;
  __u32 action;
  __u32 other;
  __u32 kind;
  __u32 clock;
};

struct firing {
  __u32 kind;
  __u32 key;
  __u32 callback;
  __u32 cpu;
  __s64 result[3];
  __s64 late; /* nanoseconds after the expiry; negative would be early */
};

#define FIRINGS 64

__u64 fired;
struct firing firings[FIRINGS];

static __always_inline __u64 clock_now(__u32 clock)
{
  return clock == 7 ? bpf_ktime_get_boot_ns() : bpf_ktime_get_ns();
}

/* What a callback was told to do, and the results in order. Inlined twice: on_a and on_b differ in name only. */
static __always_inline void act(void *map, __u32 *key, struct value *value, __u32 callback)
{
  struct firing *firing = &firings[__sync_fetch_and_add(&fired, 1) % FIRINGS];
  struct value *other;
  struct value fresh = {};
  __u32 other_key = value->other;
  __u64 nsecs = value->nsecs;
  __u32 own_key = *key;

  firing->late = clock_now(value->clock) - value->expiry;
  firing->kind = value->kind;
  firing->key = own_key;
  firing->callback = callback;
  firing->cpu = bpf_get_smp_processor_id();

  switch (value->action) {
  case ACT_RESTART:
    if (value->count > 0) {
      value->count--;
      value->expiry = bpf_ktime_get_ns() + nsecs;
      firing->result[0] = bpf_timer_start(&value->timer, nsecs, 0);
    }
    break;
  case ACT_CANCEL_SELF:
    firing->result[0] = bpf_timer_cancel(&value->timer);
    break;
  case ACT_DELETE_SELF_START_CANCEL:
    firing->result[0] = bpf_map_delete_elem(map, &own_key);
    firing->result[1] = bpf_timer_start(&value->timer, nsecs, 0);
    firing->result[2] = bpf_timer_cancel(&value->timer);
    break;
  case ACT_CANCEL_OTHER_TWICE:
    other = bpf_map_lookup_elem(map, &other_key);
    if (!other)
      break;
    firing->result[0] = bpf_timer_cancel(&other->timer);
    firing->result[1] = bpf_timer_cancel(&other->timer);
    break;
  case ACT_START_OTHER:
    other = bpf_map_lookup_elem(map, &other_key);
    if (!other)
      break;
    other->expiry = bpf_ktime_get_ns() + nsecs;
    firing->result[0] = bpf_timer_start(&other->timer, nsecs, 0);
    break;
  case ACT_DELETE_OTHER_START:
    other = bpf_map_lookup_elem(map, &other_key);
    if (!other)
      break;
    firing->result[0] = bpf_map_delete_elem(map, &other_key);
    firing->result[1] = bpf_timer_start(&other->timer, nsecs, 0);
    break;
  case ACT_UPDATE_SELF_START:
    fresh.mark = 100;
    firing->result[0] = bpf_map_update_elem(map, &own_key, &fresh, BPF_ANY);
    firing->result[1] = bpf_timer_start(&value->timer, nsecs, 0);
    break;
  case ACT_DELETE_SELF_CANCEL:
    firing->result[0] = bpf_map_delete_elem(map, &own_key);
    firing->result[1] = bpf_timer_cancel(&value->timer);
    break;
  }
}

static int on_a(void *map, __u32 *key, struct value *value)
{
  act(map, key, value, 1);
  return 0;
}

static int on_b(void *map, __u32 *key, struct value *value)
{
  act(map, key, value, 2);
  return 0;
}

/* Always inlined: the helpers want to see at load time that timer and map belong together. */
static __always_inline long perform(struct command *command, void *map, __u32 kind)
{
  struct value fresh = {};
  struct value *value;
  __u32 key = command->key;
  __u64 nsecs = command->nsecs;

  if (command->op == OP_UPDATE) {
    fresh.mark = nsecs;
    return bpf_map_update_elem(map, &key, &fresh, command->flags);
  }
  if (command->op == OP_DELETE)
    return bpf_map_delete_elem(map, &key);

  value = bpf_map_lookup_elem(map, &key);
  if (!value)
    return -ENOENT;

  switch (command->op) {
  case OP_INIT:
    value->kind = kind;
    value->clock = command->flags & 15;
    return bpf_timer_init(&value->timer, map, command->flags);
  case OP_SET_CALLBACK:
    if (command->flags == 2)
      return bpf_timer_set_callback(&value->timer, on_b);
    return bpf_timer_set_callback(&value->timer, on_a);
  case OP_START:
    value->expiry = clock_now(value->clock) + nsecs;
    if (command->flags & 1) {
      if (command->from_now)
        nsecs += clock_now(command->from_now - 1);
      value->expiry = nsecs;
    }
    return bpf_timer_start(&value->timer, nsecs, command->flags);
  case OP_CANCEL:
    return bpf_timer_cancel(&value->timer);
  case OP_GET:
    return value->mark;
  case OP_SET_ACTION:
    value->action = command->action;
    value->other = command->other;
    value->count = command->count;
    value->nsecs = nsecs;
    return 0;
  }
  return -EINVAL;
}

#define KIND(name, number, map_type, entries, map_creation_flags) \
  struct { \
    __uint(type, map_type); \
    __uint(max_entries, entries); \
    __uint(map_flags, map_creation_flags); \
    __type(key, __u32); \
    __type(value, struct value); \
  } name SEC(".maps"); \
\
  SEC("tc") \
  int op_##name(struct __sk_buff *skb) \
  { \
    struct command *command = (void *)(long)skb->data; \
\
    if ((void *)(command + 1) > (void *)(long)skb->data_end) \
      return -1; \
    command->result = perform(command, &name, number); \
    return 0; \
  }

KIND(arr, 0, BPF_MAP_TYPE_ARRAY, 4, 0)
KIND(hash, 1, BPF_MAP_TYPE_HASH, 8, 0)
KIND(hashnp, 2, BPF_MAP_TYPE_HASH, 8, BPF_F_NO_PREALLOC)
KIND(lru, 3, BPF_MAP_TYPE_LRU_HASH, 4, 0)

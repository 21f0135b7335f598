// SPDX-License-Identifier: Apache-2.0
//
// The bpf_wq counterpart of timer-cases.bpf.c: one operation per program run, as told by the command that is the
// packet. Commands, values and records have the same layout.

#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

enum {
  OP_INIT = 1,         /* bpf_wq_init(flags) */
  OP_SET_CALLBACK = 2, /* bpf_wq_set_callback(other == 2 ? on_b : on_a, nsecs as flags) */
  OP_START = 3,        /* bpf_wq_start(flags) */
  OP_GET = 5,          /* the mark of the element */
  OP_UPDATE = 6,       /* bpf_map_update_elem(flags), a fresh element with mark nsecs */
  OP_DELETE = 7,       /* bpf_map_delete_elem() */
  OP_SET_ACTION = 8,   /* what the callback does: action, count */
  OP_START_THRICE = 9, /* three starts within one run of the program; the sum of their results */
};

enum {
  ACT_RESTART = 1, /* start oneself again, count times */
  ACT_DELETE_SELF_START = 9,
};

struct command {
  __u32 op;
  __u32 key;
  __u64 nsecs;
  __u64 flags;
  __u64 from_now;
  __u32 action;
  __u32 other;
  __u64 count;
  __s64 result;
};

struct value {
  __u64 mark;
  struct bpf_wq work;
  __u64 unused[2];
  __u64 count;
  __u32 action;
  __u32 other;
  __u32 kind;
  __u32 pad;
};

struct firing {
  __u32 kind;
  __u32 key;
  __u32 callback;
  __u32 cpu;
  __s64 result[3];
  __s64 late;
};

#define FIRINGS 64

__u64 fired;
struct firing firings[FIRINGS];

static __always_inline void act(void *map, int *key, struct value *value, __u32 callback)
{
  struct firing *firing = &firings[__sync_fetch_and_add(&fired, 1) % FIRINGS];
  __u32 own_key = *key;

  firing->kind = value->kind;
  firing->key = own_key;
  firing->callback = callback;
  firing->cpu = bpf_get_smp_processor_id();

  switch (value->action) {
  case ACT_RESTART:
    if (value->count > 0) {
      value->count--;
      firing->result[0] = bpf_wq_start(&value->work, 0);
    }
    break;
  case ACT_DELETE_SELF_START:
    /* Once: in an array the element stays, and the start works. */
    value->action = 0;
    firing->result[0] = bpf_map_delete_elem(map, &own_key);
    firing->result[1] = bpf_wq_start(&value->work, 0);
    break;
  }
}

static int on_a(void *map, int *key, void *value)
{
  act(map, key, value, 1);
  return 0;
}

static int on_b(void *map, int *key, void *value)
{
  act(map, key, value, 2);
  return 0;
}

/* Always inlined: the kfuncs want to see at load time that work and map belong together. */
static __always_inline long perform(struct command *command, void *map, __u32 kind)
{
  struct value fresh = {};
  struct value *value;
  __u32 key = command->key;
  long result;

  if (command->op == OP_UPDATE) {
    fresh.mark = command->nsecs;
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
    return bpf_wq_init(&value->work, map, command->flags);
  case OP_SET_CALLBACK:
    if (command->other == 2)
      return bpf_wq_set_callback(&value->work, on_b, command->nsecs);
    return bpf_wq_set_callback(&value->work, on_a, command->nsecs);
  case OP_START:
    return bpf_wq_start(&value->work, command->flags);
  case OP_START_THRICE:
    result = bpf_wq_start(&value->work, 0);
    result += bpf_wq_start(&value->work, 0);
    return result + bpf_wq_start(&value->work, 0);
  case OP_GET:
    return value->mark;
  case OP_SET_ACTION:
    value->action = command->action;
    value->count = command->count;
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

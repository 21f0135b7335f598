// SPDX-License-Identifier: Apache-2.0
//
// Maps of every kind that user space works on by the map commands, and programs that write them meanwhile.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct locked {
  struct bpf_spin_lock lock;
  __u32 turns;
  __u64 first;
  __u64 second;
};

struct timed {
  __u64 fired;
  struct bpf_timer timer;
};

#define MAP(NAME, TYPE, ENTRIES, VALUE, FLAGS) \
  struct {                                     \
    __uint(type, BPF_MAP_TYPE_##TYPE);         \
    __uint(max_entries, ENTRIES);              \
    __uint(map_flags, FLAGS);                  \
    __type(key, __u32);                        \
    __type(value, VALUE);                      \
  } NAME SEC(".maps")

#define NO_PREALLOC 1
#define RDONLY 8
#define WRONLY 16
#define ZERO_SEED 64
#define RDONLY_PROG 128
#define MMAPABLE 1024

MAP(array, ARRAY, 4, __u64, 0);
MAP(hash, HASH, 4, __u64, 0);
MAP(hash_np, HASH, 4, __u64, NO_PREALLOC | ZERO_SEED);
MAP(lru, LRU_HASH, 4, __u64, 0);
MAP(percpu_array, PERCPU_ARRAY, 4, __u64, 0);
MAP(percpu_hash, PERCPU_HASH, 4, __u64, 0);
MAP(percpu_lru, LRU_PERCPU_HASH, 4, __u64, 0);
MAP(locked_array, ARRAY, 2, struct locked, 0);
MAP(locked_hash, HASH, 4, struct locked, 0);
MAP(timed_array, ARRAY, 2, struct timed, 0);
MAP(timed_hash, HASH, 4, struct timed, 0);
MAP(readable, HASH, 4, __u64, RDONLY);
MAP(writable, HASH, 4, __u64, WRONLY);
MAP(mapped, ARRAY, 600, __u64, MMAPABLE);
MAP(mapped_timed, ARRAY, 2, struct timed, MMAPABLE);
MAP(mapped_const, ARRAY, 2, __u64, MMAPABLE | RDONLY_PROG);

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} ring SEC(".maps");

__u64 bumped;
__u32 totals[4] = { 1, 2, 3, 4 };
const volatile __u32 limits[2] = { 7, 8 };

/* Adds 1 to element 1 of the hash map. */
SEC("tc")
int bump(struct __sk_buff *skb)
{
  __u32 key = 1;
  __u64 *value = bpf_map_lookup_elem(&hash, &key);

  if (!value)
    return 0;
  bumped++;
  return ++*value;
}

/* Adds 1 to element 1 of the mapped array and to the last of the totals; reads a constant. */
SEC("tc")
int count(struct __sk_buff *skb)
{
  __u32 key = 1;
  __u64 *value = bpf_map_lookup_elem(&mapped, &key), *fixed = bpf_map_lookup_elem(&mapped_const, &key);

  if (!value || !fixed)
    return -1;
  totals[3] += limits[0];
  return *value += 1 + *fixed;
}

struct request {
  __u64 value;
  __u64 flags;
};

/* Output to the ring: the result of the helper. */
SEC("syscall")
int emit(struct request *request)
{
  __u64 value = request->value;

  return bpf_ringbuf_output(&ring, &value, sizeof(value), request->flags);
}

static int on_timer(void *map, __u32 *key, struct timed *value)
{
  value->fired++;
  return 0;
}

static int arm(void *map, struct timed *value)
{
  if (!value)
    return 1;
  if (bpf_timer_init(&value->timer, map, 1) || bpf_timer_set_callback(&value->timer, on_timer))
    return 2;
  return bpf_timer_start(&value->timer, 200 * 1000 * 1000, 0) ? 3 : 0;
}

/* Arms the timers of element 1. */
SEC("tc")
int arm_hash(struct __sk_buff *skb)
{
  __u32 key = 1;

  return arm(&timed_hash, bpf_map_lookup_elem(&timed_hash, &key));
}

SEC("tc")
int arm_array(struct __sk_buff *skb)
{
  __u32 key = 1;

  return arm(&timed_array, bpf_map_lookup_elem(&timed_array, &key));
}

/* Under the lock both halves are always the same. */
SEC("tc")
int turn(struct __sk_buff *skb)
{
  __u32 key = 1;
  struct locked *value = bpf_map_lookup_elem(&locked_array, &key);

  if (!value)
    return 1;
  bpf_spin_lock(&value->lock);
  value->turns++;
  value->first++;
  value->second++;
  bpf_spin_unlock(&value->lock);
  return 0;
}

/* Updates the locked element under its own lock, by the helper's flag. */
SEC("tc")
int update_locked(struct __sk_buff *skb)
{
  struct locked value = { .turns = 7, .first = 8, .second = 8 };
  __u32 key = 1;

  return bpf_map_update_elem(&locked_array, &key, &value, BPF_F_LOCK);
}

SEC("tc")
int update_plain_locked(struct __sk_buff *skb)
{
  __u64 value = 5;
  __u32 key = 1;

  return bpf_map_update_elem(&array, &key, &value, BPF_F_LOCK);
}

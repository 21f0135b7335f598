// SPDX-License-Identifier: Apache-2.0
//
// Map values that may or may not hold a bpf_timer or bpf_wq, each with a program that uses it: whether the definition
// is acceptable shows when the program is loaded (the kernel creates most of these maps without complaint).

#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

static int on_timer(void *map, void *key, void *value)
{
  return 0;
}

static int on_work(void *map, int *key, void *value)
{
  return 0;
}

#define MAP(name, map_type, flags, value_type) \
  struct { \
    __uint(type, map_type); \
    __uint(max_entries, 4); \
    __uint(map_flags, flags); \
    __type(key, __u32); \
    __type(value, value_type); \
  } name SEC(".maps")

#define TIMER_USER(name, value_type, member) \
  SEC("tc") int t_##name(void *ctx) \
  { \
    __u32 key = 1; \
    value_type *value = bpf_map_lookup_elem(&name, &key); \
\
    if (!value) \
      return 0; \
    bpf_timer_init(&value->member, &name, CLOCK_MONOTONIC); \
    bpf_timer_set_callback(&value->member, on_timer); \
    return bpf_timer_start(&value->member, 1000000, 0); \
  }

#define WORK_USER(name, value_type, member) \
  SEC("tc") int w_##name(void *ctx) \
  { \
    __u32 key = 1; \
    value_type *value = bpf_map_lookup_elem(&name, &key); \
\
    if (!value) \
      return 0; \
    bpf_wq_init(&value->member, &name, 0); \
    bpf_wq_set_callback(&value->member, on_work, 0); \
    return bpf_wq_start(&value->member, 0); \
  }

struct one_timer {
  __u64 before;
  struct bpf_timer timer;
};

struct one_work {
  __u64 before;
  struct bpf_wq work;
};

struct nested {
  __u64 before;
  struct {
    __u64 inner;
    struct one_timer deep;
  } outer;
};

struct two_timers {
  struct bpf_timer first;
  struct bpf_timer second;
};

struct two_works {
  struct bpf_wq first;
  struct bpf_wq second;
};

struct timer_array {
  __u64 before;
  struct bpf_timer timers[2];
};

struct timer_array_of_one {
  __u64 before;
  struct bpf_timer timers[1];
};

struct timer_in_union {
  __u64 before;
  union {
    struct bpf_timer timer;
    __u64 words[2];
  } u;
};

struct everything {
  struct bpf_spin_lock lock;
  struct bpf_timer timer;
  struct bpf_wq work;
};

struct misaligned {
  __u32 before;
  struct bpf_timer timer;
} __attribute__((packed));

struct aligned_bits {
  __u32 bits : 3;
  struct bpf_timer timer;
};

struct bits_before {
  __u32 bits : 3, more : 4;
  struct bpf_timer timer;
};

struct bits_after {
  struct bpf_timer timer;
  struct {
    __u32 bits : 3, more : 4;
  } inner[2];
};

MAP(m_arr, BPF_MAP_TYPE_ARRAY, 0, struct one_timer);
MAP(m_hash, BPF_MAP_TYPE_HASH, 0, struct one_timer);
MAP(m_hash_np, BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC, struct one_timer);
MAP(m_lru, BPF_MAP_TYPE_LRU_HASH, 0, struct one_timer);
MAP(m_pcpu_arr, BPF_MAP_TYPE_PERCPU_ARRAY, 0, struct one_timer);
MAP(m_nested, BPF_MAP_TYPE_ARRAY, 0, struct nested);
MAP(m_two_timers, BPF_MAP_TYPE_ARRAY, 0, struct two_timers);
MAP(m_timer_array2, BPF_MAP_TYPE_ARRAY, 0, struct timer_array);
MAP(m_timer_array1, BPF_MAP_TYPE_ARRAY, 0, struct timer_array_of_one);
MAP(m_union, BPF_MAP_TYPE_ARRAY, 0, struct timer_in_union);
MAP(m_packed_misal, BPF_MAP_TYPE_ARRAY, 0, struct misaligned);
MAP(m_aligned_bits, BPF_MAP_TYPE_ARRAY, 0, struct aligned_bits);
MAP(m_bits_before, BPF_MAP_TYPE_ARRAY, 0, struct bits_before);
MAP(m_bits_after, BPF_MAP_TYPE_ARRAY, 0, struct bits_after);
MAP(m_timer_wq_lock, BPF_MAP_TYPE_ARRAY, 0, struct everything);
MAP(m_wq, BPF_MAP_TYPE_ARRAY, 0, struct one_work);
MAP(m_two_wqs, BPF_MAP_TYPE_ARRAY, 0, struct two_works);
MAP(m_wq_pcpu, BPF_MAP_TYPE_PERCPU_ARRAY, 0, struct one_work);

/* Key and value given by size only: no BTF types for the map. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __uint(key_size, sizeof(__u32));
  __uint(value_size, sizeof(struct one_timer));
} m_no_btf SEC(".maps");

TIMER_USER(m_arr, struct one_timer, timer)
TIMER_USER(m_hash, struct one_timer, timer)
TIMER_USER(m_hash_np, struct one_timer, timer)
TIMER_USER(m_lru, struct one_timer, timer)
TIMER_USER(m_pcpu_arr, struct one_timer, timer)
TIMER_USER(m_nested, struct nested, outer.deep.timer)
TIMER_USER(m_two_timers, struct two_timers, first)
TIMER_USER(m_timer_array2, struct timer_array, timers[0])
TIMER_USER(m_timer_array1, struct timer_array_of_one, timers[0])
TIMER_USER(m_union, struct timer_in_union, u.timer)
TIMER_USER(m_packed_misal, struct misaligned, timer)
TIMER_USER(m_aligned_bits, struct aligned_bits, timer)
TIMER_USER(m_bits_before, struct bits_before, timer)
TIMER_USER(m_bits_after, struct bits_after, timer)
TIMER_USER(m_timer_wq_lock, struct everything, timer)
TIMER_USER(m_no_btf, struct one_timer, timer)
WORK_USER(m_wq, struct one_work, work)
WORK_USER(m_two_wqs, struct two_works, first)
WORK_USER(m_wq_pcpu, struct one_work, work)
WORK_USER(m_timer_wq_lock, struct everything, work)

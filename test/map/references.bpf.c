// SPDX-License-Identifier: Apache-2.0
//
// Tail calls and maps of maps, with static initialisers.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

static long (*const tail_call)(void *, void *, __u32) = (void *)12;

struct request {
  __u32 index;
  __u32 hops;
  __s64 result;
};

int target_one(struct request *request);
int target_two(struct request *request);

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 4);
  __uint(key_size, 4);
  __array(values, int(void *));
} targets SEC(".maps") = {
  .values = {
    [1] = (void *)&target_one,
    [2] = (void *)&target_two,
  },
};

SEC("syscall")
int target_one(struct request *request)
{
  return 100 + request->index;
}

/* Calls itself for as long as it may. */
SEC("syscall")
int target_two(struct request *request)
{
  request->hops++;
  tail_call(request, &targets, 2);
  return 7;
}

SEC("syscall")
int jump(struct request *request)
{
  tail_call(request, &targets, request->index);
  request->result = -1;
  return 1;
}

static __noinline int through_function(struct request *request)
{
  tail_call(request, &targets, request->index);
  return request->hops + 5;
}

/* The function's tail call returns here. */
SEC("syscall")
int jump_in_function(struct request *request)
{
  int value = through_function(request);

  request->result = value;
  return value + 1000;
}

struct element {
  __u64 fired;
  struct bpf_timer timer;
};

struct inner {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, struct element);
};

struct inner first SEC(".maps"), second SEC(".maps"), third SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, 3);
  __type(key, __u32);
  __array(values, struct inner);
} by_index SEC(".maps") = {
  .values = { [0] = &first, [2] = &second },
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
  __uint(max_entries, 4);
  __type(key, __u64);
  __array(values, struct inner);
} by_key SEC(".maps");

static int fired(void *map, __u32 *key, struct element *element)
{
  element->fired++;
  return 0;
}

static __always_inline int arm(void *inner, struct request *request)
{
  __u32 key = 1;
  struct element *element;

  if (!inner) {
    request->result = -ENOENT;
    return 0;
  }
  element = bpf_map_lookup_elem(inner, &key);
  if (!element)
    return 1;
  request->result = bpf_timer_init(&element->timer, inner, CLOCK_MONOTONIC);
  if (request->result)
    return 2;
  bpf_timer_set_callback(&element->timer, fired);
  request->result = bpf_timer_start(&element->timer, 1000, 0);
  return 3;
}

SEC("syscall")
int arm_by_index(struct request *request)
{
  __u32 key = request->index;

  return arm(bpf_map_lookup_elem(&by_index, &key), request);
}

SEC("syscall")
int arm_by_key(struct request *request)
{
  __u64 key = request->index;

  return arm(bpf_map_lookup_elem(&by_key, &key), request);
}

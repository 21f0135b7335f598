// SPDX-License-Identifier: Apache-2.0
//
// One program over maps without keys: queue, stack, bloom filter.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define BPF_MAP_TYPE_QUEUE 22
#define BPF_MAP_TYPE_STACK 23
#define BPF_MAP_TYPE_BLOOM_FILTER 30

static long (*const map_push_elem)(void *, const void *, __u64) = (void *)87;
static long (*const map_pop_elem)(void *, void *) = (void *)88;
static long (*const map_peek_elem)(void *, void *) = (void *)89;

struct {
  __uint(type, BPF_MAP_TYPE_QUEUE);
  __uint(max_entries, 5);
  __type(value, __u32);
} queue SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_STACK);
  __uint(max_entries, 5);
  __type(value, __u32);
} stack SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
  __uint(max_entries, 100);
  __uint(map_extra, 3);
  __type(value, __u32);
} filter SEC(".maps");

/* The packet. */
struct request {
  /* 0 queue, 1 stack, 2 bloom filter. */
  __u32 map;
  /* 0 push, 1 pop, 2 peek. */
  __u32 operation;
  __u64 flags;
  __u32 value;
  __s32 result;
};

/* Not a syscall program: those may sleep, and the kernel lets them use few kinds of map. */
SEC("xdp")
int keyless(struct xdp_md *ctx)
{
  struct request *request = (void *)(long)ctx->data;

  if ((void *)(request + 1) > (void *)(long)ctx->data_end)
    return XDP_ABORTED;
  __u32 value = request->value;
  __u64 flags = request->flags;
  long result = -1;

  if (request->map == 0 && request->operation == 0)
    result = map_push_elem(&queue, &value, flags);
  else if (request->map == 0 && request->operation == 1)
    result = map_pop_elem(&queue, &value);
  else if (request->map == 0)
    result = map_peek_elem(&queue, &value);
  else if (request->map == 1 && request->operation == 0)
    result = map_push_elem(&stack, &value, flags);
  else if (request->map == 1 && request->operation == 1)
    result = map_pop_elem(&stack, &value);
  else if (request->map == 1)
    result = map_peek_elem(&stack, &value);
  else if (request->operation == 0)
    result = map_push_elem(&filter, &value, flags);
  else
    result = map_peek_elem(&filter, &value);
  request->value = value;
  request->result = result;
  return XDP_PASS;
}

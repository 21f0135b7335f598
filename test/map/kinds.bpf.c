// SPDX-License-Identifier: Apache-2.0
//
// Programs over the kinds of map that have no timers: per-CPU hash and ring buffer.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

static void *(*const ringbuf_reserve)(void *, __u64, __u64) = (void *)131;
static void (*const ringbuf_submit)(void *, __u64) = (void *)132;
static void (*const ringbuf_discard)(void *, __u64) = (void *)133;
static long (*const ringbuf_output)(void *, void *, __u64, __u64) = (void *)130;
static __u64 (*const ringbuf_query)(void *, __u64) = (void *)134;

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(max_entries, 16);
  __type(key, __u32);
  __type(value, __u64);
} counts SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64);
} recent SEC(".maps");

/* Not a power of two: libbpf rounds it up. */
struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 5000);
} events SEC(".maps");

/* For more elements than the links of a hash map can name. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, __u32);
} places SEC(".maps");

struct event {
  __u32 cpu;
  __u32 number;
  __u64 text;
};

/* The compiler drops types that nothing uses. */
struct event unused_event;

struct request {
  __u32 number;
  __u32 discard;
  __s64 result;
};

SEC("syscall")
int count(struct request *request)
{
  __u32 key = request->number;
  __u64 one = 1;
  __u64 *seen = bpf_map_lookup_elem(&counts, &key);

  if (seen)
    *seen += 1;
  else
    request->result = bpf_map_update_elem(&counts, &key, &one, BPF_NOEXIST);
  bpf_map_update_elem(&recent, &key, &one, BPF_ANY);
  return 0;
}

SEC("syscall")
int reserve(struct request *request)
{
  struct event *event = ringbuf_reserve(&events, sizeof(*event), 0);

  if (!event) {
    request->result = -ENOMEM;
    return 0;
  }
  event->cpu = bpf_get_smp_processor_id();
  event->number = request->number;
  event->text = 0x6465746e756f63;
  if (request->discard)
    ringbuf_discard(event, 0);
  else
    ringbuf_submit(event, 0);
  return 0;
}

SEC("syscall")
int output(struct request *request)
{
  struct event event = { .cpu = bpf_get_smp_processor_id(), .number = request->number };

  request->result = ringbuf_output(&events, &event, sizeof(event), 0);
  return ringbuf_query(&events, 1);
}

/* A verifier would refuse it: the record stays open when the program ends. */
SEC("syscall")
int leak(struct request *request)
{
  struct event *event = ringbuf_reserve(&events, sizeof(*event), 0);

  if (event)
    event->number = request->number;
  return 0;
}

/* So would it refuse this: a fault while a record is open. */
SEC("syscall")
int leak_and_fault(struct request *request)
{
  struct event *event = ringbuf_reserve(&events, sizeof(*event), 0);

  if (event)
    event->number = *(volatile __u32 *)16;
  return 0;
}

SEC("syscall")
int place(struct request *request)
{
  __u32 *place = bpf_map_lookup_elem(&places, &request->number);

  request->result = place ? ++*place : -ENOENT;
  return 0;
}

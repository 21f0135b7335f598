// SPDX-License-Identifier: Apache-2.0
// Records of a ring buffer and a perf event array: named by the map's definition, kept in BTF by a variable, or shorter
// than they should be.
#include "skep.bpf.h"

static long (*const bpf_perf_event_output)(void *ctx, void *map, __u64 flags, void *data, __u64 size) = (void *)25;

char LICENSE[] SEC("license") = "GPL";

struct opened {
  __u64 time;
  __be32 address;
  __u16 port;
  _Bool first;
  char name[9];
};

struct closed {
  __u64 time;
};

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
  __type(value, struct opened);
} events SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} mixed SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
  __type(key, int);
  __type(value, struct opened);
} samples SEC(".maps");

struct closed *unused __attribute__((unused));

/* How many bytes of a record are put. */
SEC("syscall") int put(__u64 *bytes)
{
  struct opened event = {.time = 1ULL << 40, .address = 0x0100000a, .port = 443, .first = 1, .name = "resolver"};
  __u64 size = *bytes;

  if (size > sizeof(event))
    return -1;
  bpf_ringbuf_output(&events, &event, size, 0);
  return bpf_ringbuf_output(&mixed, &event, size, 0);
}

SEC("raw_tp") int sample(__u64 *args)
{
  struct opened event = {.time = 2, .name = "sampled"};

  return bpf_perf_event_output(args, &samples, 0xffffffff, &event, args[0] ? 8 : sizeof(event));
}

// SPDX-License-Identifier: Apache-2.0
// biolatency in bcc's manner: a start time for each request, and a histogram of powers of two for each disk, on each
// CPU for itself. The times are arguments of the tracepoints, so that a test gives them.
// build: - clang-19 -mcpu=v3 -I/usr/include/x86_64-linux-gnu
// build: v1 clang-19 -mcpu=v1 -I/usr/include/x86_64-linux-gnu
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define SLOTS 32
#define DISKS 4

struct histogram {
  __u64 slots[SLOTS];
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, __u64);
  __type(value, __u64);
} starts SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, DISKS);
  __type(key, __u32);
  __type(value, struct histogram);
} histograms SEC(".maps");

__u64 unmatched, longest = 0;
__s64 shortest = 0x7fffffffffffffff;

static __always_inline __u64 log2(__u32 v)
{
  __u32 shift, r;

  r = (v > 0xffff) << 4;
  v >>= r;
  shift = (v > 0xff) << 3;
  v >>= shift;
  r |= shift;
  shift = (v > 0xf) << 2;
  v >>= shift;
  r |= shift;
  shift = (v > 0x3) << 1;
  v >>= shift;
  r |= shift;
  r |= v >> 1;
  return r;
}

static __always_inline __u64 log2l(__u64 v)
{
  __u32 high = v >> 32;

  return high ? log2(high) + 32 : log2(v);
}

SEC("raw_tp/block_rq_issue")
int BPF_PROG(on_issue, __u64 request, __u64 now)
{
  return bpf_map_update_elem(&starts, &request, &now, BPF_ANY);
}

SEC("raw_tp/block_rq_complete")
int BPF_PROG(on_complete, __u64 request, __u64 now, __u32 disk)
{
  __u64 *start = bpf_map_lookup_elem(&starts, &request);
  struct histogram *histogram;
  __u64 slot;
  __s64 delta;

  if (!start) {
    __sync_fetch_and_add(&unmatched, 1);
    return 0;
  }
  delta = now - *start;
  bpf_map_delete_elem(&starts, &request);
  if (delta < 0)
    return 0;
  delta /= 1000;
  if (delta < shortest)
    shortest = delta;
  if (delta > longest)
    longest = delta;
  histogram = bpf_map_lookup_elem(&histograms, &disk);
  if (!histogram)
    return 0;
  slot = log2l(delta);
  if (slot >= SLOTS)
    slot = SLOTS - 1;
  histogram->slots[slot]++;
  return slot;
}

char LICENSE[] SEC("license") = "GPL";

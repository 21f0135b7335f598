// SPDX-License-Identifier: Apache-2.0
//
// Plain computation as BPF programs: `count` calls, the sum of the results as the answer.

#include "request.h"
#include "compute.h"

char LICENSE[] SEC("license") = "GPL";

static long furnish_one(u32 n, u64 *unused)
{
  furnish(n);
  return 0;
}

SEC("tc") int prepare(struct __sk_buff *skb)
{
  u64 unused = 0;

  bpf_loop(sizeof(room.data), furnish_one, &unused, 0);
  return 0;
}

#define COMPUTED(name) \
  static long name##_one(u32 n, u64 *sum) \
  { \
    *sum += name(n); \
    return 0; \
  } \
\
  SEC("tc") int run_##name(struct __sk_buff *skb) \
  { \
    REQUEST; \
    u64 sum = 0, begin = bpf_ktime_get_ns(); \
\
    bpf_loop(request->count, name##_one, &sum, 0); \
    request->nanoseconds = bpf_ktime_get_ns() - begin; \
    request->operations = sum; \
    return 0; \
  }

COMPUTED(checksum)
COMPUTED(crc)
COMPUTED(hash)
COMPUTED(sieve)
COMPUTED(parser)
COMPUTED(division)
COMPUTED(collatz)
COMPUTED(popcount)

// SPDX-License-Identifier: Apache-2.0
//
// One long run of a program that has just been loaded: a single loop with no call in it. For skep only: an engine that
// compiles better code while the program runs may not be able to let a running loop have it. (A kernel compiles before
// the first run, and its verifier would follow every turn of the loop.)

#include "request.h"

char LICENSE[] SEC("license") = "GPL";

SEC("tc") int long_run(struct __sk_buff *skb)
{
  REQUEST;
  u32 count = request->count;
  u64 value = 1, begin = bpf_ktime_get_ns();

  for (u32 i = 0; i < count; i++) {
    value ^= value << 13;
    value ^= value >> 7;
    value ^= value << 17;
  }
  request->nanoseconds = bpf_ktime_get_ns() - begin;
  request->operations = value;
  return 0;
}

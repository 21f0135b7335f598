// SPDX-License-Identifier: Apache-2.0
//
// What calls cost, and the clock.

#include "request.h"

char LICENSE[] SEC("license") = "GPL";

#define CHAIN 32 /* tail calls of one run; the kernel allows 33 */

TIMED(loop, barrier(); return 1)

TIMED(ktime, return bpf_ktime_get_ns() != 0)

static __noinline long callee(__u64 number)
{
  __asm__ volatile("%0 += 1" : "+r"(number));
  return number != 0;
}

TIMED(call, return callee(n))

static long empty_turn(__u32 n, __u64 *unused)
{
  return 0;
}

SEC("tc") int turns(struct __sk_buff *skb)
{
  REQUEST;
  __u64 unused = 0, begin = bpf_ktime_get_ns();

  request->operations = bpf_loop(request->count, empty_turn, &unused, 0);
  request->nanoseconds = bpf_ktime_get_ns() - begin;
  return 0;
}

int link_of_chain(struct __sk_buff *skb);

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 1);
  __uint(key_size, sizeof(__u32));
  __array(values, int(void *));
} chain SEC(".maps") = {
    .values = {(void *)&link_of_chain},
};

/* Calls itself until cb[0] is used up. */
SEC("tc") int link_of_chain(struct __sk_buff *skb)
{
  __u32 left = skb->cb[0];

  if (left == 0)
    return 0;
  skb->cb[0] = left - 1;
  bpf_tail_call(skb, &chain, 0);
  return 1;
}

SEC("tc") int chain_of_none(struct __sk_buff *skb)
{
  skb->cb[0] = 0;
  bpf_tail_call(skb, &chain, 0);
  return 1;
}

SEC("tc") int chain_of_many(struct __sk_buff *skb)
{
  skb->cb[0] = CHAIN;
  bpf_tail_call(skb, &chain, 0);
  return 1;
}

/* The least program there is: what a run itself costs. */
SEC("xdp") int nothing(struct xdp_md *ctx)
{
  return XDP_PASS;
}

// SPDX-License-Identifier: Apache-2.0
//
// Tail calls from subprograms: what they replace is the subprogram, its callers stay with their frames.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

static long (*const tail_call)(void *, void *, __u32) = (void *)12;

int tree_left(struct __sk_buff *skb);
int tree_right(struct __sk_buff *skb);
int chain(struct __sk_buff *skb);
int each(struct __sk_buff *skb);

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 4);
  __uint(key_size, 4);
  __array(values, int(void *));
} targets SEC(".maps") = {
  .values = {
    [0] = (void *)&tree_left,
    [1] = (void *)&tree_right,
    [2] = (void *)&chain,
    [3] = (void *)&each,
  },
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 3);
  __type(key, __u32);
  __type(value, __u64);
} numbers SEC(".maps");

__u32 lefts;
__u32 rights;
__u32 turns;
__u64 sum;

/* The compiler must not know that a function which comes back answers 0: most answer what the program did. */
static __noinline int go(struct __sk_buff *skb, __u32 index)
{
  int none = 0;

  tail_call(skb, &targets, index);
  asm volatile("" : "+r"(none));
  return none;
}

static __noinline int go_left(struct __sk_buff *skb)
{
  int none = 0;

  tail_call(skb, &targets, 0);
  asm volatile("" : "+r"(none));
  return none;
}

/* A tree: all calls of a run together make 33 tail calls, the first branches take most of them. */
SEC("tc") int tree_left(struct __sk_buff *skb)
{
  lefts++;
  go_left(skb);
  go(skb, 1);
  return (rights << 16) | lefts;
}

SEC("tc") int tree_right(struct __sk_buff *skb)
{
  rights++;
  go(skb, 1);
  return 1;
}

/* Three frames for each tail call, all of which live to the end: each keeps what it was called with. */
static __noinline int third(struct __sk_buff *skb, __u64 number)
{
  volatile __u64 kept[4] = {number, number * 3, number * 5, number * 7};

  number = go(skb, 2);
  sum = sum * 31 + kept[0] + kept[1] + kept[2] + kept[3];
  return number + 1;
}

static __noinline int second(struct __sk_buff *skb, __u64 number)
{
  volatile __u64 kept = number * 11;

  number = third(skb, number + 1);
  sum = sum * 31 + kept;
  return number + 1;
}

SEC("tc") int chain(struct __sk_buff *skb)
{
  volatile __u64 kept = ++turns;
  int result = second(skb, kept * 1000);

  sum = sum * 31 + kept;
  return result + 1;
}

/* In each frame a callback goes through an array. */
static long element(void *map, __u32 *key, __u64 *value, struct __sk_buff *skb)
{
  *value += *key + 1;
  sum = sum * 31 + *key;
  return 0;
}

static long (*const for_each)(void *map, void *callback, void *ctx, __u64 flags) = (void *)164;

SEC("tc") int each(struct __sk_buff *skb)
{
  volatile __u64 kept = ++turns;
  int result = go(skb, 3) + for_each(&numbers, element, 0, 0);

  sum = sum * 31 + kept;
  return result;
}

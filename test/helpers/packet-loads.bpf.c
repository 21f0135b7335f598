// SPDX-License-Identifier: Apache-2.0
// Legacy packet loads (BPF_LD with BPF_ABS or BPF_IND): what they load, from where, and what they end.
#include "helpers.bpf.h"

#define SKF_NET_OFF -0x100000
#define SKF_LL_OFF -0x200000
#define SKF_AD_OFF -0x1000

/* Not as compilers do it, which may leave a load out or move it. */
#define LOAD(size, skb, where, to, ...)                                                                                \
  asm volatile("r6 = %[skb_]; r0 = *(" size " *)skb[" where "]; %[to_] = r0"                                           \
               : [to_] "=r"(to)                                                                                        \
               : [skb_] "r"(skb), ##__VA_ARGS__                                                                        \
               : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "memory")
#define AT(size, skb, offset) ({ __u64 to_; LOAD(size, skb, "%[at_]", to_, [at_] "i"(offset)); to_; })
#define BY(size, skb, offset) ({ __u64 to_, by_ = (offset); LOAD(size, skb, "%[at_]", to_, [at_] "r"(by_)); to_; })
#define BYTE "u8"
#define HALF "u16"
#define WORD "u32"

/* Into out[0], which is -1 where the load ended the program; every second one by a register. */
#define ONE(section, name, size, how, offset)                                                                          \
  SEC(section) int name(struct __sk_buff *skb)                                                                         \
  {                                                                                                                    \
    out[0] = -1;                                                                                                       \
    out[0] = how(size, skb, offset);                                                                                   \
    return 7;                                                                                                          \
  }
#define EACH(name, size, how, offset)                                                                                  \
  ONE("socket", socket_##name, size, how, offset)                                                                      \
  ONE("tc", tc_##name, size, how, offset)

EACH(first_byte, BYTE, AT, 0)
EACH(first_half, HALF, AT, 0)
EACH(first_word, WORD, AT, 0)
EACH(odd_half, HALF, BY, 11)
EACH(odd_word, WORD, BY, 13)
EACH(last_byte, BYTE, BY, skb->len - 1)
EACH(last_half, HALF, BY, skb->len - 2)
EACH(last_word, WORD, BY, skb->len - 4)
EACH(byte_behind, BYTE, BY, skb->len)
EACH(half_behind, HALF, BY, skb->len - 1)
EACH(word_behind, WORD, BY, skb->len - 3)
EACH(far_behind, BYTE, AT, 0x7fffffff)
EACH(word_far_behind, WORD, AT, 0x7ffffffe)
EACH(upper_half_counts_not, BYTE, BY, 0x100000002)
EACH(minus_one, BYTE, AT, -1)
EACH(least, BYTE, AT, -0x80000000)
EACH(network, BYTE, AT, SKF_NET_OFF)
EACH(network_word, WORD, BY, SKF_NET_OFF + 12)
EACH(network_behind, WORD, BY, SKF_NET_OFF + (skb->len & 0xfff))
EACH(last_of_network, BYTE, AT, SKF_NET_OFF + 0xfffff)
EACH(link, HALF, AT, SKF_LL_OFF + 12)
EACH(link_word, WORD, BY, SKF_LL_OFF)
EACH(over_the_header, WORD, BY, SKF_LL_OFF + 12)
EACH(link_behind, BYTE, BY, SKF_LL_OFF + 0x1000)
EACH(below_link, BYTE, AT, SKF_LL_OFF - 1)
EACH(ancillary, WORD, AT, SKF_AD_OFF)
EACH(ancillary_protocol, HALF, AT, SKF_AD_OFF + 4)

SEC("action") int in_action(struct __sk_buff *skb)
{
  out[0] = AT(HALF, skb, 12);
  out[1] = AT(BYTE, skb, 0x4000);
  return 7;
}

/* As compilers do it. */
__u64 load_byte(void *skb, __u64 offset) asm("llvm.bpf.load.byte");
__u64 load_half(void *skb, __u64 offset) asm("llvm.bpf.load.half");
__u64 load_word(void *skb, __u64 offset) asm("llvm.bpf.load.word");

SEC("socket") int built_in(struct __sk_buff *skb)
{
  __u64 header = (load_byte(skb, 0) & 15) * 4;

  out[0] = load_word(skb, 12);
  out[1] = load_half(skb, header);
  return load_half(skb, header + 2);
}

/* Of what is kept and what is not; both engines keep what the kernel's verifier lets nobody read. */
SEC("tc") int keeps(struct __sk_buff *skb)
{
  __u64 sum = skb->len, times;

  for (times = 0; times < 9; times++)
    sum = sum * 31 + BY(BYTE, skb, times * 5);
  out[0] = sum;
  out[1] = times;
  return 0;
}

static __noinline int inner(struct __sk_buff *skb, __u32 at)
{
  out[at] = 100 + BY(BYTE, skb, at * 40);
  return 1 + at;
}

static __noinline int outer(struct __sk_buff *skb, __u32 at)
{
  int result = inner(skb, at);

  out[at + 1] = result;
  return result + 10;
}

/* A function that a load ends answers 0 to its caller, which goes on. */
SEC("tc") int in_functions(struct __sk_buff *skb)
{
  out[10] = inner(skb, 0);
  out[11] = inner(skb, 20);
  out[12] = outer(skb, 1);
  out[13] = outer(skb, 21);
  return 7;
}

__noinline int global(struct __sk_buff *skb, __u32 at)
{
  __u64 loaded = BY(WORD, skb, at);

  out[1] += loaded;
  return 3;
}

SEC("tc") int in_global_function(struct __sk_buff *skb)
{
  out[2] = global(skb, 4);
  out[3] = global(skb, 4000);
  return 7;
}

struct turns {
  struct __sk_buff *skb;
  __u64 sum;
};

static __noinline int byte_of_turn(struct __sk_buff *skb, __u32 turn)
{
  return BY(BYTE, skb, turn * 9);
}

static long each(__u32 turn, struct turns *turns)
{
  turns->sum = turns->sum * 2 + byte_of_turn(turns->skb, turn);
  return 0;
}

/* A callback has to leave it to a function. */
SEC("tc") int in_callback(struct __sk_buff *skb)
{
  struct turns turns = {skb, 1};

  out[0] = bpf_loop(20, each, &turns, 0);
  out[1] = turns.sum;
  return 7;
}

SEC("tc") int in_loop(struct __sk_buff *skb)
{
  for (__u32 at = 0; at < 100; at++) {
    out[0] = at;
    out[1] += BY(BYTE, skb, at);
  }
  return 7;
}

/* Where the headers are after something has moved them. */
SEC("tc") int behind_tag(struct __sk_buff *skb)
{
  bpf_skb_vlan_push(skb, bpf_htons(0x8100), 5);
  bpf_skb_vlan_push(skb, bpf_htons(0x8100), 6);
  out[0] = AT(WORD, skb, 12);
  out[1] = AT(WORD, skb, SKF_NET_OFF);
  out[2] = AT(WORD, skb, SKF_LL_OFF + 12);
  bpf_skb_vlan_pop(skb);
  out[3] = AT(WORD, skb, SKF_NET_OFF);
  return 7;
}

SEC("tc") int behind_room(struct __sk_buff *skb)
{
  out[0] = bpf_skb_adjust_room(skb, 20, 1, 0);
  out[1] = AT(WORD, skb, SKF_NET_OFF);
  out[2] = AT(WORD, skb, SKF_NET_OFF + 20);
  out[3] = AT(WORD, skb, SKF_LL_OFF + 10);
  out[4] = bpf_skb_change_head(skb, 14, 0);
  out[5] = AT(WORD, skb, SKF_NET_OFF);
  out[6] = AT(WORD, skb, SKF_LL_OFF + 12);
  return 7;
}

SEC("tc") int behind_cut(struct __sk_buff *skb)
{
  out[0] = bpf_skb_change_tail(skb, 40, 0);
  out[1] = AT(BYTE, skb, 39);
  out[2] = AT(BYTE, skb, 40);
  return 7;
}

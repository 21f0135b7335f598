// SPDX-License-Identifier: Apache-2.0
//
// The index of an array is known: what was looked up is there for certain, and a sample that is kept only then is given
// back. Never run, only loaded.

#include "sample.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64);
} array SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} counts SEC(".maps");

#define INDEXED(NAME, MAP, INDEX)                                                                                      \
  SEC("tc") int NAME(struct __sk_buff *ctx)                                                                            \
  {                                                                                                                    \
    __u64 *s = sample(), *number;                                                                                      \
    INDEX;                                                                                                             \
                                                                                                                       \
    if (!s)                                                                                                            \
      return 0;                                                                                                        \
    number = bpf_map_lookup_elem(&MAP, (void *)&index);                                                                \
    if (!number)                                                                                                       \
      return 1;                                                                                                        \
    *s = *number;                                                                                                      \
    bpf_ringbuf_submit(s, 0);                                                                                          \
    return 0;                                                                                                          \
  }

INDEXED(ok_index_zero, array, __u32 index = 0)
INDEXED(ok_index_zero_of_percpu, counts, __u32 index = 0)
INDEXED(ok_index_aligned, array, __u32 index __attribute__((aligned(8))) = 3)
INDEXED(ok_index_in_halves, array, volatile __u16 index[2] = {})
INDEXED(ok_index_of_two_ways, array, __u32 one; if (ctx->mark == 7) asm volatile("%0 = 1" : "=r"(one));
        else asm volatile("%0 = 2" : "=r"(one)); __u32 index __attribute__((aligned(8))) = one)
INDEXED(ok_index_of_bits, array, __u64 bits = ctx->mark; asm volatile("%0 &= 16; %0 >>= 4; %0 &= 14" : "+r"(bits));
        __u32 index __attribute__((aligned(8))) = bits)

SEC("tc") int ok_moved_unchecked(struct __sk_buff *ctx)
{
  __u32 index = 0;
  char *number = bpf_map_lookup_elem(&array, &index);

  keep(number);
  number += 4;
  keep(number);
  return *number;
}

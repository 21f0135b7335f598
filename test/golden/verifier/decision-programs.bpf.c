// SPDX-License-Identifier: Apache-2.0
//
// Programs that give back what they acquire on all ways that the verifier goes, though more ways can be drawn: it knows
// that these are never taken. Never run, only loaded.

#include "sample.bpf.h"
#include "socket.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64);
} numbers SEC(".maps");

SEC("tc") int ok_flag_of_failure(struct __sk_buff *ctx)
{
  __u64 *s = sample();
  int failed = 0;

  if (!s)
    failed = -1;
  keep(failed);
  if (failed)
    return 0;
  *s = 3;
  bpf_ringbuf_submit(s, 0);
  return 1;
}

SEC("tc") int ok_sum_decides(struct __sk_buff *ctx)
{
  __u64 x = ctx->mark, y, *s = 0;

  asm volatile("%0 = %1\n%0 += 5" : "=&r"(y) : "r"(x));
  if (x > 7) {
    s = sample();
    if (!s)
      return 0;
  }
  keep(y);
  if (y > 12)
    bpf_ringbuf_submit(s, 0);
  return 0;
}

SEC("tc") int ok_summand_decides(struct __sk_buff *ctx)
{
  __u64 x = ctx->mark, y, *s = 0;

  asm volatile("%0 = %1\n%0 += 5" : "=&r"(y) : "r"(x));
  if (y > 12) {
    s = sample();
    if (!s)
      return 0;
  }
  keep(x);
  if (x > 7)
    bpf_ringbuf_submit(s, 0);
  return 0;
}

SEC("tc") int ok_bits_of_shift(struct __sk_buff *ctx)
{
  __u64 x = ctx->mark, *s = sample();

  if (!s)
    return 0;
  asm volatile("%0 <<= 2" : "+r"(x));
  if (x == 6)
    return 0;
  bpf_ringbuf_submit(s, 0);
  return 0;
}

SEC("tc") int ok_bits_of_product(struct __sk_buff *ctx)
{
  __u64 x = ctx->mark, *s = sample();

  if (!s)
    return 0;
  asm volatile("%0 *= 4" : "+r"(x));
  if (x == 6)
    return 0;
  bpf_ringbuf_submit(s, 0);
  return 0;
}

SEC("tc") int ok_bits_of_or(struct __sk_buff *ctx)
{
  __u64 x = bpf_ktime_get_ns(), *s = sample();

  if (!s)
    return 0;
  asm volatile("%0 |= 1" : "+r"(x));
  if (x == 0)
    return 0;
  bpf_ringbuf_submit(s, 0);
  return 0;
}

SEC("tc") int ok_bits_of_range(struct __sk_buff *ctx)
{
  __u64 x = ctx->mark, *s = sample();

  if (!s)
    return 0;
  keep(x);
  if (x > 7)
    goto end;
  keep(x);
  if (x & 8)
    return 0;
end:
  bpf_ringbuf_submit(s, 0);
  return 0;
}

SEC("tc") int ok_two_ranges(struct __sk_buff *ctx)
{
  __u64 m = ctx->mark, n = ctx->len, *s = sample();

  if (!s)
    return 0;
  if (m > 100 || n < 200)
    goto end;
  keep(m);
  keep(n);
  if (n < m)
    return 1;
end:
  bpf_ringbuf_submit(s, 0);
  return 0;
}

SEC("tc") int ok_cpu_below_count(struct __sk_buff *ctx)
{
  __u64 *s = sample();
  __u32 cpu = bpf_get_smp_processor_id();

  if (!s)
    return 0;
  if (cpu >= 0x10000)
    return 1;
  bpf_ringbuf_submit(s, 0);
  return 0;
}

SEC("tc") int ok_beyond_end_twice(struct __sk_buff *ctx)
{
  void *p = (void *)(long)ctx->data + 14, *end = (void *)(long)ctx->data_end;
  __u64 *s;

  keep(p);
  if (p <= end)
    return 0;
  s = sample();
  if (!s)
    return 0;
  keep(p);
  if (p <= end)
    return 1;
  bpf_ringbuf_submit(s, 0);
  return 2;
}

SEC("tc") int ok_released_as_flag(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = lookup(ctx);
  __u64 *s = 0;

  if (!sk)
    return 0;
  bpf_sk_release(sk);
  keep(sk);
  if (sk) {
    s = sample();
    if (!s)
      return 0;
  }
  keep(sk);
  if (sk)
    bpf_ringbuf_submit(s, 0);
  return 0;
}

__noinline int leaks(struct __sk_buff *ctx)
{
  return sample() ? 1 : 0;
}

SEC("tc") int ok_global_never_called(struct __sk_buff *ctx)
{
  __u64 x = ctx->mark;

  asm volatile("%0 &= 12" : "+r"(x));
  return x & 2 ? leaks(ctx) : 0;
}

SEC("tc") int ok_moved_by_flag(struct __sk_buff *ctx)
{
  char *e = bpf_ringbuf_reserve(&ring, 64, 0);
  __u32 is_there = 0, n = ctx->len & 31;

  if (ctx->mark == 7) {
    if (!e)
      return 0;
    is_there = 1;
  }
  keep(is_there);
  if (is_there)
    e[n] = 1;
  if (e)
    bpf_ringbuf_submit(e, 0);
  return 0;
}

SEC("tc") int ok_one_of_two_is_there(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = (void *)(long)ctx->sk;
  __u32 key = 3;
  __u64 *number = bpf_map_lookup_elem(&numbers, &key);

  keep(sk);
  keep(number);
  if (ctx->mark == 7) {
    if (!number)
      return 0;
  } else {
    if (!sk)
      return 0;
  }
  keep(sk);
  keep(number);
  return number ? (int)*number : (int)sk->family;
}

SEC("tc") int ok_last_turn(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = *(struct bpf_sock * volatile *)&ctx->sk, *other = *(struct bpf_sock * volatile *)&ctx->sk;
  __u32 sum = 0;

  if (!sk)
    return 0;
#pragma clang loop unroll(disable)
  for (__u32 i = 0; i < 4; i++) {
    sum += *(volatile __u32 *)&sk->family;
    keep(i);
    if (i == 3)
      sk = other;
    keep(sk);
  }
  return sum;
}

static __noinline struct bpf_sock *same(struct bpf_sock *sk)
{
  keep(sk);
  return sk;
}

SEC("tc") int ok_same_object(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = (void *)(long)ctx->sk, *other;

  keep(sk);
  other = same(sk);
  if (!other)
    return 0;
  keep(sk);
  return sk->family;
}

static __noinline int is_large(__u64 mark)
{
  return mark > 7;
}

SEC("tc") int ok_decided_in_function(struct __sk_buff *ctx)
{
  __u64 mark = ctx->mark, *s = 0;

  keep(mark);
  if (is_large(mark)) {
    s = sample();
    if (!s)
      return 0;
  }
  keep(mark);
  if (mark > 7)
    bpf_ringbuf_submit(s, 0);
  return 0;
}

SEC("tc") int ok_bits_of_lowest_bits(struct __sk_buff *ctx)
{
  __u64 bits = ctx->mark & 7, *s = 0;

  keep(bits);
  if (bits > 3) {
    s = sample();
    if (!s)
      return 0;
  }
  keep(bits);
  if (bits & 4)
    bpf_ringbuf_submit(s, 0);
  return 0;
}

/* Comparisons that hold always or never, whatever the number is. */

#define DECIDED(NAME, JUMP)                                                                                            \
  SEC("tc") int NAME(struct __sk_buff *ctx)                                                                            \
  {                                                                                                                    \
    __u64 x = ctx->mark, *s = sample();                                                                                \
                                                                                                                       \
    if (!s)                                                                                                            \
      return 0;                                                                                                        \
    asm volatile(JUMP "; r0 = 1; exit; 1:" : : [u32] "r"(x), [s] "r"(s) : "r0", "r2");                                 \
    bpf_ringbuf_submit(s, 0);                                                                                          \
    return 0;                                                                                                          \
  }

DECIDED(ok_below_all_ones, "if %[u32] < -1 goto 1f")
DECIDED(ok_below_negative, "if %[u32] <= -4096 goto 1f")
DECIDED(ok_no_bits, "r2 = 0; if %[u32] & r2 goto 2f; goto 1f; 2:")
DECIDED(ok_bits_above, "r2 = 1 ll; r2 <<= 32; if %[u32] & r2 goto 2f; goto 1f; 2:")
DECIDED(ok_at_most_all_ones, "r2 = *(u64 *)(%[s] + 0); if r2 <= -1 goto 1f")
DECIDED(ok_half_at_most_all, "r2 = *(u64 *)(%[s] + 0); if w2 s<= 0x7fffffff goto 1f")
DECIDED(ok_swapped_zero, "r2 = 0; r2 = be32 r2; if r2 == 0 goto 1f")
DECIDED(ok_bits_apart, "r2 = *(u64 *)(%[s] + 0); r2 &= 8; r2 &= 7; if r2 == 0 goto 1f")

/* An atomic answers what was in the frame. */

#define ATOMIC(NAME, CODE)                                                                                             \
  SEC("tc") int NAME(struct __sk_buff *ctx)                                                                            \
  {                                                                                                                    \
    __u64 zero = 0, *s = sample();                                                                                     \
                                                                                                                       \
    if (!s)                                                                                                            \
      return 0;                                                                                                        \
    asm volatile("r2 = 0; *(u64 *)(%[zero] + 0) = r2; r0 = 1; r2 = 1;" CODE "; r0 = 1; exit; 1:"                       \
                 :                                                                                                     \
                 : [zero] "r"(&zero), [s] "r"(s)                                                                       \
                 : "r0", "r2", "memory");                                                                              \
    bpf_ringbuf_submit(s, 0);                                                                                          \
    return 0;                                                                                                          \
  }

ATOMIC(ok_fetched_zero, "r2 = atomic_fetch_add((u64 *)(%[zero] + 0), r2); if r2 == 0 goto 1f")
ATOMIC(ok_exchanged_zero, "r2 = xchg_64(%[zero] + 0, r2); if r2 == 0 goto 1f")
ATOMIC(ok_compared_zero, "r0 = cmpxchg_64(%[zero] + 0, r0, r2); if r0 == 0 goto 1f")

/* What would be beyond the value is never come to. */

SEC("tc") int ok_range_decides_access(struct __sk_buff *ctx)
{
  __u64 m = ctx->mark, n = ctx->len;
  __u32 key = 3;
  __u64 *number = bpf_map_lookup_elem(&numbers, &key);

  if (!number || m > 10 || n < 20)
    return 0;
  keep(m);
  keep(n);
  if (m <= n)
    return 0;
  keep(number);
  return number[2];
}

SEC("tc") int ok_bits_decide_access(struct __sk_buff *ctx)
{
  __u64 m = ctx->mark;
  __u32 key = 3;
  __u64 *number = bpf_map_lookup_elem(&numbers, &key);

  if (!number)
    return 0;
  asm volatile("%0 |= 1" : "+r"(m));
  if (m)
    return 0;
  keep(number);
  return number[2];
}

// SPDX-License-Identifier: Apache-2.0

// What a program acquires, sockets on their ways and samples of a ring, and gives back on each way. Only loaded.

#include "sample.bpf.h"
#include "socket.bpf.h"

char LICENSE[] SEC("license") = "GPL";

static long (*const bpf_ringbuf_reserve_dynptr)(void *ring, __u32 size, __u64 flags, void *dynptr) = (void *)198;
static void (*const bpf_ringbuf_submit_dynptr)(void *dynptr, __u64 flags) = (void *)199;

struct locked {
  struct bpf_spin_lock lock;
  __u32 count;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct locked);
} values SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 1);
  __uint(key_size, 4);
  __uint(value_size, 4);
} jumps SEC(".maps");

SEC("tc") int bad_sock_moved(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = lookup(ctx);
  int value;

  if (!sk)
    return 0;
  asm volatile("%0 += 4" : "+r"(sk));
  value = sk->bound_dev_if;
  bpf_sk_release(sk);
  return value;
}

SEC("tc") int ok_sock_kept(struct __sk_buff *ctx)
{
  struct bpf_sock *volatile sk = lookup(ctx);
  __u32 zero = 0;

  bpf_map_lookup_elem(&values, &zero);
  if (ctx->mark == 7 && sk)
    zero = sk->family;
  if (sk)
    bpf_sk_release(sk);
  return zero;
}

SEC("tc") int bad_release_unreferenced(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = (void *)(long)ctx->sk;

  if (sk)
    bpf_sk_release(sk);
  return 0;
}

SEC("tc") int bad_sk_read_maybe_null(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = (void *)(long)ctx->sk;

  return sk->family;
}

SEC("tc") int bad_release_ctx(struct __sk_buff *ctx)
{
  bpf_sk_release(ctx);
  return 0;
}

SEC("tc") int bad_release_number(struct __sk_buff *ctx)
{
  bpf_sk_release((void *)0);
  return 0;
}

SEC("tc") int bad_sock_tail_call(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = lookup(ctx);

  if (!sk)
    return 0;
  bpf_tail_call(ctx, &jumps, 0);
  bpf_sk_release(sk);
  return 1;
}

static __noinline void give_back(struct bpf_sock *sk)
{
  bpf_sk_release(sk);
}

SEC("tc") int ok_sock_function(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = lookup(ctx);

  if (sk)
    give_back(sk);
  return 0;
}

static __noinline struct bpf_sock *find(struct __sk_buff *ctx)
{
  return lookup(ctx);
}

SEC("tc") int ok_sock_found(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = find(ctx);

  if (sk)
    bpf_sk_release(sk);
  return 0;
}

SEC("tc") int bad_sock_found(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = find(ctx);

  return sk ? 1 : 2;
}

static int leak(__u32 index, struct __sk_buff **ctx)
{
  lookup(*ctx);
  return 0;
}

SEC("tc") int bad_sock_loop(struct __sk_buff *ctx)
{
  bpf_loop(2, leak, &ctx, 0);
  return 0;
}

static int free_it(__u32 index, struct bpf_sock **sk)
{
  bpf_sk_release(*sk);
  return 0;
}

SEC("tc") int bad_sock_loop_release(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = lookup(ctx);

  if (!sk)
    return 0;
  bpf_loop(2, free_it, &sk, 0);
  return 0;
}

/* Samples of a ring. */

SEC("tc") int ok_sample(struct __sk_buff *ctx)
{
  __u32 *sample = bpf_ringbuf_reserve(&ring, 8, 0);

  if (!sample)
    return 0;
  sample[0] = ctx->mark;
  if (ctx->mark)
    bpf_ringbuf_submit(sample, 0);
  else
    bpf_ringbuf_discard(sample, 0);
  return 1;
}

SEC("tc") int bad_sample_leak(struct __sk_buff *ctx)
{
  __u32 *sample = bpf_ringbuf_reserve(&ring, 8, 0);

  if (sample)
    *sample = 1;
  return 0;
}

SEC("tc") int bad_sample_maybe_null(struct __sk_buff *ctx)
{
  __u32 *sample = bpf_ringbuf_reserve(&ring, 8, 0);

  bpf_ringbuf_submit(sample, 0);
  return 0;
}

SEC("tc") int bad_sample_write_maybe_null(struct __sk_buff *ctx)
{
  __u32 *sample = bpf_ringbuf_reserve(&ring, 8, 0);

  *sample = 1;
  if (sample)
    bpf_ringbuf_submit(sample, 0);
  return 0;
}

SEC("tc") int bad_sample_twice(struct __sk_buff *ctx)
{
  __u32 *sample = bpf_ringbuf_reserve(&ring, 8, 0);

  if (!sample)
    return 0;
  bpf_ringbuf_submit(sample, 0);
  bpf_ringbuf_discard(sample, 0);
  return 0;
}

SEC("tc") int bad_sample_after(struct __sk_buff *ctx)
{
  __u32 *sample = bpf_ringbuf_reserve(&ring, 8, 0);

  if (!sample)
    return 0;
  bpf_ringbuf_submit(sample, 0);
  return *(volatile __u32 *)sample;
}

SEC("tc") int bad_sample_middle(struct __sk_buff *ctx)
{
  __u32 *sample = bpf_ringbuf_reserve(&ring, 8, 0);

  if (!sample)
    return 0;
  bpf_ringbuf_submit(sample + 1, 0);
  return 0;
}

SEC("tc") int bad_sample_beyond(struct __sk_buff *ctx)
{
  __u32 *sample = bpf_ringbuf_reserve(&ring, 8, 0);

  if (!sample)
    return 0;
  *(volatile __u32 *)(sample + 2) = 1;
  bpf_ringbuf_submit(sample, 0);
  return 0;
}

SEC("tc") int bad_sample_of_map(struct __sk_buff *ctx)
{
  __u32 zero = 0;
  struct locked *value = bpf_map_lookup_elem(&values, &zero);

  if (value)
    bpf_ringbuf_submit(value, 0);
  return 0;
}

SEC("tc") int bad_sample_mixed(struct __sk_buff *ctx)
{
  __u32 *sample = bpf_ringbuf_reserve(&ring, 8, 0);

  if (!sample)
    return 0;
  bpf_sk_release(sample);
  return 0;
}

SEC("tc") int bad_dynptr_leak(struct __sk_buff *ctx)
{
  __u64 dynptr[2];

  bpf_ringbuf_reserve_dynptr(&ring, 8, 0, dynptr);
  return 0;
}

SEC("tc") int ok_dynptr(struct __sk_buff *ctx)
{
  __u64 dynptr[2];

  if (bpf_ringbuf_reserve_dynptr(&ring, 8, 0, dynptr) < 0)
    bpf_ringbuf_submit_dynptr(dynptr, 1);
  else
    bpf_ringbuf_submit_dynptr(dynptr, 0);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0

// What a program may do with a socket that it has looked up, and with what it casts it to. Never run, only loaded.

#include "socket.bpf.h"

char LICENSE[] SEC("license") = "GPL";

static struct bpf_sock *(*const bpf_skc_lookup_tcp)(void *ctx, void *tuple, __u32 size, __u64 netns,
                                                    __u64 flags) = (void *)99;
static struct bpf_sock *(*const bpf_sk_fullsock)(void *sk) = (void *)95;
static struct bpf_sock *(*const bpf_tcp_sock)(void *sk) = (void *)96;
static struct bpf_sock *(*const bpf_get_listener_sock)(void *sk) = (void *)98;

static __always_inline struct bpf_sock *lookup_short(void *ctx)
{
  __u32 tuple[3] = {};

  return bpf_skc_lookup_tcp(ctx, tuple, sizeof(tuple), -1, 0);
}

SEC("tc") int ok_sock(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = lookup(ctx);
  int family;

  if (!sk)
    return 0;
  family = sk->family;
  bpf_sk_release(sk);
  return family;
}

SEC("tc") int ok_sock_twice(struct __sk_buff *ctx)
{
  struct bpf_sock *one = lookup(ctx), *other = lookup(ctx);

  if (one)
    bpf_sk_release(one);
  if (other)
    bpf_sk_release(other);
  return 0;
}

SEC("tc") int bad_sock_leak(struct __sk_buff *ctx)
{
  return lookup(ctx) ? 1 : 2;
}

SEC("tc") int bad_sock_leak_unchecked(struct __sk_buff *ctx)
{
  lookup(ctx);
  return 0;
}

SEC("tc") int bad_sock_leak_one_way(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = lookup(ctx);

  if (!sk)
    return 0;
  if (ctx->mark == 7)
    return 1;
  bpf_sk_release(sk);
  return 2;
}

SEC("tc") int bad_sock_leak_lowest_bits(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = lookup(ctx);

  if (!sk)
    return 0;
  if ((ctx->mark & 7) > 4)
    return 1;
  bpf_sk_release(sk);
  return 2;
}

SEC("tc") int ok_sock_flag(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = 0;
  __u32 mark = ctx->mark;

  if (mark > 7)
    sk = lookup(ctx);
  if (ctx->len > 100)
    bpf_ktime_get_ns();
  if (sk)
    bpf_sk_release(sk);
  return 0;
}

SEC("tc") int bad_sock_maybe_null(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = lookup(ctx);

  bpf_sk_release(sk);
  return 0;
}

SEC("tc") int bad_sock_read_maybe_null(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = lookup(ctx);
  int family = sk->family;

  if (sk)
    bpf_sk_release(sk);
  return family;
}

SEC("tc") int bad_sock_twice(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = lookup(ctx);

  if (!sk)
    return 0;
  bpf_sk_release(sk);
  bpf_sk_release(sk);
  return 0;
}

SEC("tc") int bad_sock_after(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = lookup(ctx);

  if (!sk)
    return 0;
  bpf_sk_release(sk);
  return *(volatile __u32 *)&sk->family;
}

SEC("tc") int bad_sock_write(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = lookup(ctx);

  if (!sk)
    return 0;
  *(volatile __u32 *)&sk->family = 1;
  bpf_sk_release(sk);
  return 0;
}

SEC("tc") int bad_sock_beyond(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = lookup(ctx);
  int value;

  if (!sk)
    return 0;
  value = *(volatile __u32 *)((void *)sk + 80);
  bpf_sk_release(sk);
  return value;
}

SEC("tc") int bad_sock_narrow(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = lookup(ctx);
  int value;

  if (!sk)
    return 0;
  value = *(volatile __u16 *)((void *)sk + 16);
  bpf_sk_release(sk);
  return value;
}

SEC("tc") int bad_sock_padding(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = lookup(ctx);
  int value;

  if (!sk)
    return 0;
  value = *(volatile __u16 *)((void *)sk + 50);
  bpf_sk_release(sk);
  return value;
}

SEC("tc") int bad_common_type(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = lookup_short(ctx);
  int value;

  if (!sk)
    return 0;
  value = *(volatile __u32 *)((void *)sk + 8);
  bpf_sk_release(sk);
  return value;
}

SEC("tc") int ok_common(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = lookup_short(ctx), *full;
  int value = 0;

  if (!sk)
    return 0;
  full = bpf_sk_fullsock(sk);
  if (full)
    value = full->words[0];
  bpf_sk_release(sk);
  return value + 1;
}

SEC("tc") int ok_full_released(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = lookup_short(ctx), *full;

  if (!sk)
    return 0;
  full = bpf_sk_fullsock(sk);
  if (!full) {
    bpf_sk_release(sk);
    return 0;
  }
  bpf_sk_release(full);
  return 1;
}

SEC("tc") int bad_full_after(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = lookup_short(ctx), *full;

  if (!sk)
    return 0;
  full = bpf_sk_fullsock(sk);
  bpf_sk_release(sk);
  if (!full)
    return 0;
  return *(volatile __u32 *)&full->family;
}

SEC("tc") int bad_tcp_narrow(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = lookup(ctx), *tcp;
  int value = 0;

  if (!sk)
    return 0;
  tcp = bpf_tcp_sock(sk);
  if (tcp)
    value = *(volatile __u32 *)((void *)tcp + 80);
  bpf_sk_release(sk);
  return value;
}

SEC("tc") int bad_listener_release(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = lookup(ctx), *listener;

  if (!sk)
    return 0;
  listener = bpf_get_listener_sock(sk);
  bpf_sk_release(sk);
  if (listener)
    bpf_sk_release(listener);
  return 0;
}

SEC("tc") int bad_release_listener(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = lookup(ctx), *listener;

  if (!sk)
    return 0;
  listener = bpf_get_listener_sock(sk);
  if (listener)
    bpf_sk_release(listener);
  bpf_sk_release(sk);
  return 0;
}

SEC("tc") int bad_full_maybe_null(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = lookup(ctx), *full = bpf_sk_fullsock(sk);

  if (sk)
    bpf_sk_release(sk);
  return full ? 1 : 0;
}

/* A compiler would go on with the one that it has compared with; so that it does not know. */
SEC("tc") int ok_equal_to_one_that_is(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = (void *)(long)ctx->sk, *maybe, *full;

  if (!sk)
    return 0;
  maybe = bpf_sk_fullsock(sk);
  full = bpf_sk_fullsock(sk);
  if (!full)
    return 0;
  asm goto("if %0 != %1 goto %l2" : : "r"(full), "r"(maybe) : : other);
  return *(volatile __u32 *)&maybe->family;
other:
  return 0;
}

SEC("tc") int bad_unequal_to_one_that_is(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = (void *)(long)ctx->sk, *maybe, *full;

  if (!sk)
    return 0;
  maybe = bpf_sk_fullsock(sk);
  full = bpf_sk_fullsock(sk);
  if (!full)
    return 0;
  asm goto("if %0 == %1 goto %l2" : : "r"(full), "r"(maybe) : : other);
  return *(volatile __u32 *)&maybe->family;
other:
  return 0;
}

SEC("tc") int bad_equal_to_one_that_may_be(struct __sk_buff *ctx)
{
  struct bpf_sock *sk = (void *)(long)ctx->sk, *maybe, *full;

  if (!sk)
    return 0;
  maybe = bpf_sk_fullsock(sk);
  full = bpf_sk_fullsock(sk);
  asm goto("if %0 != %1 goto %l2" : : "r"(full), "r"(maybe) : : other);
  return *(volatile __u32 *)&maybe->family;
other:
  return 0;
}

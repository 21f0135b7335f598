// SPDX-License-Identifier: Apache-2.0
//
// What a program acquires and what it has to give back on each of its ways. Never run, only loaded.

#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct bpf_sock {
  __u32 bound_dev_if;
  __u32 family;
  __u32 words[16];
  __u32 state;
  __s32 rx_queue_mapping;
};

struct bpf_iter_num {
  __u64 opaque;
} __attribute__((aligned(8)));

static struct bpf_sock *(*const bpf_sk_lookup_tcp)(void *ctx, void *tuple, __u32 size, __u64 netns,
                                                   __u64 flags) = (void *)84;
static struct bpf_sock *(*const bpf_skc_lookup_tcp)(void *ctx, void *tuple, __u32 size, __u64 netns,
                                                    __u64 flags) = (void *)99;
static long (*const bpf_sk_release)(void *sk) = (void *)86;
static struct bpf_sock *(*const bpf_sk_fullsock)(void *sk) = (void *)95;
static struct bpf_sock *(*const bpf_tcp_sock)(void *sk) = (void *)96;
static struct bpf_sock *(*const bpf_get_listener_sock)(void *sk) = (void *)98;
static long (*const bpf_copy_from_user)(void *to, __u32 size, const void *from) = (void *)148;
static long (*const bpf_ringbuf_reserve_dynptr)(void *ring, __u32 size, __u64 flags, void *dynptr) = (void *)198;
static void (*const bpf_ringbuf_submit_dynptr)(void *dynptr, __u64 flags) = (void *)199;

extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;
extern void bpf_local_irq_save(unsigned long *flags) __ksym;
extern void bpf_local_irq_restore(unsigned long *flags) __ksym;

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
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} ring SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 1);
  __uint(key_size, 4);
  __uint(value_size, 4);
} jumps SEC(".maps");

static __always_inline struct bpf_sock *lookup(void *ctx)
{
  __u32 tuple[3] = {};

  return bpf_sk_lookup_tcp(ctx, tuple, sizeof(tuple), -1, 0);
}

static __always_inline struct bpf_sock *lookup_short(void *ctx)
{
  __u32 tuple[3] = {};

  return bpf_skc_lookup_tcp(ctx, tuple, sizeof(tuple), -1, 0);
}

/* Sockets. */

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

/* Iterators. */

SEC("tc") int ok_iterator(struct __sk_buff *ctx)
{
  struct bpf_iter_num it;
  int *number, sum = 0;

  bpf_iter_num_new(&it, 0, 10);
  while ((number = bpf_iter_num_next(&it)))
    sum += *number;
  bpf_iter_num_destroy(&it);
  return sum;
}

SEC("tc") int bad_iterator_leak(struct __sk_buff *ctx)
{
  struct bpf_iter_num it;

  bpf_iter_num_new(&it, 0, 10);
  return 0;
}

SEC("tc") int bad_iterator_leak_inside(struct __sk_buff *ctx)
{
  struct bpf_iter_num it;
  int *number;

  bpf_iter_num_new(&it, 0, 10);
  while ((number = bpf_iter_num_next(&it)))
    if (*number == 3)
      return 1;
  bpf_iter_num_destroy(&it);
  return 0;
}

SEC("tc") int bad_iterator_read(struct __sk_buff *ctx)
{
  struct bpf_iter_num it;
  int number;

  bpf_iter_num_new(&it, 0, 10);
  number = *bpf_iter_num_next(&it);
  bpf_iter_num_destroy(&it);
  return number;
}

SEC("tc") int bad_iterator_next(struct __sk_buff *ctx)
{
  struct bpf_iter_num it;

  return bpf_iter_num_next(&it) != 0;
}

SEC("tc") int bad_iterator_destroy(struct __sk_buff *ctx)
{
  struct bpf_iter_num it;

  bpf_iter_num_destroy(&it);
  return 0;
}

SEC("tc") int bad_iterator_destroy_twice(struct __sk_buff *ctx)
{
  struct bpf_iter_num it;

  bpf_iter_num_new(&it, 0, 10);
  bpf_iter_num_destroy(&it);
  bpf_iter_num_destroy(&it);
  return 0;
}

SEC("tc") int bad_iterator_new_twice(struct __sk_buff *ctx)
{
  struct bpf_iter_num it;

  bpf_iter_num_new(&it, 0, 10);
  bpf_iter_num_new(&it, 0, 10);
  bpf_iter_num_destroy(&it);
  return 0;
}

/* Sections. */

SEC("tc") int ok_sections(struct __sk_buff *ctx)
{
  unsigned long flags;

  bpf_rcu_read_lock();
  bpf_preempt_disable();
  bpf_preempt_disable();
  bpf_local_irq_save(&flags);
  bpf_local_irq_restore(&flags);
  bpf_preempt_enable();
  bpf_preempt_enable();
  bpf_rcu_read_unlock();
  return 0;
}

SEC("tc") int bad_rcu_leak(struct __sk_buff *ctx)
{
  bpf_rcu_read_lock();
  return 0;
}

SEC("tc") int bad_rcu_one_way(struct __sk_buff *ctx)
{
  bpf_rcu_read_lock();
  if (ctx->mark == 7)
    return 1;
  bpf_rcu_read_unlock();
  return 0;
}

SEC("tc") int bad_rcu_unlock(struct __sk_buff *ctx)
{
  bpf_rcu_read_unlock();
  return 0;
}

SEC("tc") int bad_rcu_nested(struct __sk_buff *ctx)
{
  bpf_rcu_read_lock();
  bpf_rcu_read_lock();
  bpf_rcu_read_unlock();
  bpf_rcu_read_unlock();
  return 0;
}

SEC("tc") int bad_rcu_tail_call(struct __sk_buff *ctx)
{
  bpf_rcu_read_lock();
  bpf_tail_call(ctx, &jumps, 0);
  bpf_rcu_read_unlock();
  return 0;
}

SEC("tc") int bad_preempt_leak(struct __sk_buff *ctx)
{
  bpf_preempt_disable();
  bpf_preempt_disable();
  bpf_preempt_enable();
  return 0;
}

SEC("tc") int bad_preempt_enable(struct __sk_buff *ctx)
{
  bpf_preempt_enable();
  return 0;
}

static __noinline int enable(void)
{
  bpf_preempt_enable();
  return 0;
}

SEC("tc") int ok_preempt_function(struct __sk_buff *ctx)
{
  bpf_preempt_disable();
  return enable();
}

SEC("tc") int bad_preempt_function(struct __sk_buff *ctx)
{
  bpf_preempt_disable();
  enable();
  return enable();
}

SEC("tc") int bad_preempt_tail_call(struct __sk_buff *ctx)
{
  bpf_preempt_disable();
  bpf_tail_call(ctx, &jumps, 0);
  bpf_preempt_enable();
  return 0;
}

SEC("tc") int bad_irq_leak(struct __sk_buff *ctx)
{
  unsigned long flags;

  bpf_local_irq_save(&flags);
  return 0;
}

SEC("tc") int bad_irq_restore(struct __sk_buff *ctx)
{
  unsigned long flags = 0;

  bpf_local_irq_restore(&flags);
  return 0;
}

SEC("tc") int bad_irq_twice(struct __sk_buff *ctx)
{
  unsigned long flags;

  bpf_local_irq_save(&flags);
  bpf_local_irq_save(&flags);
  bpf_local_irq_restore(&flags);
  return 0;
}

SEC("tc") int bad_irq_order(struct __sk_buff *ctx)
{
  unsigned long one, other;

  bpf_local_irq_save(&one);
  bpf_local_irq_save(&other);
  bpf_local_irq_restore(&one);
  bpf_local_irq_restore(&other);
  return 0;
}

SEC("syscall") int bad_sleep_in_rcu(void *ctx)
{
  __u32 to;

  bpf_rcu_read_lock();
  bpf_copy_from_user(&to, sizeof(to), 0);
  bpf_rcu_read_unlock();
  return 0;
}

SEC("syscall") int bad_sleep_in_preempt(void *ctx)
{
  __u32 to;

  bpf_preempt_disable();
  bpf_copy_from_user(&to, sizeof(to), 0);
  bpf_preempt_enable();
  return 0;
}

SEC("syscall") int bad_sleep_in_irq(void *ctx)
{
  unsigned long flags;
  __u32 to;

  bpf_local_irq_save(&flags);
  bpf_copy_from_user(&to, sizeof(to), 0);
  bpf_local_irq_restore(&flags);
  return 0;
}

SEC("tc") int bad_lock_leak(struct __sk_buff *ctx)
{
  __u32 zero = 0;
  struct locked *value = bpf_map_lookup_elem(&values, &zero);

  if (value)
    bpf_spin_lock(&value->lock);
  return 0;
}

SEC("tc") int bad_lock_one_way(struct __sk_buff *ctx)
{
  __u32 zero = 0;
  struct locked *value = bpf_map_lookup_elem(&values, &zero);

  if (!value)
    return 0;
  bpf_spin_lock(&value->lock);
  value->count++;
  if (ctx->mark == 7)
    return 1;
  bpf_spin_unlock(&value->lock);
  return 0;
}

SEC("tc") int bad_lock_twice(struct __sk_buff *ctx)
{
  __u32 zero = 0;
  struct locked *value = bpf_map_lookup_elem(&values, &zero);

  if (!value)
    return 0;
  bpf_spin_lock(&value->lock);
  bpf_spin_lock(&value->lock);
  bpf_spin_unlock(&value->lock);
  return 0;
}

SEC("tc") int bad_unlock(struct __sk_buff *ctx)
{
  __u32 zero = 0;
  struct locked *value = bpf_map_lookup_elem(&values, &zero);

  if (value)
    bpf_spin_unlock(&value->lock);
  return 0;
}

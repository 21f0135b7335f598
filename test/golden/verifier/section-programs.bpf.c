// SPDX-License-Identifier: Apache-2.0

// Iterators, sections and locks that a program begins, and has to end on each of its ways. Never run, only loaded.

#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct bpf_iter_num {
  __u64 opaque;
} __attribute__((aligned(8)));

static long (*const bpf_copy_from_user)(void *to, __u32 size, const void *from) = (void *)148;

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
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 1);
  __uint(key_size, 4);
  __uint(value_size, 4);
} jumps SEC(".maps");

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

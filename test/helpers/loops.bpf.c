// SPDX-License-Identifier: Apache-2.0
// Loops as the macros of libbpf and of the kernel's bpf_experimental.h write them: iterators that end by themselves,
// and may_goto. Bits, interfaces, sections.
// build: - clang-19 -mcpu=v4
#include "helpers.bpf.h"

struct bpf_map {
  __u32 id;
};
struct bpf_iter_num {
  __u64 opaque;
};
struct bpf_iter_bits {
  __u64 opaque[2];
};

extern int bpf_iter_num_new(struct bpf_iter_num *iterator, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *iterator) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *iterator) __ksym;
extern int bpf_iter_bits_new(struct bpf_iter_bits *iterator, const __u64 *words, __u32 count) __ksym;
extern int *bpf_iter_bits_next(struct bpf_iter_bits *iterator) __ksym;
extern void bpf_iter_bits_destroy(struct bpf_iter_bits *iterator) __ksym;
extern void bpf_local_irq_save(unsigned long *flags) __ksym;
extern void bpf_local_irq_restore(unsigned long *flags) __ksym;
extern __s64 bpf_map_sum_elem_count(const struct bpf_map *map) __ksym;
extern int bpf_copy_from_user_str(void *to, __u32 size, const void *from, __u64 flags) __ksym;
extern int bpf_xdp_pull_data(struct xdp_md *ctx, __u32 length) __ksym;

#define bpf_for(i, start, end)                                                                                         \
  for (struct bpf_iter_num ___it __attribute__((aligned(8), cleanup(bpf_iter_num_destroy))),                           \
       *___p __attribute__((unused)) =                                                                                 \
           (bpf_iter_num_new(&___it, (start), (end)), (void)bpf_iter_num_destroy, (void *)0);                          \
       ({                                                                                                              \
         int *___t = bpf_iter_num_next(&___it);                                                                        \
         (___t && ((i) = *___t, (i) >= (start) && (i) < (end)));                                                       \
       });)

#define bpf_repeat(N)                                                                                                  \
  for (struct bpf_iter_num ___it __attribute__((aligned(8), cleanup(bpf_iter_num_destroy))),                           \
       *___p __attribute__((unused)) =                                                                                 \
           (bpf_iter_num_new(&___it, 0, (N)), (void)bpf_iter_num_destroy, (void *)0);                                  \
       bpf_iter_num_next(&___it);)

#define can_loop                                                                                                       \
  ({                                                                                                                   \
    __label__ l_break, l_continue;                                                                                     \
    bool ret = true;                                                                                                   \
    __asm__ volatile goto("may_goto %l[l_break]" ::: : l_break);                                                       \
    goto l_continue;                                                                                                   \
  l_break:                                                                                                             \
    ret = false;                                                                                                       \
  l_continue:;                                                                                                         \
    ret;                                                                                                               \
  })

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 8);
  __type(key, __u32);
  __type(value, __u64);
} numbers SEC(".maps");

SEC("syscall") int counted(void *ctx)
{
  __u64 sum = 0;
  int i;

  bpf_for(i, 3, 10)
    sum = sum * 3 + i;
  out[0] = sum;
  bpf_for(i, 0, 100)
  {
    if (i == 7)
      break;
    sum++;
  }
  out[1] = sum;
  bpf_repeat(5)
    sum += 2;
  out[2] = sum;
  bpf_for(i, 0, 3)
  {
    int j;

    bpf_for(j, 0, i)
      sum += 100;
  }
  out[3] = sum;
  return 0;
}

SEC("syscall") int as_long_as_it_may(void *ctx)
{
  __u64 sum = 0;

  for (__u32 i = 0; i < 1000 && can_loop; i++)
    sum += i;
  out[0] = sum;
  return 0;
}

SEC("syscall") int bits(void *ctx)
{
  static __u64 words[3] = {0x8000000000000005ull, 0, 0x10};
  struct bpf_iter_bits iterator;
  int *bit, at = 0;

  out[at++] = bpf_iter_bits_new(&iterator, words, 1);
  while ((bit = bpf_iter_bits_next(&iterator)) && at < 10)
    out[at++] = *bit;
  bpf_iter_bits_destroy(&iterator);
  at = 10;
  out[at++] = bpf_iter_bits_new(&iterator, words, 3);
  while ((bit = bpf_iter_bits_next(&iterator)) && at < 20)
    out[at++] = *bit;
  bpf_iter_bits_destroy(&iterator);
  at = 20;
  out[at++] = bpf_iter_bits_new(&iterator, words, 0);
  bpf_iter_bits_destroy(&iterator);
  out[at++] = bpf_iter_bits_new(&iterator, NULL, 1);
  bpf_iter_bits_destroy(&iterator);
  out[at++] = bpf_iter_bits_new(&iterator, words, 512);
  out[at++] = bpf_iter_bits_next(&iterator) != NULL;
  bpf_iter_bits_destroy(&iterator);
  return 0;
}

SEC("syscall") int sections(void *ctx)
{
  unsigned long flags, inner;

  bpf_local_irq_save(&flags);
  bpf_local_irq_save(&inner);
  out[0]++;
  bpf_local_irq_restore(&inner);
  bpf_local_irq_restore(&flags);
  bpf_rcu_read_lock();
  bpf_preempt_disable();
  out[0]++;
  bpf_preempt_enable();
  bpf_rcu_read_unlock();
  return 0;
}

SEC("syscall") int counts(void *ctx)
{
  __u32 one = 1, two = 2;
  __u64 value = 0;

  out[0] = bpf_map_sum_elem_count((const struct bpf_map *)&numbers);
  bpf_map_update_elem(&numbers, &one, &value, 0);
  bpf_map_update_elem(&numbers, &two, &value, 0);
  out[1] = bpf_map_sum_elem_count((const struct bpf_map *)&numbers);
  bpf_map_delete_elem(&numbers, &one);
  out[2] = bpf_map_sum_elem_count((const struct bpf_map *)&numbers);
  return 0;
}

/* Where user memory is the kernel's is for us to say; that nothing is at 16 is the same. */
SEC("syscall") int copies_refused(void *ctx)
{
  char buffer[8] = "1234567";

  out[0] = bpf_copy_from_user_str(buffer, 8, (void *)16, 0);
  out[1] = *(__u64 *)buffer;
  out[2] = bpf_copy_from_user_str(buffer, 8, (void *)16, 1);
  out[3] = *(__u64 *)buffer;
  out[4] = bpf_copy_from_user_str(buffer, 8, (void *)16, 2);
  return 0;
}

SEC("syscall") int copies(void *ctx)
{
  static char word[] = "word";

  out[0] = bpf_copy_from_user_str(text, 16, word, 0);
  out[1] = bpf_copy_from_user_str(text + 64, 4, word, 0);
  text[128 + 10] = 'x';
  out[2] = bpf_copy_from_user_str(text + 128, 16, word, 1);
  out[3] = bpf_copy_from_user_str(text + 192, 1, word, 0);
  return 0;
}

SEC("xdp") int xdp_mtu(struct xdp_md *ctx)
{
  __u32 length = 0;

  out[0] = bpf_check_mtu(ctx, 0, &length, 0, 0);
  out[1] = length;
  out[2] = bpf_check_mtu(ctx, 0, &length, 0, 0);
  out[3] = bpf_check_mtu(ctx, 1, &length, 1, 0);
  length = 0;
  out[4] = bpf_check_mtu(ctx, 1, &length, 65536, 0);
  out[5] = bpf_check_mtu(ctx, 1, &length, -1, 0);
  length = 5;
  out[6] = bpf_check_mtu(ctx, 1, &length, 0, 1);
  out[7] = bpf_check_mtu(ctx, 4000, &length, 0, 0);
  out[8] = length;
  out[9] = bpf_xdp_pull_data(ctx, 20);
  out[10] = bpf_xdp_pull_data(ctx, 20000);
  return XDP_PASS;
}

SEC("tc") int skb_mtu(struct __sk_buff *skb)
{
  __u32 length = 0;

  out[0] = bpf_check_mtu(skb, 0, &length, 0, 0);
  out[1] = length;
  out[2] = bpf_check_mtu(skb, 1, &length, 1, 0);
  length = 0;
  out[3] = bpf_check_mtu(skb, 1, &length, 0, 1);
  out[4] = bpf_check_mtu(skb, 1, &length, 0, 1);
  length = 0;
  out[5] = bpf_check_mtu(skb, 1, &length, 5, 1);
  out[6] = bpf_check_mtu(skb, 1, &length, 5, 2);
  out[7] = bpf_check_mtu(skb, 4000, &length, 0, 0);
  out[8] = length;
  out[9] = bpf_check_mtu(skb, 1, &length, 65500, 0);
  return 0;
}

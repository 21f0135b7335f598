// SPDX-License-Identifier: Apache-2.0
//
// Dynptrs, iterators and saved flags in a caller's frame: what callbacks do with them through their address. Never run,
// only loaded.

#include "frame.bpf.h"

char LICENSE[] SEC("license") = "GPL";

static int each_use(__u32 index, struct bpf_dynptr *dynptr)
{
  sink = bpf_dynptr_size(dynptr);
  return 0;
}

static int each_end(__u32 index, struct bpf_dynptr *dynptr)
{
  submit(dynptr, 0);
  return 0;
}

static int each_store(__u32 index, void *at)
{
  *(volatile __u64 *)at = 0;
  return 0;
}

static int each_load(__u32 index, void *at)
{
  sink = *(volatile __u64 *)at;
  return 0;
}

static int each_take(__u32 index, struct bpf_dynptr *dynptr)
{
  reserve(&ring, 8, 0, dynptr);
  return 0;
}

static int each_take_and_end(__u32 index, struct bpf_dynptr *dynptr)
{
  reserve(&ring, 8, 0, dynptr);
  submit(dynptr, 0);
  return 0;
}

struct both {
  struct __sk_buff *skb;
  struct bpf_dynptr *dynptr;
};

static int each_make(__u32 index, struct both *both)
{
  bpf_dynptr_from_skb(both->skb, 0, both->dynptr);
  return 0;
}

static int each_next(__u32 index, struct bpf_iter_num *it)
{
  return bpf_iter_num_next(it) == 0;
}

static int each_finish(__u32 index, struct bpf_iter_num *it)
{
  bpf_iter_num_destroy(it);
  return 0;
}

static int each_restore(__u32 index, unsigned long *flags)
{
  bpf_local_irq_restore(flags);
  return 0;
}

static int element_use(void *map, __u32 *key, __u64 *value, struct bpf_dynptr *dynptr)
{
  dynptr_read(value, 8, dynptr, 0, 0);
  return 0;
}

static int element_store(void *map, __u32 *key, __u64 *value, __u64 *at)
{
  at[0] = *value;
  return 0;
}

static int sample_clone(const struct bpf_dynptr *sample, struct bpf_dynptr *to)
{
  return bpf_dynptr_clone(sample, to) != 0;
}

static int sample_use(const struct bpf_dynptr *sample, struct bpf_dynptr *to)
{
  sink = bpf_dynptr_size(to);
  return 0;
}

static int each_deeper(__u32 index, struct bpf_dynptr *dynptr)
{
  return store(dynptr);
}

TC(ok_loop, bpf_dynptr_from_skb(ctx, 0, &a); bpf_loop(3, each_use, &a, 0))
TC(bad_loop, bpf_loop(3, each_use, &a, 0))
TC(bad_loop_end, reserve(&ring, 8, 0, &a); bpf_loop(3, each_end, &a, 0))
TC(bad_loop_end_once, reserve(&ring, 8, 0, &a); bpf_loop(1, each_end, &a, 0))
TC(bad_loop_end_after, reserve(&ring, 8, 0, &a); bpf_loop(1, each_end, &a, 0); submit(&a, 0))
TC(bad_loop_store, reserve(&ring, 8, 0, &a); bpf_loop(3, each_store, &a, 0); submit(&a, 0))
TC(ok_loop_store, bpf_dynptr_from_skb(ctx, 0, &a); sink = size(&a); bpf_loop(3, each_store, &a, 0))
TC(bad_loop_store_used, bpf_dynptr_from_skb(ctx, 0, &a); bpf_loop(3, each_store, &a, 0); sink = size(&a))
TC(bad_loop_load, bpf_dynptr_from_skb(ctx, 0, &a); bpf_loop(3, each_load, &a, 0))
TC(bad_loop_take, bpf_loop(3, each_take, &a, 0))
TC(ok_loop_take_and_end, bpf_loop(3, each_take_and_end, &a, 0))
TC(bad_loop_take_and_end, reserve(&ring, 8, 0, &a); bpf_loop(3, each_take_and_end, &a, 0); submit(&a, 0))
TC(bad_loop_make, struct both both = {ctx, &a}; keep(ctx); bpf_loop(3, each_make, &both, 0); sink = bpf_dynptr_size(&a))
TC(ok_loop_make, struct both both = {ctx, &a}; keep(ctx); bpf_dynptr_from_skb(ctx, 0, &a);
   bpf_loop(3, each_make, &both, 0); sink = bpf_dynptr_size(&a))
TC(ok_loop_next, bpf_iter_num_new(&it, 0, 3); bpf_loop(3, each_next, &it, 0); bpf_iter_num_destroy(&it))
TC(bad_loop_next, bpf_loop(3, each_next, &it, 0))
TC(bad_loop_finish, bpf_iter_num_new(&it, 0, 3); bpf_loop(3, each_finish, &it, 0))
TC(bad_loop_restore, bpf_local_irq_save(&flags); bpf_loop(3, each_restore, &flags, 0))
TC(bad_loop_deeper, reserve(&ring, 8, 0, &a); bpf_loop(3, each_deeper, &a, 0); submit(&a, 0))
TC(ok_element, bpf_dynptr_from_skb(ctx, 0, &a); bpf_for_each_map_elem(&values, element_use, &a, 0))
TC(bad_element, bpf_for_each_map_elem(&values, element_use, &a, 0))
TC(bad_element_store, reserve(&ring, 8, 0, &a); bpf_for_each_map_elem(&values, element_store, &a, 0); submit(&a, 0))
TC(ok_element_store, bpf_dynptr_from_skb(ctx, 0, &a); bpf_for_each_map_elem(&values, element_store, bytes, 0);
   sink = size(&a) + bytes[0])
TC(bad_sample_clone, drain(&samples, sample_clone, &a, 0); sink = bpf_dynptr_size(&a))
TC(ok_sample_clone, drain(&samples, sample_clone, &a, 0))
TC(ok_sample_use, bpf_dynptr_from_skb(ctx, 0, &a); drain(&samples, sample_use, &a, 0))
TC(bad_sample_use, drain(&samples, sample_use, &a, 0))

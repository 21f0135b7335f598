// SPDX-License-Identifier: Apache-2.0
//
// Dynptrs in a program's frame: made, used, cloned, overwritten and given back, and what is seen through them. Never
// run, only loaded.

#include "dynptr.bpf.h"

char LICENSE[] SEC("license") = "GPL";

static void (*const discard)(struct bpf_dynptr *dynptr, __u64 flags) = (void *)200;
static long (*const skb_pull_data)(struct __sk_buff *skb, __u32 length) = (void *)39;
static long (*const skb_vlan_pop)(struct __sk_buff *skb) = (void *)19;

extern int bpf_dynptr_from_xdp(struct xdp_md *xdp, __u64 flags, struct bpf_dynptr *dynptr) __ksym;
extern void *bpf_dynptr_slice_rdwr(const struct bpf_dynptr *dynptr, __u32 offset, void *buffer, __u32 size) __ksym;
extern int bpf_dynptr_adjust(const struct bpf_dynptr *dynptr, __u32 start, __u32 end) __ksym;

#define TC(NAME, BODY)                                                                                                 \
  SEC("tc") int NAME(struct __sk_buff *ctx)                                                                            \
  {                                                                                                                    \
    struct bpf_dynptr a __attribute__((unused)), b __attribute__((unused)); \
    __u64 bytes[4] __attribute__((unused)) = {};                                                                                               \
    __u64 *p = 0, *q = 0;                                                                                              \
                                                                                                                       \
    BODY;                                                                                                              \
    keep(p);                                                                                                           \
    keep(q);                                                                                                           \
    return 0;                                                                                                          \
  }

/* Made by what. */

TC(ok_local, VALUE(v); from_mem(v, 32, 0, &a); p = data_of(&a, 0, 8); if (p) sink = *p)
TC(ok_local_again, VALUE(v); from_mem(v, 32, 0, &a); from_mem(v, 16, 0, &a); p = data_of(&a, 0, 8); if (p) *p = 1)
TC(ok_packet, if (!bpf_dynptr_from_skb(ctx, 0, &a)) sink = bpf_dynptr_size(&a))
TC(bad_uninitialized_use, sink = bpf_dynptr_size(&a))
TC(bad_uninitialized_read, dynptr_read(bytes, 8, &a, 0, 0))
TC(bad_uninitialized_write, dynptr_write(&a, 0, bytes, 8, 0))
TC(bad_uninitialized_data, p = data_of(&a, 0, 8))
TC(bad_uninitialized_clone, bpf_dynptr_clone(&a, &b))
TC(bad_uninitialized_submit, submit(&a, 0))
TC(bad_made_one_way, if (ctx->mark) bpf_dynptr_from_skb(ctx, 0, &a); sink = bpf_dynptr_size(&a))
TC(ok_made_both_ways, VALUE(v); if (ctx->mark) bpf_dynptr_from_skb(ctx, 0, &a); else from_mem(v, 8, 0, &a);
   sink = bpf_dynptr_size(&a))
TC(bad_one_way_submitted, VALUE(v); if (ctx->mark) reserve(&ring, 8, 0, &a); else from_mem(v, 8, 0, &a); submit(&a, 0))
TC(bad_submit_local, VALUE(v); from_mem(v, 8, 0, &a); submit(&a, 0))
TC(bad_memory_frame, from_mem(bytes, 8, 0, &a))
TC(bad_memory_context, from_mem(ctx, 8, 0, &a))
TC(bad_memory_maybe_null, __u32 key = 1; __u64 *v = bpf_map_lookup_elem(&values, &key); from_mem(v, 8, 0, &a))
TC(bad_dynptr_number, sink = dynptr_read(bytes, 8, (void *)8, 0, 0))
TC(bad_dynptr_context, sink = dynptr_read(bytes, 8, (void *)ctx, 0, 0))
TC(bad_dynptr_value, VALUE(v); sink = data_of((void *)v, 0, 8) != 0)
TC(bad_dynptr_value_size, VALUE(v); sink = bpf_dynptr_size((void *)v))
TC(bad_dynptr_made_in_value, VALUE(v); bpf_dynptr_from_skb(ctx, 0, (void *)v))
TC(bad_half, bpf_dynptr_from_skb(ctx, 0, &a); sink = bpf_dynptr_size((void *)&a + 8))
TC(bad_odd, bpf_dynptr_from_skb(ctx, 0, &a); sink = bpf_dynptr_size((void *)&a + 4))
TC(bad_odd_new, bpf_dynptr_from_skb(ctx, 0, (void *)&a + 4))
SEC("tc") int bad_end_of_frame(struct __sk_buff *ctx)
{
  __u64 word;

  bpf_dynptr_from_skb(ctx, 0, (void *)&word);
  return 0;
}

/* Given back. */

TC(ok_clone_submitted, reserve(&ring, 8, 0, &a); bpf_dynptr_clone(&a, &b); submit(&b, 0))
TC(bad_clone_kept, reserve(&ring, 8, 0, &a); bpf_dynptr_clone(&a, &b); submit(&b, 0); sink = bpf_dynptr_size(&a))
TC(bad_clone_twice, reserve(&ring, 8, 0, &a); bpf_dynptr_clone(&a, &b); submit(&a, 0); submit(&b, 0))
TC(bad_clone_leak, reserve(&ring, 8, 0, &a); bpf_dynptr_clone(&a, &b))
TC(bad_submit_twice, reserve(&ring, 8, 0, &a); submit(&a, 0); submit(&a, 0))
TC(bad_submit_half, reserve(&ring, 8, 0, &a); submit((void *)&a + 8, 0))
TC(bad_use_after, reserve(&ring, 8, 0, &a); discard(&a, 0); dynptr_write(&a, 0, bytes, 8, 0))
TC(bad_slice_after, reserve(&ring, 8, 0, &a); p = data_of(&a, 0, 8); if (!p) goto out; submit(&a, 0); sink = *p;
   return 0; out : discard(&a, 0))
TC(bad_slice_of_clone_after, reserve(&ring, 8, 0, &a); bpf_dynptr_clone(&a, &b); p = data_of(&b, 0, 8);
   submit(&a, 0); if (p) sink = *p)
TC(ok_slice_of_other, reserve(&ring, 8, 0, &a); reserve(&ring, 8, 0, &b); p = data_of(&a, 0, 8); submit(&b, 0);
   if (p) *p = 1; submit(&a, 0))
TC(bad_sample_as_slice, reserve(&ring, 8, 0, &a); p = data_of(&a, 0, 8); if (p) bpf_ringbuf_submit(p, 0);
   else discard(&a, 0))
TC(ok_loop, for (int i = 0; i < 3; i++) { reserve(&ring, 8, 0, &a); submit(&a, 0); })
TC(ok_used_after_call_slice, reserve(&ring, 8, 0, &a); p = bpf_dynptr_slice(&a, 0, 0, 8); submit(&a, 0);
   if (p) sink = *p)

/* Overwritten. */

TC(bad_overwrite_new, reserve(&ring, 8, 0, &a); bpf_dynptr_from_skb(ctx, 0, &a); submit(&a, 0))
TC(bad_overwrite_store, reserve(&ring, 8, 0, &a); *(volatile __u64 *)&a = 0; submit(&a, 0))
TC(bad_overwrite_byte, reserve(&ring, 8, 0, &a); *((volatile char *)&a + 13) = 0; submit(&a, 0))
TC(bad_overwrite_iterator, reserve(&ring, 8, 0, &a); bpf_iter_num_new((void *)&a, 0, 3);
   bpf_iter_num_destroy((void *)&a))
TC(bad_overwrite_irq, reserve(&ring, 8, 0, &a); bpf_local_irq_save((void *)&a); bpf_local_irq_restore((void *)&a))
TC(bad_overwritten_use, VALUE(v); from_mem(v, 8, 0, &a); *((volatile char *)&a + 9) = 0; sink = bpf_dynptr_size(&a))
TC(bad_overwritten_slice, VALUE(v); from_mem(v, 8, 0, &a); p = data_of(&a, 0, 8); *(volatile __u64 *)&a = 0;
   if (p) sink = *p)
TC(bad_made_again_slice, VALUE(v); from_mem(v, 8, 0, &a); p = data_of(&a, 0, 8); from_mem(v, 8, 0, &a); if (p) *p = 1)
TC(ok_made_again_slice_of_packet, bpf_dynptr_from_skb(ctx, 0, &a); p = bpf_dynptr_slice(&a, 0, bytes, 8);
   bpf_dynptr_from_skb(ctx, 0, &a); if (p) sink = *p)
TC(bad_overwritten_iterator, struct bpf_iter_num it; bpf_iter_num_new(&it, 0, 3); *(volatile __u64 *)&it = 0;
   bpf_iter_num_destroy(&it))
TC(bad_overwritten_irq, unsigned long flags; bpf_local_irq_save(&flags); *(volatile __u64 *)&flags = 0;
   bpf_local_irq_restore(&flags))
TC(ok_overwritten_clone, VALUE(v); from_mem(v, 8, 0, &a); bpf_dynptr_clone(&a, &b); *(volatile __u64 *)&a = 0;
   sink = bpf_dynptr_size(&b))

/* Read by others. */

TC(bad_read, bpf_dynptr_from_skb(ctx, 0, &a); sink = *(volatile __u64 *)&a)
TC(bad_read_half, bpf_dynptr_from_skb(ctx, 0, &a); sink = *((volatile __u32 *)&a + 3))
TC(bad_read_iterator, struct bpf_iter_num it; bpf_iter_num_new(&it, 0, 3); sink = *(volatile __u64 *)&it;
   bpf_iter_num_destroy(&it))
TC(bad_read_irq, unsigned long flags; bpf_local_irq_save(&flags); sink = *(volatile __u64 *)&flags;
   bpf_local_irq_restore(&flags))
TC(bad_add, bpf_dynptr_from_skb(ctx, 0, &a); __sync_fetch_and_add((__u64 *)&a, 1))
TC(bad_as_key, bpf_dynptr_from_skb(ctx, 0, &a); sink = (long)bpf_map_lookup_elem(&dynptrs, &a))
TC(bad_as_value, struct bpf_dynptr key = {}; bpf_dynptr_from_skb(ctx, 0, &a);
   bpf_map_update_elem(&dynptrs, &key, &a, 0))
TC(bad_filled, bpf_dynptr_from_skb(ctx, 0, &a); get_current_comm(&a, 16))
TC(bad_filled_from_before, bpf_dynptr_from_skb(ctx, 0, &a); bpf_dynptr_from_skb(ctx, 0, &b);
   dynptr_read((void *)&a, 8, &b, 0, 0))
TC(bad_written, bpf_dynptr_from_skb(ctx, 0, &a); dynptr_write(&a, 0, &a, 16, 0))

/* Slices. */

TC(bad_slice_maybe_null, VALUE(v); from_mem(v, 8, 0, &a); p = data_of(&a, 0, 8); sink = *p)
TC(bad_slice_beyond, VALUE(v); from_mem(v, 32, 0, &a); p = data_of(&a, 0, 8); if (p) sink = p[1])
TC(bad_slice_moved_maybe_null, VALUE(v); from_mem(v, 8, 0, &a); p = data_of(&a, 0, 8); p++; if (p) sink = *p)
TC(bad_slice_of_slice_maybe_null, VALUE(v); from_mem(v, 8, 0, &a); p = data_of(&a, 0, 8); q = data_of(&a, 0, 8);
   if (p) sink = *q)
TC(bad_slice_write, bpf_dynptr_from_skb(ctx, 0, &a); p = bpf_dynptr_slice(&a, 0, bytes, 8); if (p) *p = 1)
TC(ok_slice_write, bpf_dynptr_from_skb(ctx, 0, &a); p = bpf_dynptr_slice_rdwr(&a, 0, bytes, 8); if (p) *p = 1)
TC(bad_slice_read_maybe_null, bpf_dynptr_from_skb(ctx, 0, &a); p = bpf_dynptr_slice(&a, 0, bytes, 8); sink = *p)
TC(bad_slice_after_pull, bpf_dynptr_from_skb(ctx, 0, &a); p = bpf_dynptr_slice(&a, 0, bytes, 8);
   if (!p) return 0; skb_pull_data(ctx, 20); sink = *p)
TC(bad_slice_after_pop, bpf_dynptr_from_skb(ctx, 0, &a); p = bpf_dynptr_slice_rdwr(&a, 0, bytes, 8);
   skb_vlan_pop(ctx); if (p) *p = 1)
TC(bad_slice_after_write, bpf_dynptr_from_skb(ctx, 0, &a); p = bpf_dynptr_slice(&a, 0, bytes, 8);
   dynptr_write(&a, 0, bytes, 8, 0); if (p) sink = *p)
TC(ok_slice_after_adjust, bpf_dynptr_from_skb(ctx, 0, &a); p = bpf_dynptr_slice(&a, 0, bytes, 8);
   bpf_dynptr_adjust(&a, 2, 8); if (p) sink = *p)
TC(ok_dynptr_after_pull, bpf_dynptr_from_skb(ctx, 0, &a); skb_pull_data(ctx, 20); sink = bpf_dynptr_size(&a))
TC(ok_local_slice_after_pull, VALUE(v); from_mem(v, 8, 0, &a); p = data_of(&a, 0, 8); skb_pull_data(ctx, 20);
   if (p) sink = *p)
TC(bad_buffer_short, bpf_dynptr_from_skb(ctx, 0, &a); p = bpf_dynptr_slice(&a, 0, (void *)&bytes[3] + 0, 600))
TC(bad_buffer_dynptr, bpf_dynptr_from_skb(ctx, 0, &a); p = bpf_dynptr_slice(&a, 0, &a, 8))
TC(ok_buffer_absent, bpf_dynptr_from_skb(ctx, 0, &a); p = bpf_dynptr_slice(&a, 0, 0, 8); if (p) sink = *p)

SEC("xdp") int ok_xdp_slice(struct xdp_md *ctx)
{
  struct bpf_dynptr a;
  __u64 *p;

  bpf_dynptr_from_xdp(ctx, 0, &a);
  p = bpf_dynptr_slice_rdwr(&a, 0, 0, 8);
  if (p)
    *p = 1;
  return 2;
}

SEC("cgroup_skb/ingress") int bad_slice_of_cgroup(struct __sk_buff *ctx)
{
  struct bpf_dynptr a;
  __u64 *p;

  bpf_dynptr_from_skb(ctx, 0, &a);
  p = bpf_dynptr_slice_rdwr(&a, 0, 0, 8);
  if (p)
    *p = 1;
  return 1;
}

/* In functions. */

static __noinline int make(struct __sk_buff *ctx, struct bpf_dynptr *dynptr)
{
  return bpf_dynptr_from_skb(ctx, 0, dynptr);
}

static __noinline int end(struct bpf_dynptr *dynptr)
{
  submit(dynptr, 0);
  return 0;
}

TC(ok_made_in_function, if (!make(ctx, &a)) sink = bpf_dynptr_size(&a))
TC(ok_ended_in_function, reserve(&ring, 8, 0, &a); end(&a))
TC(ok_slice_ended_in_function, reserve(&ring, 8, 0, &a); p = data_of(&a, 0, 8); end(&a); p += 2; sink = (long)p)

// SPDX-License-Identifier: Apache-2.0
//
// Dynptrs, iterators and saved flags in a caller's frame: what functions do with them through their address. Never run,
// only loaded.

#include "frame.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* What the functions do. */

STATIC int make(struct __sk_buff *ctx, struct bpf_dynptr *dynptr)
{
  return bpf_dynptr_from_skb(ctx, 0, dynptr);
}

STATIC int make_local(void *data, struct bpf_dynptr *dynptr)
{
  return from_mem(data, 8, 0, dynptr);
}

STATIC int take(struct bpf_dynptr *dynptr)
{
  return reserve(&ring, 8, 0, dynptr);
}

STATIC int end(struct bpf_dynptr *dynptr)
{
  submit(dynptr, 0);
  return 0;
}

STATIC int clone(struct bpf_dynptr *from, struct bpf_dynptr *to)
{
  return bpf_dynptr_clone(from, to);
}

STATIC int read(void *to, struct bpf_dynptr *dynptr)
{
  return dynptr_read(to, 8, dynptr, 0, 0);
}

STATIC int load(void *at)
{
  return *(volatile __u64 *)at;
}

STATIC int fill(void *at)
{
  return get_current_comm(at, 16);
}

STATIC int look_up(void *key)
{
  return bpf_map_lookup_elem(&dynptrs, key) != 0;
}

STATIC int take_if(struct bpf_dynptr *dynptr, __u32 mark)
{
  if (mark & 1)
    return 0;
  reserve(&ring, 8, 0, dynptr);
  return 1;
}

STATIC int end_if(struct bpf_dynptr *dynptr, __u32 mark)
{
  if (mark == 7)
    return 0;
  submit(dynptr, 0);
  return 1;
}

STATIC int make_if(struct __sk_buff *ctx, struct bpf_dynptr *dynptr)
{
  return ctx->mark == 7 ? bpf_dynptr_from_skb(ctx, 0, dynptr) : 0;
}

STATIC int deeper(struct bpf_dynptr *dynptr)
{
  sink += 1;
  return end(dynptr) + 1;
}

STATIC int deeper_store(struct bpf_dynptr *dynptr)
{
  sink += 1;
  return store((void *)dynptr + 8) + 1;
}

STATIC int forget(void)
{
  struct bpf_dynptr own;

  reserve(&ring, 8, 0, &own);
  return 0;
}

STATIC int own_and_given(struct __sk_buff *ctx, struct bpf_dynptr *dynptr)
{
  struct bpf_dynptr own;

  bpf_dynptr_clone(dynptr, &own);
  return bpf_dynptr_size(&own) + bpf_dynptr_size(dynptr);
}

STATIC void *slice(struct bpf_dynptr *dynptr)
{
  return data_of(dynptr, 0, 8);
}

STATIC int begin(struct bpf_iter_num *it)
{
  return bpf_iter_num_new(it, 0, 5);
}

STATIC int next(struct bpf_iter_num *it)
{
  int *number = bpf_iter_num_next(it);

  return number ? *number : -1;
}

STATIC int finish(struct bpf_iter_num *it)
{
  bpf_iter_num_destroy(it);
  return 0;
}

STATIC int save(unsigned long *flags)
{
  bpf_local_irq_save(flags);
  return 0;
}

STATIC int restore(unsigned long *flags)
{
  bpf_local_irq_restore(flags);
  return 0;
}

STATIC int save_own(void)
{
  unsigned long own;

  bpf_local_irq_save(&own);
  return 0;
}

struct given {
  struct bpf_dynptr *dynptr;
  __u64 number;
};

STATIC int end_given(struct given *given)
{
  submit(given->dynptr, 0);
  return 0;
}

STATIC int spill(struct bpf_dynptr **to, struct bpf_dynptr *dynptr)
{
  *(struct bpf_dynptr *volatile *)to = dynptr;
  return 0;
}

STATIC void *same(void *pointer)
{
  asm volatile("" : "+r"(pointer));
  return pointer;
}

/* Made. */

TC(ok_made, make(ctx, &a); sink = bpf_dynptr_size(&a))
TC(ok_made_local, VALUE(v); make_local(v, &a); p = data_of(&a, 0, 8); if (p) sink = *p)
TC(ok_taken, take(&a); submit(&a, 0))
TC(bad_taken_leak, take(&a))
TC(bad_taken_overwritten, take(&a); *(volatile __u64 *)&a = 0; submit(&a, 0))
TC(bad_taken_twice, take(&a); take(&a); submit(&a, 0))
TC(bad_made_other, make(ctx, &a); sink = bpf_dynptr_size(&b))
TC(bad_made_read, make(ctx, &a); sink = *(volatile __u64 *)&a)
TC(bad_made_submit, make(ctx, &a); submit(&a, 0))
TC(bad_made_if, make_if(ctx, &a); sink = bpf_dynptr_size(&a))
TC(bad_made_as_key, make(ctx, &a); sink = (long)bpf_map_lookup_elem(&dynptrs, &a))
TC(ok_taken_if, if (take_if(&a, ctx->mark)) submit(&a, 0))
TC(bad_taken_if, take_if(&a, ctx->mark); submit(&a, 0))
TC(bad_taken_if_leak, if (take_if(&a, ctx->mark)) sink = 1)

/* Given back. */

TC(ok_ended, reserve(&ring, 8, 0, &a); end(&a))
TC(ok_ended_deeper, reserve(&ring, 8, 0, &a); deeper(&a))
TC(bad_ended_twice, reserve(&ring, 8, 0, &a); end(&a); submit(&a, 0))
TC(bad_ended_used, reserve(&ring, 8, 0, &a); end(&a); dynptr_write(&a, 0, bytes, 8, 0))
TC(bad_ended_used_in, reserve(&ring, 8, 0, &a); end(&a); sink = size(&a))
TC(bad_ended_slice, reserve(&ring, 8, 0, &a); p = data_of(&a, 0, 8); if (!p) goto out; end(&a); sink = *p; return 0;
   out : end(&a))
TC(bad_ended_nothing, end(&a))
TC(bad_ended_local, VALUE(v); from_mem(v, 8, 0, &a); end(&a))
TC(bad_ended_number, sink = end((void *)(long)ctx->mark))
TC(ok_ended_if, reserve(&ring, 8, 0, &a); if (!end_if(&a, ctx->mark)) submit(&a, 0))
TC(bad_ended_if, reserve(&ring, 8, 0, &a); end_if(&a, ctx->mark))
TC(bad_ended_if_twice, reserve(&ring, 8, 0, &a); if (end_if(&a, ctx->mark)) submit(&a, 0); else submit(&a, 0))
TC(ok_ended_clone, reserve(&ring, 8, 0, &a); clone(&a, &b); end(&b))
TC(bad_ended_clone_used, reserve(&ring, 8, 0, &a); clone(&a, &b); end(&b); sink = size(&a))
TC(bad_ended_slice_of_clone, reserve(&ring, 8, 0, &a); clone(&a, &b); p = data_of(&b, 0, 8); end(&a); if (p) sink = *p)
TC(ok_ended_given, struct given given = {&a, 1}; reserve(&ring, 8, 0, &a); keep(ctx); end_given(&given))
TC(bad_ended_given, struct given given = {&a, 1}; bpf_dynptr_from_skb(ctx, 0, &a); end_given(&given))
TC(bad_forgotten, forget())

/* Used. */

TC(ok_used, bpf_dynptr_from_skb(ctx, 0, &a); sink = size(&a) + read(bytes, &a))
TC(bad_used, sink = size(&a))
TC(bad_used_half, bpf_dynptr_from_skb(ctx, 0, &a); sink = size((void *)&a + 8))
TC(bad_read_to_itself, bpf_dynptr_from_skb(ctx, 0, &a); bpf_dynptr_from_skb(ctx, 0, &b); sink = read(&a, &b))
TC(ok_used_with_own, bpf_dynptr_from_skb(ctx, 0, &a); sink = own_and_given(ctx, &a))
TC(bad_used_with_own, sink = own_and_given(ctx, &a))
TC(ok_slice, VALUE(v); from_mem(v, 8, 0, &a); p = slice(&a); if (p) sink = *p)
TC(bad_slice_maybe_null, VALUE(v); from_mem(v, 8, 0, &a); p = slice(&a); sink = *p)
TC(bad_slice_after, reserve(&ring, 8, 0, &a); p = slice(&a); submit(&a, 0); if (p) sink = *p)

/* Overwritten and read. */

TC(bad_stored, reserve(&ring, 8, 0, &a); store(&a); submit(&a, 0))
TC(bad_stored_deeper, reserve(&ring, 8, 0, &a); deeper_store(&a); submit(&a, 0))
TC(ok_stored, bpf_dynptr_from_skb(ctx, 0, &a); sink = size(&a); store(&a))
TC(bad_stored_used, bpf_dynptr_from_skb(ctx, 0, &a); store(&a); sink = bpf_dynptr_size(&a))
TC(bad_stored_used_in, bpf_dynptr_from_skb(ctx, 0, &a); store(&a); sink = size(&a))
TC(bad_stored_slice, VALUE(v); from_mem(v, 8, 0, &a); p = data_of(&a, 0, 8); store(&a); if (p) sink = *p)
TC(ok_stored_beside, reserve(&ring, 8, 0, &a); store(bytes); end(&a))
TC(bad_loaded, bpf_dynptr_from_skb(ctx, 0, &a); sink = load(&a))
TC(bad_loaded_half, bpf_dynptr_from_skb(ctx, 0, &a); sink = load((void *)&a + 8))
TC(bad_filled, bpf_dynptr_from_skb(ctx, 0, &a); sink = fill(&a))
TC(bad_looked_up, bpf_dynptr_from_skb(ctx, 0, &a); sink = look_up(&a))
TC(bad_spilled, struct bpf_dynptr *to; sink = spill(&to, &a))
TC(bad_returned, p = same(&a))

/* Iterators. */

TC(ok_iterator, begin(&it); while (next(&it) >= 0); finish(&it))
TC(bad_iterator_leak, begin(&it))
TC(bad_iterator_next, next(&it))
TC(bad_iterator_finish, finish(&it))
TC(bad_iterator_finish_twice, begin(&it); finish(&it); finish(&it))
TC(bad_iterator_begin_twice, begin(&it); begin(&it); finish(&it))
TC(bad_iterator_stored, begin(&it); store(&it); bpf_iter_num_destroy(&it))
TC(bad_iterator_loaded, begin(&it); sink = load(&it); finish(&it))
TC(bad_iterator_after, begin(&it); finish(&it); bpf_iter_num_next(&it))

/* Saved flags. */

TC(ok_irq, save(&flags); restore(&flags))
TC(ok_irq_mixed, bpf_local_irq_save(&flags); save(&more); bpf_local_irq_restore(&more); restore(&flags))
TC(bad_irq_leak, save(&flags))
TC(bad_irq_order, save(&flags); save(&more); restore(&flags); restore(&more))
TC(bad_irq_nothing, restore(&flags))
TC(bad_irq_twice, save(&flags); save(&flags); restore(&flags))
TC(bad_irq_stored, save(&flags); store(&flags); bpf_local_irq_restore(&flags))
TC(bad_irq_loaded, save(&flags); sink = load(&flags); restore(&flags))
TC(bad_irq_own, save_own())

// SPDX-License-Identifier: Apache-2.0
//
// Dynptrs, iterators and saved flags in a caller's frame: what functions and callbacks do with them through their
// address. Never run, only loaded.

#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct bpf_dynptr {
  __u64 words[2];
} __attribute__((aligned(8)));

struct bpf_iter_num {
  __u64 opaque;
} __attribute__((aligned(8)));

#define keep(x) asm volatile("" : "+r"(x))

static long (*const from_mem)(void *data, __u32 size, __u64 flags, struct bpf_dynptr *dynptr) = (void *)197;
static long (*const reserve)(void *ring, __u32 size, __u64 flags, struct bpf_dynptr *dynptr) = (void *)198;
static void (*const submit)(struct bpf_dynptr *dynptr, __u64 flags) = (void *)199;
static long (*const dynptr_read)(void *to, __u32 length, const struct bpf_dynptr *dynptr, __u32 offset,
                                 __u64 flags) = (void *)201;
static long (*const dynptr_write)(const struct bpf_dynptr *dynptr, __u32 offset, void *from, __u32 length,
                                  __u64 flags) = (void *)202;
static void *(*const data_of)(const struct bpf_dynptr *dynptr, __u32 offset, __u32 length) = (void *)203;
static long (*const get_current_comm)(void *buffer, __u32 size) = (void *)16;
static long (*const drain)(void *ring, void *callback, void *ctx, __u64 flags) = (void *)209;

extern int bpf_dynptr_from_skb(struct __sk_buff *skb, __u64 flags, struct bpf_dynptr *dynptr) __ksym;
extern int bpf_dynptr_clone(const struct bpf_dynptr *dynptr, struct bpf_dynptr *clone) __ksym;
extern void *bpf_dynptr_slice(const struct bpf_dynptr *dynptr, __u32 offset, void *buffer, __u32 size) __ksym;
extern __u32 bpf_dynptr_size(const struct bpf_dynptr *dynptr) __ksym;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;
extern void bpf_local_irq_save(unsigned long *flags) __ksym;
extern void bpf_local_irq_restore(unsigned long *flags) __ksym;

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} ring SEC(".maps");

struct {
  __uint(type, 31);
  __uint(max_entries, 4096);
} samples SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64[4]);
} values SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4);
  __type(key, struct bpf_dynptr);
  __type(value, struct bpf_dynptr);
} dynptrs SEC(".maps");

__u64 sink;

#define STATIC static __noinline
#define GLOBAL __noinline

#define TC(NAME, ...)                                                                                                  \
  SEC("tc") int NAME(struct __sk_buff *ctx)                                                                            \
  {                                                                                                                    \
    struct bpf_dynptr a __attribute__((unused)), b __attribute__((unused));                                            \
    struct bpf_iter_num it __attribute__((unused));                                                                    \
    unsigned long flags __attribute__((unused)), more __attribute__((unused));                                         \
    __u64 bytes[4] __attribute__((unused)) = {};                                                                       \
    __u64 *p = 0;                                                                                                      \
                                                                                                                       \
    __VA_ARGS__;                                                                                                       \
    keep(p);                                                                                                           \
    return 0;                                                                                                          \
  }

#define VALUE(V)                                                                                                       \
  __u32 key = ctx->mark;                                                                                               \
  __u64 *V = bpf_map_lookup_elem(&values, &key);                                                                       \
  if (!V)                                                                                                              \
  return 0

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

STATIC int size(struct bpf_dynptr *dynptr)
{
  return bpf_dynptr_size(dynptr);
}

STATIC int clone(struct bpf_dynptr *from, struct bpf_dynptr *to)
{
  return bpf_dynptr_clone(from, to);
}

STATIC int read(void *to, struct bpf_dynptr *dynptr)
{
  return dynptr_read(to, 8, dynptr, 0, 0);
}

STATIC int store(void *at)
{
  *(volatile __u64 *)at = 0;
  return 0;
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

/* Global functions. */

GLOBAL int global_size(const struct bpf_dynptr *dynptr)
{
  return bpf_dynptr_size(dynptr);
}

GLOBAL int global_write(struct bpf_dynptr *dynptr)
{
  __u64 word = 1;

  return dynptr_write(dynptr, 0, &word, 8, 0);
}

GLOBAL int global_submit(struct bpf_dynptr *dynptr)
{
  submit(dynptr, 0);
  return 0;
}

GLOBAL int global_load(const struct bpf_dynptr *dynptr)
{
  return *(volatile __u64 *)dynptr;
}

GLOBAL int global_words(__u64 *words)
{
  return words ? words[0] : 0;
}

GLOBAL int global_number(int number)
{
  return number + 1;
}

TC(ok_global, bpf_dynptr_from_skb(ctx, 0, &a); sink = global_size(&a))
TC(ok_global_used_after, bpf_dynptr_from_skb(ctx, 0, &a); sink = global_size(&a); sink = bpf_dynptr_size(&a))
TC(ok_global_sample, reserve(&ring, 8, 0, &a); global_write(&a); submit(&a, 0))
TC(bad_global_leak, reserve(&ring, 8, 0, &a); global_write(&a))
TC(bad_global, sink = global_size(&a))
TC(bad_global_after, reserve(&ring, 8, 0, &a); submit(&a, 0); sink = global_size(&a))
TC(bad_global_value, VALUE(v); sink = global_size((void *)v))
TC(bad_global_number, sink = global_size((void *)(long)ctx->mark))
TC(bad_global_submit, reserve(&ring, 8, 0, &a); global_submit(&a))
TC(bad_global_load, bpf_dynptr_from_skb(ctx, 0, &a); sink = global_load(&a))
TC(bad_global_words, bpf_dynptr_from_skb(ctx, 0, &a); sink = global_words((void *)&a))
TC(ok_global_words, bpf_dynptr_from_skb(ctx, 0, &a); sink = global_words(bytes); sink = bpf_dynptr_size(&a))
TC(bad_global_number_leak, reserve(&ring, 8, 0, &a); sink = global_number(ctx->mark))

/* Callbacks. */

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

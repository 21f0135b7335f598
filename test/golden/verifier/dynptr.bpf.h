// SPDX-License-Identifier: Apache-2.0
//
// What programs with dynptrs, iterators and saved flags are written with: helpers, kfuncs, maps.

#ifndef SKEP_TEST_DYNPTR_H
#define SKEP_TEST_DYNPTR_H

#include "skep.bpf.h"

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

#define VALUE(V)                                                                                                       \
  __u32 key = ctx->mark;                                                                                               \
  __u64 *V = bpf_map_lookup_elem(&values, &key);                                                                       \
  if (!V)                                                                                                              \
  return 0

#endif

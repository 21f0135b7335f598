// SPDX-License-Identifier: Apache-2.0
//
// Dynptrs, iterators and saved flags in a caller's frame, whose addresses functions and callbacks get: the frame, and
// what more than one file has such functions do.

#ifndef SKEP_TEST_FRAME_H
#define SKEP_TEST_FRAME_H

#include "dynptr.bpf.h"

static long (*const drain)(void *ring, void *callback, void *ctx, __u64 flags) = (void *)209;

struct {
  __uint(type, 31);
  __uint(max_entries, 4096);
} samples SEC(".maps");

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

STATIC int size(struct bpf_dynptr *dynptr)
{
  return bpf_dynptr_size(dynptr);
}

STATIC int store(void *at)
{
  *(volatile __u64 *)at = 0;
  return 0;
}

#endif

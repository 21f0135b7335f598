// SPDX-License-Identifier: Apache-2.0
//
// A socket that programs look up and have to release.

#ifndef SKEP_TEST_SOCKET_H
#define SKEP_TEST_SOCKET_H

#include "skep.bpf.h"

struct bpf_sock {
  __u32 bound_dev_if;
  __u32 family;
  __u32 words[16];
  __u32 state;
  __s32 rx_queue_mapping;
};

static struct bpf_sock *(*const bpf_sk_lookup_tcp)(void *ctx, void *tuple, __u32 size, __u64 netns,
                                                   __u64 flags) = (void *)84;
static long (*const bpf_sk_release)(void *sk) = (void *)86;

static __always_inline struct bpf_sock *lookup(void *ctx)
{
  __u32 tuple[3] = {};

  return bpf_sk_lookup_tcp(ctx, tuple, sizeof(tuple), -1, 0);
}

#endif

// SPDX-License-Identifier: Apache-2.0
//
// What a callback of bpf_user_ringbuf_drain may do with the dynptr that it gets. Never run, only loaded.

#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

static void (*const bpf_ringbuf_submit_dynptr)(void *dynptr, __u64 flags) = (void *)199;
static void *(*const bpf_dynptr_data)(void *dynptr, __u32 offset, __u32 length) = (void *)203;
static long (*const bpf_user_ringbuf_drain)(void *map, void *callback, void *ctx, __u64 flags) = (void *)209;

struct {
  __uint(type, 31 /* BPF_MAP_TYPE_USER_RINGBUF */);
  __uint(max_entries, 4096);
} ring SEC(".maps");

#define DRAIN(NAME, BODY)                                                                                              \
  static long on_##NAME(void *dynptr, void *ctx)                                                                       \
  {                                                                                                                    \
    BODY;                                                                                                              \
    return 0;                                                                                                          \
  }                                                                                                                    \
                                                                                                                       \
  SEC("raw_tp") int NAME(void *ctx)                                                                                    \
  {                                                                                                                    \
    bpf_user_ringbuf_drain(&ring, on_##NAME, NULL, 0);                                                                 \
    return 0;                                                                                                          \
  }

DRAIN(ok_drain, bpf_dynptr_data(dynptr, 0, 8))
DRAIN(bad_drain_read, if (*(volatile __u64 *)dynptr) return 1)
DRAIN(bad_drain_write, *(volatile __u64 *)dynptr = 1)
DRAIN(bad_drain_submit, bpf_ringbuf_submit_dynptr(dynptr, 0))
DRAIN(bad_drain_moved, bpf_dynptr_data(dynptr + 16, 0, 8))
DRAIN(bad_drain_before, bpf_dynptr_data(dynptr - 16, 0, 8))

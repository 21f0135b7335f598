// SPDX-License-Identifier: Apache-2.0
// Tracing programs that make a dynptr of the socket buffer that they are given. Linux lets in those whose names begin
// with ok; it is not asked to run them, their argument would be a made-up address of a structure.
#include "helpers.bpf.h"

struct bpf_dynptr {
  __u64 words[2];
} __attribute__((aligned(8)));

extern int bpf_dynptr_from_skb(struct __sk_buff *skb, __u64 flags, struct bpf_dynptr *dynptr) __ksym;
extern int bpf_dynptr_adjust(const struct bpf_dynptr *dynptr, __u32 start, __u32 end) __ksym;
extern bool bpf_dynptr_is_rdonly(const struct bpf_dynptr *dynptr) __ksym;
extern __u32 bpf_dynptr_size(const struct bpf_dynptr *dynptr) __ksym;
extern void *bpf_dynptr_slice(const struct bpf_dynptr *dynptr, __u32 offset, void *buffer, __u32 size) __ksym;
extern void *bpf_dynptr_slice_rdwr(const struct bpf_dynptr *dynptr, __u32 offset, void *buffer, __u32 size) __ksym;

#define MAKE(section, name, at, body)                                                                                  \
  SEC(section) int name(__u64 *ctx)                                                                                    \
  {                                                                                                                    \
    struct bpf_dynptr packet;                                                                                          \
    __u8 bytes[8] __attribute__((unused)) = {};                                                                        \
    __u8 *slice __attribute__((unused));                                                                               \
                                                                                                                       \
    out[0] = bpf_dynptr_from_skb((void *)ctx[at], 1, &packet);                                                         \
    out[1] = bpf_dynptr_from_skb((void *)ctx[at], 0, &packet);                                                         \
    out[2] = bpf_dynptr_size(&packet);                                                                                 \
    body;                                                                                                              \
    return 0;                                                                                                          \
  }

MAKE("tp_btf/kfree_skb", ok_whole, 0, {
  out[3] = bpf_dynptr_is_rdonly(&packet);
  out[4] = bpf_dynptr_read(bytes, 4, &packet, 12, 0);
  out[5] = *(__u32 *)bytes;
  out[6] = bpf_dynptr_read(bytes, 8, &packet, 43, 0);
  out[7] = bpf_dynptr_write(&packet, 0, bytes, 4, 0);
  out[8] = bpf_dynptr_data(&packet, 0, 4) != 0;
  slice = bpf_dynptr_slice(&packet, 14, bytes, 1);
  out[9] = slice ? *slice : -1;
  out[10] = bpf_dynptr_slice(&packet, 50, bytes, 1) != 0;
  out[11] = bpf_dynptr_adjust(&packet, 14, 34);
  out[12] = bpf_dynptr_size(&packet);
})
MAKE("tp_btf/consume_skb", bad_written, 0, slice = bpf_dynptr_slice(&packet, 0, bytes, 8); if (slice) *slice = 1)
MAKE("tp_btf/consume_skb", bad_slice_rdwr, 0, slice = bpf_dynptr_slice_rdwr(&packet, 0, bytes, 8); out[3] = !slice)
MAKE("raw_tp/kfree_skb", never_raw_tp, 0, )
MAKE("kprobe/consume_skb", never_kprobe, 14, )
MAKE("syscall", never_syscall, 0, )
MAKE("tp/skb/kfree_skb", never_tp, 1, )
MAKE("perf_event", never_perf_event, 1, )
MAKE("fentry/consume_skb", traced_fentry, 0, )
MAKE("fexit/consume_skb", traced_fexit, 0, )

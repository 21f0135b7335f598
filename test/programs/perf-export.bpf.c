// SPDX-License-Identifier: Apache-2.0
// Sends the beginning of each packet with a header of its own to the perf buffer of the CPU, as older tools do.
// build: - clang-19 -mcpu=v3 -I/usr/include/x86_64-linux-gnu
// build: c14 clang-14 -mcpu=v2 -I/usr/include/x86_64-linux-gnu
#include "parse.h"

struct {
  __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
  __uint(key_size, sizeof(__u32));
  __uint(value_size, sizeof(__u32));
} packets SEC(".maps");

struct header {
  __u64 number;
  __u32 cpu;
  __u16 length;
  __u16 captured;
};

const volatile __u32 snapshot = 96;
__u64 sent, unheard;

SEC("xdp")
int capture(struct xdp_md *ctx)
{
  __u64 length = ctx->data_end - ctx->data;
  __u64 captured = length < snapshot ? length : snapshot;
  struct header header = {
      .number = sent,
      .cpu = bpf_get_smp_processor_id(),
      .length = length,
      .captured = captured,
  };
  long error = bpf_perf_event_output(ctx, &packets, captured << 32 | BPF_F_CURRENT_CPU, &header, sizeof(header));

  __sync_fetch_and_add(error ? &unheard : &sent, 1);
  return error ? XDP_ABORTED : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";

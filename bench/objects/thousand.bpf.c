// SPDX-License-Identifier: Apache-2.0
//
// A program of about a thousand instructions, as a load balancer or a firewall has them: sixty bytes of the packet
// decide which counters grow. For the time of loading.

#include "request.h"

char LICENSE[] SEC("license") = "GPL";

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 256);
  __type(key, __u32);
  __type(value, __u64);
} counters SEC(".maps");

SEC("xdp") int count_bytes(struct xdp_md *ctx)
{
  __u8 *data = (void *)(long)ctx->data;
  __u64 sum = 0;

  if ((void *)(data + 64) > (void *)(long)ctx->data_end)
    return XDP_DROP;
  _Pragma("unroll") for (int i = 0; i < 60; i++)
  {
    __u32 key = data[i];
    __u64 *counter = bpf_map_lookup_elem(&counters, &key);

    if (!counter)
      return XDP_ABORTED;
    *counter += sum + i;
    sum = sum * 31 + key;
  }
  return sum & 1 ? XDP_PASS : XDP_TX;
}

// SPDX-License-Identifier: Apache-2.0
// Samples each flow once: a bloom filter remembers which were seen, a queue hands the new ones to the host, a stack
// lends the numbers that they get.
// build: - clang-19 -mcpu=v3 -I/usr/include/x86_64-linux-gnu
#include "parse.h"

struct flow {
  __be32 source;
  __be32 destination;
  __be16 source_port;
  __be16 destination_port;
  __u32 protocol;
};

struct sample {
  struct flow flow;
  __u32 number;
  __u32 length;
};

struct {
  __uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
  __uint(max_entries, 4096);
  __uint(map_extra, 5);
  __type(value, struct flow);
} seen SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_QUEUE);
  __uint(max_entries, 4);
  __type(value, struct sample);
} samples SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_STACK);
  __uint(max_entries, 16);
  __type(value, __u32);
} numbers SEC(".maps");

__u64 repeated, evicted, numberless;

SEC("socket")
int sample(struct __sk_buff *skb)
{
  struct sample sample = {.length = skb->len};
  __u32 offset = sizeof(struct iphdr);
  struct iphdr ip;
  __be16 ports[2];

  /* A socket filter sees the packet from its network header if it is asked so. */
  if (bpf_skb_load_bytes_relative(skb, 0, &ip, sizeof(ip), BPF_HDR_START_NET) || ip.version != 4)
    return 0;
  if (bpf_skb_load_bytes_relative(skb, offset, ports, sizeof(ports), BPF_HDR_START_NET))
    return 0;
  sample.flow = (struct flow){ip.saddr, ip.daddr, ports[0], ports[1], ip.protocol};
  if (bpf_map_peek_elem(&seen, &sample.flow) == 0) {
    __sync_fetch_and_add(&repeated, 1);
    return 0;
  }
  bpf_map_push_elem(&seen, &sample.flow, BPF_ANY);
  if (bpf_map_pop_elem(&numbers, &sample.number)) {
    __sync_fetch_and_add(&numberless, 1);
    return 0;
  }
  if (bpf_map_push_elem(&samples, &sample, 0)) {
    struct sample oldest;

    if (bpf_map_peek_elem(&samples, &oldest) == 0)
      bpf_map_push_elem(&numbers, &oldest.number, 0);
    bpf_map_push_elem(&samples, &sample, BPF_EXIST);
    __sync_fetch_and_add(&evicted, 1);
  }
  return skb->len;
}

char LICENSE[] SEC("license") = "GPL";

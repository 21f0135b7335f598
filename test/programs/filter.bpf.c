// SPDX-License-Identifier: Apache-2.0
// A socket filter that lets a socket see the beginning of web traffic, and accounting and policy for a control group.
// build: - clang-19 -mcpu=v2 -I/usr/include/x86_64-linux-gnu
#include "parse.h"

struct prefix {
  __u32 length;
  __be32 address;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 256);
  __type(key, __u32);
  __type(value, __u64);
} protocols SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(max_entries, 32);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct prefix);
  __type(value, __u8);
} forbidden SEC(".maps");

__u64 bytes_out;

/* TCP to port 80 or 443: so much of the packet that the headers are in it. */
SEC("socket")
int web(struct __sk_buff *skb)
{
  __u32 protocol, offset;
  struct tcphdr tcp;
  struct iphdr ip;
  __u64 *count;

  if (skb->protocol != bpf_htons(ETH_P_IP) || bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)))
    return 0;
  protocol = ip.protocol;
  count = bpf_map_lookup_elem(&protocols, &protocol);
  if (count)
    __sync_fetch_and_add(count, skb->len);
  offset = ip.ihl * 4;
  if (protocol != IPPROTO_TCP || bpf_skb_load_bytes(skb, offset, &tcp, sizeof(tcp)) ||
      (tcp.dest != bpf_htons(80) && tcp.dest != bpf_htons(443)))
    return 0;
  return offset + tcp.doff * 4;
}

SEC("cgroup_skb/egress")
int egress(struct __sk_buff *skb)
{
  struct prefix key = {.length = 32};
  struct iphdr ip;

  if (bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)))
    return 0;
  if (ip.version != 4)
    return 1;
  __sync_fetch_and_add(&bytes_out, skb->len);
  key.address = ip.daddr;
  return !bpf_map_lookup_elem(&forbidden, &key);
}

char LICENSE[] SEC("license") = "GPL";

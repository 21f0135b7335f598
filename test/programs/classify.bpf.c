// SPDX-License-Identifier: Apache-2.0
// A tc classifier: sets mark, priority, queue and class by DSCP and port, reads the rest of the packet with helpers,
// tags with a VLAN and trims what is too long.
// build: - clang-19 -mcpu=v3 -I/usr/include/x86_64-linux-gnu
#include "parse.h"
#include <linux/pkt_cls.h>

struct class {
  __u32 mark;
  __u32 priority;
  __u16 vlan;
  __u16 longest;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 64);
  __type(key, __u32);
  __type(value, struct class);
} classes SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u8[256]);
} payload SEC(".maps");

__u64 text, binary;

/* Copies up to 256 bytes behind the headers, and says whether they could be text. */
static int looks_like_text(struct __sk_buff *skb, __u32 offset)
{
  __u32 zero = 0, length = skb->len - offset;
  __u8 *bytes = bpf_map_lookup_elem(&payload, &zero);

  if (!bytes || offset >= skb->len)
    return 0;
  if (length > 256)
    length = 256;
  barrier_var(length); /* or clang concludes from the comparisons above what the verifier does not know */
  if (length == 0 || length > 256 || bpf_skb_load_bytes(skb, offset, bytes, length))
    return 0;
  for (__u32 i = 0; i < length; i++)
    if (bytes[i] < 9 || bytes[i] > 126)
      return 0;
  return 1;
}

SEC("tc")
int classify(struct __sk_buff *skb)
{
  struct cursor cursor = {(void *)(long)skb->data, (void *)(long)skb->data_end};
  struct class *class;
  __be16 protocol;
  __u32 offset, dscp;
  __u8 transport;
  __u16 vlan;

  protocol = take_ethernet(&cursor, &vlan);
  if (protocol == bpf_htons(ETH_P_IP)) {
    struct iphdr *ip = take_ipv4(&cursor);

    if (!ip)
      return TC_ACT_SHOT;
    dscp = ip->tos >> 2;
    offset = ETH_HLEN + ip->ihl * 4;
    transport = ip->protocol;
  } else if (protocol == bpf_htons(ETH_P_IPV6)) {
    struct ipv6hdr *ip = take(&cursor, struct ipv6hdr);

    if (!ip)
      return TC_ACT_SHOT;
    dscp = bpf_ntohl(*(__be32 *)ip) >> 22 & 63;
    offset = ETH_HLEN + sizeof(*ip);
    transport = ip->nexthdr;
  } else {
    return TC_ACT_UNSPEC;
  }
  class = bpf_map_lookup_elem(&classes, &dscp);
  if (!class || class->mark == 0)
    return TC_ACT_OK;
  skb->mark = class->mark;
  skb->priority = class->priority;
  skb->queue_mapping = dscp;
  skb->tc_classid = 0x10000 | class->mark;
  skb->cb[0] = skb->len;
  skb->cb[1] = skb->protocol;
  skb->cb[2] = skb->pkt_type;
  skb->cb[3] = skb->ingress_ifindex;
  skb->cb[4] = skb->gso_segs;
  offset += transport == IPPROTO_TCP ? sizeof(struct tcphdr) : sizeof(struct udphdr);
  if (looks_like_text(skb, offset))
    __sync_fetch_and_add(&text, 1);
  else
    __sync_fetch_and_add(&binary, 1);
  if (class->longest && skb->len > class->longest && bpf_skb_change_tail(skb, class->longest, 0))
    return TC_ACT_SHOT;
  if (class->vlan && bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), class->vlan))
    return TC_ACT_SHOT;
  return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "GPL";

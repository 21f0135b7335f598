// SPDX-License-Identifier: Apache-2.0
// Source NAT at tc: the first packet of a flow takes a port from a queue, both directions are rewritten with the
// checksum helpers. Port forwarding at XDP: the same by bpf_csum_diff.
// build: - clang-19 -mcpu=v3 -I/usr/include/x86_64-linux-gnu
#include "parse.h"
#include <linux/pkt_cls.h>
#include <stddef.h>

#define IP_OFFSET ETH_HLEN
#define L4_OFFSET (IP_OFFSET + sizeof(struct iphdr))

struct flow {
  __be32 address;
  __be16 port;
  __u8 protocol;
  __u8 pad;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, struct flow);
  __type(value, struct flow);
} outbound SEC(".maps"), inbound SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_QUEUE);
  __uint(max_entries, 64);
  __type(value, __be16);
} free_ports SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16);
  __type(key, __be16);
  __type(value, struct flow);
} forwarded SEC(".maps");

const volatile __be32 public_address = 0;

static __always_inline int rewrite(struct __sk_buff *skb, __be32 from, __be32 to, __be16 from_port, __be16 to_port,
                                   __u32 address_offset, __u32 port_offset, __u8 protocol)
{
  __u32 checksum = L4_OFFSET + (protocol == IPPROTO_TCP ? offsetof(struct tcphdr, check) : offsetof(struct udphdr, check));
  __u64 mangled = protocol == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0;

  if (bpf_l4_csum_replace(skb, checksum, from, to, BPF_F_PSEUDO_HDR | mangled | sizeof(to)) ||
      bpf_l4_csum_replace(skb, checksum, from_port, to_port, mangled | sizeof(to_port)) ||
      bpf_l3_csum_replace(skb, IP_OFFSET + offsetof(struct iphdr, check), from, to, sizeof(to)) ||
      bpf_skb_store_bytes(skb, IP_OFFSET + address_offset, &to, sizeof(to), 0) ||
      bpf_skb_store_bytes(skb, L4_OFFSET + port_offset, &to_port, sizeof(to_port), BPF_F_INVALIDATE_HASH))
    return TC_ACT_SHOT;
  return TC_ACT_OK;
}

SEC("tc")
int masquerade(struct __sk_buff *skb)
{
  struct flow flow = {}, translated = {.address = public_address}, *known;
  struct iphdr ip;
  __be16 ports[2];

  if (skb->protocol != bpf_htons(ETH_P_IP) || bpf_skb_load_bytes(skb, IP_OFFSET, &ip, sizeof(ip)) || ip.ihl != 5 ||
      (ip.protocol != IPPROTO_TCP && ip.protocol != IPPROTO_UDP) ||
      bpf_skb_load_bytes(skb, L4_OFFSET, ports, sizeof(ports)))
    return TC_ACT_UNSPEC;
  flow.protocol = translated.protocol = ip.protocol;
  if (ip.daddr == public_address) {
    flow.address = ip.daddr;
    flow.port = ports[1];
    known = bpf_map_lookup_elem(&inbound, &flow);
    if (!known)
      return TC_ACT_SHOT;
    return rewrite(skb, ip.daddr, known->address, ports[1], known->port, offsetof(struct iphdr, daddr),
                   offsetof(struct udphdr, dest), ip.protocol);
  }
  flow.address = ip.saddr;
  flow.port = ports[0];
  known = bpf_map_lookup_elem(&outbound, &flow);
  if (!known) {
    if (bpf_map_pop_elem(&free_ports, &translated.port))
      return TC_ACT_SHOT;
    bpf_map_update_elem(&outbound, &flow, &translated, BPF_ANY);
    bpf_map_update_elem(&inbound, &translated, &flow, BPF_ANY);
    known = &translated;
  }
  return rewrite(skb, ip.saddr, known->address, ports[0], known->port, offsetof(struct iphdr, saddr),
                 offsetof(struct udphdr, source), ip.protocol);
}

static __always_inline __sum16 fold(__s64 sum)
{
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return ~sum;
}

SEC("xdp")
int forward(struct xdp_md *ctx)
{
  struct cursor cursor = {(void *)(long)ctx->data, (void *)(long)ctx->data_end};
  struct ethhdr *ethernet = cursor.at;
  struct udphdr *udp;
  struct flow *target;
  struct iphdr *ip;
  __u8 mac[ETH_ALEN];
  __u16 vlan;
  __s64 sum;

  if (take_ethernet(&cursor, &vlan) != bpf_htons(ETH_P_IP) || vlan)
    return XDP_PASS;
  ip = take(&cursor, struct iphdr);
  if (!ip || ip->ihl != 5 || ip->protocol != IPPROTO_UDP)
    return XDP_PASS;
  udp = take(&cursor, struct udphdr);
  if (!udp)
    return XDP_DROP;
  target = bpf_map_lookup_elem(&forwarded, &udp->dest);
  if (!target)
    return XDP_PASS;
  sum = bpf_csum_diff(&ip->daddr, 4, &target->address, 4, ~udp->check & 0xffff);
  ip->daddr = target->address;
  sum += (__u16)~udp->dest + target->port;
  udp->dest = target->port;
  if (udp->check)
    udp->check = fold(sum) ?: 0xffff;
  ip->ttl--;
  ip->check = 0;
  ip->check = fold(bpf_csum_diff(NULL, 0, (__be32 *)ip, sizeof(*ip), 0));
  __builtin_memcpy(mac, ethernet->h_dest, ETH_ALEN);
  __builtin_memcpy(ethernet->h_dest, ethernet->h_source, ETH_ALEN);
  __builtin_memcpy(ethernet->h_source, mac, ETH_ALEN);
  return XDP_TX;
}

char LICENSE[] SEC("license") = "GPL";

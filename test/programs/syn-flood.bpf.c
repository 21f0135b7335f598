// SPDX-License-Identifier: Apache-2.0
// Sources that send many SYNs and complete few handshakes are blocked. The sources are in an LRU map: a flood from
// forged addresses pushes out old ones, and never fills the map.
// build: - clang-19 -mcpu=v3 -I/usr/include/x86_64-linux-gnu
#include "parse.h"

struct source {
  __u32 syns;
  __u32 handshakes;
  __u32 resets;
};

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 512);
  __type(key, __be32);
  __type(value, struct source);
} sources SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 256);
  __type(key, __be32);
  __type(value, __u32);
} blocked SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
  __uint(max_entries, 512);
  __type(key, __be16);
  __type(value, __u64);
} ports SEC(".maps");

const volatile struct {
  __u32 max_open;
  _Bool learn_only;
} settings = {.max_open = 5};

SEC("xdp")
int track(struct xdp_md *ctx)
{
  struct cursor cursor = {(void *)(long)ctx->data, (void *)(long)ctx->data_end};
  struct source *source, empty = {};
  struct tcphdr *tcp;
  struct iphdr *ip;
  __u64 one = 1, *hits;
  __u32 *drops;
  __u16 vlan;

  if (take_ethernet(&cursor, &vlan) != bpf_htons(ETH_P_IP))
    return XDP_PASS;
  ip = take_ipv4(&cursor);
  if (!ip || ip->protocol != IPPROTO_TCP || ip->frag_off & bpf_htons(0x1fff))
    return XDP_PASS;
  tcp = take(&cursor, struct tcphdr);
  if (!tcp)
    return XDP_DROP;
  drops = bpf_map_lookup_elem(&blocked, &ip->saddr);
  if (drops) {
    __sync_fetch_and_add(drops, 1);
    return XDP_DROP;
  }
  source = bpf_map_lookup_elem(&sources, &ip->saddr);
  if (!source) {
    bpf_map_update_elem(&sources, &ip->saddr, &empty, BPF_NOEXIST);
    source = bpf_map_lookup_elem(&sources, &ip->saddr);
    if (!source)
      return XDP_PASS;
  }
  hits = bpf_map_lookup_elem(&ports, &tcp->dest);
  if (hits)
    *hits += 1;
  else
    bpf_map_update_elem(&ports, &tcp->dest, &one, BPF_ANY);
  if (tcp->syn && !tcp->ack)
    __sync_fetch_and_add(&source->syns, 1);
  else if (tcp->rst)
    __sync_fetch_and_add(&source->resets, 1);
  else if (tcp->ack && !tcp->fin)
    __sync_fetch_and_add(&source->handshakes, 1);
  if (source->syns > source->handshakes + settings.max_open && !settings.learn_only) {
    __u32 none = 0;

    bpf_map_update_elem(&blocked, &ip->saddr, &none, BPF_NOEXIST);
    bpf_map_delete_elem(&sources, &ip->saddr);
    return XDP_DROP;
  }
  return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

// SPDX-License-Identifier: Apache-2.0
// Each tenant (VLAN) has limits and a list of ports of its own: maps in maps, which the object fills.
// build: - clang-19 -mcpu=v3 -I/usr/include/x86_64-linux-gnu
#include "parse.h"

struct limits {
  __u32 longest;
  _Bool udp_allowed;
};

struct port_list {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 64);
  __type(key, __u16);
  __type(value, __u32);
} ports_red SEC(".maps"), ports_blue SEC(".maps");

struct limits_of_tenant {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct limits);
} limits_red SEC(".maps"), limits_blue SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
  __uint(max_entries, 16);
  __type(key, __u32);
  __array(values, struct port_list);
} ports SEC(".maps") = {
    .values = {[1] = &ports_red, [2] = &ports_blue},
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, 4);
  __type(key, __u32);
  __array(values, struct limits_of_tenant);
} limits SEC(".maps") = {
    .values = {[1] = &limits_red, [2] = &limits_blue},
};

__u64 unknown_tenants;

SEC("xdp")
int admit(struct xdp_md *ctx)
{
  struct cursor cursor = {(void *)(long)ctx->data, (void *)(long)ctx->data_end};
  __u32 zero = 0, tenant, *hits;
  struct limits *limit;
  void *list, *config;
  struct udphdr *udp;
  struct iphdr *ip;
  __u16 vlan, port;

  if (take_ethernet(&cursor, &vlan) != bpf_htons(ETH_P_IP))
    return XDP_PASS;
  tenant = vlan;
  config = bpf_map_lookup_elem(&limits, &tenant);
  list = bpf_map_lookup_elem(&ports, &tenant);
  if (!config || !list) {
    __sync_fetch_and_add(&unknown_tenants, 1);
    return XDP_ABORTED;
  }
  limit = bpf_map_lookup_elem(config, &zero);
  if (!limit || ctx->data_end - ctx->data > limit->longest)
    return XDP_DROP;
  ip = take_ipv4(&cursor);
  if (!ip || (ip->protocol == IPPROTO_UDP && !limit->udp_allowed))
    return XDP_DROP;
  udp = take(&cursor, struct udphdr); /* the ports of TCP are at the same place */
  if (!udp)
    return XDP_DROP;
  port = bpf_ntohs(udp->dest);
  hits = bpf_map_lookup_elem(list, &port);
  if (!hits)
    return XDP_DROP;
  __sync_fetch_and_add(hits, 1);
  return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";

// SPDX-License-Identifier: Apache-2.0
// A load balancer in Katran's manner: the flow's hash chooses a place on a ring, the ring names the server, an LRU map
// remembers it for the flow, and the packet leaves in IP-in-IP.
// build: - clang-19 -mcpu=v3 -I/usr/include/x86_64-linux-gnu
#include "parse.h"

#define RING_SIZE 31

struct service_key {
  __be32 address;
  __be16 port;
  __u8 protocol;
  __u8 pad;
};

struct service {
  __u32 number;
  __u32 flags;
};

struct flow {
  struct service_key service;
  __be32 client;
  __be16 client_port;
  __u16 pad;
};

struct server {
  __be32 address;
  __u8 mac[ETH_ALEN];
  __u16 pad;
};

struct statistics {
  __u64 packets, bytes, remembered;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 64);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct service_key);
  __type(value, struct service);
} services SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4 * RING_SIZE);
  __type(key, __u32);
  __type(value, __u32);
} ring SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 16);
  __type(key, __u32);
  __type(value, struct server);
} servers SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 1024);
  __type(key, struct flow);
  __type(value, __u32);
} flows SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 16);
  __type(key, __u32);
  __type(value, struct statistics);
} statistics SEC(".maps");

const volatile __be32 own_address = 0;
const volatile __u8 own_mac[ETH_ALEN] = {2, 0, 0, 0, 0, 1};

static __always_inline __u32 rotate(__u32 word, __u32 by)
{
  return word << by | word >> (32 - by);
}

/* A hash of three words (Jenkins' final mix). */
static __always_inline __u32 hash(__u32 a, __u32 b, __u32 c)
{
  c ^= b, c -= rotate(b, 14);
  a ^= c, a -= rotate(c, 11);
  b ^= a, b -= rotate(a, 25);
  c ^= b, c -= rotate(b, 16);
  a ^= c, a -= rotate(c, 4);
  b ^= a, b -= rotate(a, 14);
  c ^= b, c -= rotate(b, 24);
  return c;
}

static __noinline int encapsulate(struct xdp_md *ctx, struct server *server, __u8 tos)
{
  struct ethhdr *ethernet;
  struct iphdr *outer;
  __u16 *words;
  __u32 sum = 0;
  __u16 length = ctx->data_end - ctx->data;

  if (!server || bpf_xdp_adjust_head(ctx, -(int)sizeof(struct iphdr)))
    return XDP_DROP;
  ethernet = (void *)(long)ctx->data;
  outer = (void *)(ethernet + 1);
  if ((void *)(outer + 1) > (void *)(long)ctx->data_end)
    return XDP_DROP;
  __builtin_memcpy(ethernet->h_dest, server->mac, ETH_ALEN);
  __builtin_memcpy(ethernet->h_source, (const void *)own_mac, ETH_ALEN);
  ethernet->h_proto = bpf_htons(ETH_P_IP);
  *outer = (struct iphdr){
      .version = 4,
      .ihl = 5,
      .tos = tos,
      .tot_len = bpf_htons(length - ETH_HLEN + sizeof(*outer)),
      .ttl = 64,
      .protocol = IPPROTO_IPIP,
      .saddr = own_address,
      .daddr = server->address,
  };
  words = (__u16 *)outer;
#pragma clang loop unroll(full)
  for (int i = 0; i < sizeof(*outer) / 2; i++)
    sum += words[i];
  sum = (sum & 0xffff) + (sum >> 16);
  outer->check = ~(sum + (sum >> 16));
  return XDP_TX;
}

SEC("xdp")
int balance(struct xdp_md *ctx)
{
  struct cursor cursor = {(void *)(long)ctx->data, (void *)(long)ctx->data_end};
  struct flow flow = {};
  struct statistics *count;
  struct service *service;
  struct udphdr *ports;
  struct server *server;
  __u32 *known, place, number;
  struct iphdr *ip;
  __u16 vlan;

  if (take_ethernet(&cursor, &vlan) != bpf_htons(ETH_P_IP) || vlan)
    return XDP_PASS;
  ip = take_ipv4(&cursor);
  if (!ip)
    return XDP_DROP;
  if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
    return XDP_PASS;
  ports = take(&cursor, struct udphdr);
  if (!ports)
    return XDP_DROP;
  flow.service = (struct service_key){ip->daddr, ports->dest, ip->protocol, 0};
  service = bpf_map_lookup_elem(&services, &flow.service);
  if (!service)
    return XDP_PASS;
  flow.client = ip->saddr;
  flow.client_port = ports->source;
  known = bpf_map_lookup_elem(&flows, &flow);
  if (known) {
    number = *known;
  } else {
    place = hash(flow.client, flow.client_port, service->number) % RING_SIZE + service->number * RING_SIZE;
    known = bpf_map_lookup_elem(&ring, &place);
    if (!known)
      return XDP_DROP;
    number = *known;
    bpf_map_update_elem(&flows, &flow, &number, BPF_ANY);
    known = NULL;
  }
  server = bpf_map_lookup_elem(&servers, &number);
  if (!server || !server->address)
    return XDP_DROP;
  count = bpf_map_lookup_elem(&statistics, &number);
  if (count) {
    count->packets++;
    count->bytes += ctx->data_end - ctx->data;
    count->remembered += known != NULL;
  }
  return encapsulate(ctx, server, ip->tos);
}

char LICENSE[] SEC("license") = "GPL";

// SPDX-License-Identifier: Apache-2.0
// Packets looked at as socket filters did before there were direct accesses, and many still do: by legacy packet loads,
// which end the program with 0 where the packet ends. A sniffer's flows, a capture filter and a guard of ports.
// build: - clang-19 -mcpu=v2 -I/usr/include/x86_64-linux-gnu
// build: v1 clang-19 -mcpu=v1 -I/usr/include/x86_64-linux-gnu
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <stddef.h>
#include <bpf/bpf_helpers.h>

#define IP_FRAGMENT 0x3fff
#define MAX_VLANS 2

unsigned long long load_byte(void *skb, unsigned long long offset) asm("llvm.bpf.load.byte");
unsigned long long load_half(void *skb, unsigned long long offset) asm("llvm.bpf.load.half");
unsigned long long load_word(void *skb, unsigned long long offset) asm("llvm.bpf.load.word");

struct flow {
  __u32 source;
  __u32 destination;
  __u32 ports;
  __u32 protocol;
};

struct count {
  __u64 packets;
  __u64 bytes;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 64);
  __type(key, struct flow);
  __type(value, struct count);
} flows SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1024);
  __type(key, __u32);
  __type(value, __u64);
} guarded SEC(".maps");

__u64 last_word;

static __always_inline __u32 hash6(struct __sk_buff *skb, __u64 at)
{
  return load_word(skb, at) ^ load_word(skb, at + 4) ^ load_word(skb, at + 8) ^ load_word(skb, at + 12);
}

/* Into the flow; where the ports are, 0 if there are none. From the link header on, whatever the program sees first. */
static __always_inline __u64 dissect(struct __sk_buff *skb, struct flow *flow)
{
  __u64 at = SKF_LL_OFF + ETH_HLEN;
  __u64 type = load_half(skb, SKF_LL_OFF + offsetof(struct ethhdr, h_proto));

#pragma unroll
  for (int tags = 0; tags < MAX_VLANS; tags++)
    if (type == ETH_P_8021Q || type == ETH_P_8021AD) {
      type = load_half(skb, at + 2);
      at += 4;
    }
  if (type == ETH_P_IP) {
    flow->source = load_word(skb, at + offsetof(struct iphdr, saddr));
    flow->destination = load_word(skb, at + offsetof(struct iphdr, daddr));
    flow->protocol = load_byte(skb, at + offsetof(struct iphdr, protocol));
    if (load_half(skb, at + offsetof(struct iphdr, frag_off)) & IP_FRAGMENT)
      return 0;
    at += (load_byte(skb, at) & 15) << 2;
  } else if (type == ETH_P_IPV6) {
    flow->source = hash6(skb, at + offsetof(struct ipv6hdr, saddr));
    flow->destination = hash6(skb, at + offsetof(struct ipv6hdr, daddr));
    flow->protocol = load_byte(skb, at + offsetof(struct ipv6hdr, nexthdr));
    at += sizeof(struct ipv6hdr);
  } else {
    return 0;
  }
  return flow->protocol == IPPROTO_TCP || flow->protocol == IPPROTO_UDP ? at : 0;
}

SEC("socket")
int sniff(struct __sk_buff *skb)
{
  struct count first = {1, skb->len}, *known;
  struct flow flow = {};
  __u64 ports = dissect(skb, &flow);

  if (ports)
    flow.ports = load_word(skb, ports);
  known = bpf_map_lookup_elem(&flows, &flow);
  if (known) {
    __sync_fetch_and_add(&known->packets, 1);
    __sync_fetch_and_add(&known->bytes, skb->len);
  } else {
    bpf_map_update_elem(&flows, &flow, &first, BPF_NOEXIST);
  }
  return skb->len;
}

/* ip and tcp and dst port 80 and tcp[tcpflags] & tcp-push != 0: so much of the packet as the capture wants. */
SEC("socket")
int capture(struct __sk_buff *skb)
{
  __u64 header;

  if (skb->protocol != __builtin_bswap16(ETH_P_IP))
    return 0;
  if (load_byte(skb, offsetof(struct iphdr, protocol)) != IPPROTO_TCP)
    return 0;
  if (load_half(skb, offsetof(struct iphdr, frag_off)) & 0x1fff)
    return 0;
  header = (load_byte(skb, 0) & 15) << 2;
  if (load_half(skb, header + 2) != 80 || !(load_byte(skb, header + 13) & 8))
    return 0;
  return 96;
}

static __noinline int is_guarded(struct __sk_buff *skb, __u64 ports)
{
  __u32 port = load_half(skb, ports + 2) & 1023;
  __u64 *times = bpf_map_lookup_elem(&guarded, &port);

  if (!times || !*times)
    return 0;
  __sync_fetch_and_add(times, 1);
  return 1;
}

SEC("tc")
int guard(struct __sk_buff *skb)
{
  struct flow flow = {};
  __u64 ports = dissect(skb, &flow);

  if (ports && is_guarded(skb, ports))
    return TC_ACT_SHOT;
  last_word = load_word(skb, skb->len - 4);
  return TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "GPL";

// SPDX-License-Identifier: Apache-2.0
// Connections of TCP and UDP over IPv4 and IPv6, both directions under one key; each has a timer that ends it, longer
// once it is established.
// build: - clang-19 -mcpu=v3 -I/usr/include/x86_64-linux-gnu
// build: c16 clang-16 -mcpu=v3 -I/usr/include/x86_64-linux-gnu
// build: c22 clang-22 -mcpu=v4 -I/usr/include/x86_64-linux-gnu
#include "parse.h"
#include <linux/pkt_cls.h>

#define CLOCK_MONOTONIC 1
#define SECOND 1000000000ull

enum state { NEW, ESTABLISHED, CLOSING };

struct endpoint {
  struct in6_addr address;
  __be16 port;
} __attribute__((packed));

struct connection_key {
  struct endpoint low, high;
  __u16 vlan;
  __u8 protocol;
} __attribute__((packed));

struct connection {
  enum state state;
  __u8 started_low; /* bytes: with bit fields in the value the kernel does not find the timer */
  __u8 fin_low;
  __u8 fin_high;
  __u64 packets[2];
  __u64 bytes[2];
  struct bpf_timer timeout;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4096);
  __type(key, struct connection_key);
  __type(value, struct connection);
} connections SEC(".maps");

__u64 created, ended, invalid;

static int on_timeout(void *map, struct connection_key *key, struct connection *connection)
{
  __sync_fetch_and_add(&ended, 1);
  bpf_map_delete_elem(map, key);
  return 0;
}

static __always_inline int compare(const struct endpoint *a, const struct endpoint *b)
{
  for (int i = 0; i < 4; i++) {
    __u32 left = bpf_ntohl(a->address.in6_u.u6_addr32[i]), right = bpf_ntohl(b->address.in6_u.u6_addr32[i]);

    if (left != right)
      return left < right ? -1 : 1;
  }
  return bpf_ntohs(a->port) - bpf_ntohs(b->port);
}

static __always_inline void set_ipv4(struct in6_addr *address, __be32 ipv4)
{
  address->in6_u.u6_addr32[2] = bpf_htonl(0xffff);
  address->in6_u.u6_addr32[3] = ipv4;
}

static __always_inline struct connection *connection_of(struct connection_key *key, int from_low)
{
  struct connection *connection = bpf_map_lookup_elem(&connections, key);
  struct connection fresh = {.state = NEW, .started_low = from_low};

  if (connection)
    return connection;
  if (bpf_map_update_elem(&connections, key, &fresh, BPF_NOEXIST) == 0)
    __sync_fetch_and_add(&created, 1);
  connection = bpf_map_lookup_elem(&connections, key);
  if (connection && bpf_timer_init(&connection->timeout, &connections, CLOCK_MONOTONIC) == 0)
    bpf_timer_set_callback(&connection->timeout, on_timeout);
  return connection;
}

SEC("tc")
int track(struct __sk_buff *skb)
{
  struct cursor cursor = {(void *)(long)skb->data, (void *)(long)skb->data_end};
  struct endpoint source = {}, destination = {};
  struct connection_key key = {};
  struct connection *connection;
  struct tcphdr *tcp = NULL;
  __be16 protocol;
  __u16 vlan;
  int from_low;

  protocol = take_ethernet(&cursor, &vlan);
  if (protocol == bpf_htons(ETH_P_IP)) {
    struct iphdr *ip = take_ipv4(&cursor);

    if (!ip)
      goto bad;
    set_ipv4(&source.address, ip->saddr);
    set_ipv4(&destination.address, ip->daddr);
    key.protocol = ip->protocol;
  } else if (protocol == bpf_htons(ETH_P_IPV6)) {
    struct ipv6hdr *ip = take(&cursor, struct ipv6hdr);

    if (!ip)
      goto bad;
    source.address = ip->saddr;
    destination.address = ip->daddr;
    key.protocol = ip->nexthdr;
  } else {
    return TC_ACT_OK;
  }
  if (key.protocol == IPPROTO_TCP) {
    tcp = take(&cursor, struct tcphdr);
    if (!tcp)
      goto bad;
    source.port = tcp->source;
    destination.port = tcp->dest;
  } else if (key.protocol == IPPROTO_UDP) {
    struct udphdr *udp = take(&cursor, struct udphdr);

    if (!udp)
      goto bad;
    source.port = udp->source;
    destination.port = udp->dest;
  } else {
    return TC_ACT_OK;
  }
  from_low = compare(&source, &destination) <= 0;
  key.low = from_low ? source : destination;
  key.high = from_low ? destination : source;
  key.vlan = vlan;
  connection = connection_of(&key, from_low);
  if (!connection)
    return TC_ACT_SHOT;
  connection->packets[!from_low]++;
  connection->bytes[!from_low] += skb->len;
  if (connection->state == NEW && from_low != connection->started_low)
    connection->state = ESTABLISHED;
  if (tcp && (tcp->fin || tcp->rst)) {
    if (from_low)
      connection->fin_low = 1;
    else
      connection->fin_high = 1;
    if (tcp->rst || (connection->fin_low && connection->fin_high))
      connection->state = CLOSING;
  }
  switch (connection->state) {
  case NEW:
    bpf_timer_start(&connection->timeout, 30 * SECOND, 0);
    break;
  case ESTABLISHED:
    bpf_timer_start(&connection->timeout, 300 * SECOND, 0);
    break;
  case CLOSING:
    bpf_timer_start(&connection->timeout, 2 * SECOND, 0);
    break;
  }
  return connection->state == CLOSING ? TC_ACT_PIPE : TC_ACT_OK;
bad:
  __sync_fetch_and_add(&invalid, 1);
  return TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "GPL";

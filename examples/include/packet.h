// SPDX-License-Identifier: Apache-2.0
// Network headers as they lie in a packet (network byte order), as far as the examples look at them.
#ifndef SKEP_EXAMPLES_PACKET_H
#define SKEP_EXAMPLES_PACKET_H

#include "skep.bpf.h"

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17

struct ethhdr {
  __u8 h_dest[6];
  __u8 h_source[6];
  __be16 h_proto;
} __attribute__((packed));

struct iphdr {
  __u8 ihl : 4;
  __u8 version : 4;
  __u8 tos;
  __be16 tot_len;
  __be16 id;
  __be16 frag_off;
  __u8 ttl;
  __u8 protocol;
  __u16 check;
  __be32 saddr;
  __be32 daddr;
};

/* Low 13 bits of frag_off: where the fragment belongs. Only the one at 0 has the ports. */
#define IP_OFFSET 0x1fff

struct ipv6hdr {
  __be32 version_class_flow;
  __be16 payload_len;
  __u8 nexthdr;
  __u8 hop_limit;
  __be32 saddr[4];
  __be32 daddr[4];
};

/* TCP and UDP begin alike. */
struct ports {
  __be16 source;
  __be16 dest;
};

struct tcphdr {
  struct ports ports;
  __be32 seq;
  __be32 ack_seq;
  __u8 reserved : 4;
  __u8 doff : 4;
  __u8 fin : 1;
  __u8 syn : 1;
  __u8 rst : 1;
  __u8 psh : 1;
  __u8 ack : 1;
  __u8 urg : 1;
  __u8 ece : 1;
  __u8 cwr : 1;
  __be16 window;
  __u16 check;
  __be16 urg_ptr;
};

#endif

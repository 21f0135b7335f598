/* SPDX-License-Identifier: Apache-2.0 */
/* A cursor over a packet: each function checks the bounds, moves the cursor, and gives NULL at the packet's end. */
#ifndef PARSE_H
#define PARSE_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#define MAX_VLANS 2

struct vlan_header {
  __be16 tci;
  __be16 protocol;
};

struct cursor {
  void *at;
  void *end;
};

#define take(cursor, type)                                                                                             \
  ({                                                                                                                   \
    type *_header = (cursor)->at;                                                                                      \
    (void *)(_header + 1) > (cursor)->end ? NULL : ((cursor)->at = _header + 1, _header);                              \
  })

/* The EtherType behind any VLAN tags, in network order; 0 if the packet ends before. `vlan` gets the outermost id. */
static __always_inline __be16 take_ethernet(struct cursor *cursor, __u16 *vlan)
{
  struct ethhdr *ethernet = take(cursor, struct ethhdr);
  __be16 protocol;

  *vlan = 0;
  if (!ethernet)
    return 0;
  protocol = ethernet->h_proto;
#pragma unroll
  for (int i = 0; i < MAX_VLANS; i++) {
    struct vlan_header *tag;

    if (protocol != bpf_htons(ETH_P_8021Q) && protocol != bpf_htons(ETH_P_8021AD))
      break;
    tag = take(cursor, struct vlan_header);
    if (!tag)
      return 0;
    if (i == 0)
      *vlan = bpf_ntohs(tag->tci) & 0xfff;
    protocol = tag->protocol;
  }
  return protocol;
}

/* The IPv4 header; the cursor is then behind its options. */
static __always_inline struct iphdr *take_ipv4(struct cursor *cursor)
{
  struct iphdr *ip = take(cursor, struct iphdr);

  if (!ip || ip->ihl < 5)
    return NULL;
  cursor->at = (void *)ip + ip->ihl * 4;
  return ip;
}

#endif

// SPDX-License-Identifier: Apache-2.0
// Redirects: what the helpers answer, and what they record.
#include "helpers.bpf.h"

SEC("xdp") int xdp_to_interface(struct xdp_md *ctx)
{
  out[0] = bpf_redirect(7, 1);
  return bpf_redirect(3, 0);
}

SEC("xdp") int xdp_not_after_all(struct xdp_md *ctx)
{
  bpf_redirect(3, 0);
  return XDP_PASS;
}

SEC("tc") int tc_to_interface(struct __sk_buff *skb)
{
  out[0] = bpf_redirect(7, 16);
  out[1] = bpf_redirect(7, 0);
  out[2] = bpf_redirect(7, 2);
  out[3] = bpf_redirect(7, 1 << 16);
  return bpf_redirect(9, 1);
}

SEC("tc") int tc_to_peer(struct __sk_buff *skb)
{
  out[0] = bpf_redirect_peer(4, 1);
  return bpf_redirect_peer(4, 0);
}

SEC("tc") int tc_to_neighbor(struct __sk_buff *skb)
{
  return bpf_redirect_neigh(5, NULL, 0, 0);
}

SEC("tc") int tc_to_next_hop(struct __sk_buff *skb)
{
  struct {
    __u32 family;
    __u8 address[16];
  } hop = {2, {10, 0, 0, 1}};

  out[0] = bpf_redirect_neigh(5, &hop, sizeof(hop), 1);
  out[1] = bpf_redirect_neigh(5, &hop, 8, 0);
  return bpf_redirect_neigh(5, &hop, sizeof(hop), 0);
}

/* Interface 1 is the loopback of any network namespace, but nothing is sent there when the kernel is asked. */
SEC("tc") int tc_clone(struct __sk_buff *skb)
{
  out[0] = bpf_clone_redirect(skb, 1, 32);
  out[1] = bpf_clone_redirect(skb, 0, 0);
  return 0;
}

SEC("tc") int tc_clone_twice(struct __sk_buff *skb)
{
  __u8 byte = 0xaa;

  out[0] = bpf_clone_redirect(skb, 2, 0);
  bpf_skb_store_bytes(skb, 20, &byte, 1, 0);
  out[1] = bpf_clone_redirect(skb, 3, 1);
  return 0;
}

/* Until there is no room: the answer says how many there were, and what the next one said. */
SEC("tc") int tc_clone_many(struct __sk_buff *skb)
{
  for (int clones = 0; clones < 64; clones++) {
    out[0] = clones;
    out[1] = bpf_clone_redirect(skb, 2, 0);
    if (out[1])
      break;
  }
  return 0;
}

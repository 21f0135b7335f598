// SPDX-License-Identifier: Apache-2.0
// Reading, writing and resizing packets; checksums.
#include "helpers.bpf.h"

SEC("xdp") int xdp_head(struct xdp_md *ctx)
{
  out[0] = bpf_xdp_adjust_head(ctx, 36);
  out[1] = bpf_xdp_adjust_head(ctx, 37);
  out[2] = bpf_xdp_adjust_head(ctx, -300);
  out[3] = bpf_xdp_adjust_head(ctx, 4);
  out[4] = bpf_xdp_adjust_head(ctx, -8);
  out[5] = bpf_xdp_get_buff_len(ctx);
  return XDP_PASS;
}

SEC("xdp") int xdp_head_to_the_edge(struct xdp_md *ctx)
{
  out[0] = bpf_xdp_adjust_head(ctx, -217);
  out[1] = bpf_xdp_adjust_head(ctx, -216);
  out[2] = bpf_xdp_adjust_head(ctx, -1);
  return XDP_PASS;
}

SEC("xdp") int xdp_tail(struct xdp_md *ctx)
{
  out[0] = bpf_xdp_adjust_tail(ctx, 10);
  out[1] = bpf_xdp_adjust_tail(ctx, -46);
  out[2] = bpf_xdp_adjust_tail(ctx, -47);
  out[3] = bpf_xdp_adjust_tail(ctx, -4);
  out[4] = bpf_xdp_adjust_tail(ctx, 4);
  out[5] = bpf_xdp_get_buff_len(ctx);
  out[6] = bpf_xdp_adjust_tail(ctx, 1 << 30);
  return XDP_PASS;
}

SEC("xdp") int xdp_meta(struct xdp_md *ctx)
{
  out[0] = bpf_xdp_adjust_meta(ctx, -3);
  out[1] = bpf_xdp_adjust_meta(ctx, 4);
  out[2] = bpf_xdp_adjust_meta(ctx, -260);
  out[3] = bpf_xdp_adjust_meta(ctx, -8);
  out[4] = ctx->data - ctx->data_meta;
  out[5] = bpf_xdp_adjust_head(ctx, 12);
  out[6] = ctx->data - ctx->data_meta;
  out[7] = bpf_xdp_adjust_head(ctx, -212);
  out[8] = bpf_xdp_adjust_meta(ctx, 8);
  out[9] = ctx->data - ctx->data_meta;
  out[10] = bpf_xdp_adjust_head(ctx, -228);
  return XDP_PASS;
}

SEC("xdp") int xdp_bytes(struct xdp_md *ctx)
{
  __u8 buffer[8] = {1, 2, 3, 4, 5, 6, 7, 8};

  out[0] = bpf_xdp_load_bytes(ctx, 12, buffer, 4);
  out[1] = *(__u32 *)buffer;
  out[2] = bpf_xdp_load_bytes(ctx, 46, buffer, 4);
  out[3] = *(__u32 *)buffer;
  out[4] = bpf_xdp_load_bytes(ctx, 47, buffer, 4);
  out[5] = *(__u32 *)buffer;
  out[6] = bpf_xdp_load_bytes(ctx, -1, buffer, 4);
  out[7] = bpf_xdp_load_bytes(ctx, 0xffff, buffer, 4);
  out[8] = bpf_xdp_load_bytes(ctx, 0x10000, buffer, 4);
  out[9] = bpf_xdp_store_bytes(ctx, 20, buffer, 8);
  out[10] = bpf_xdp_store_bytes(ctx, 43, buffer, 8);
  out[11] = bpf_xdp_store_bytes(ctx, 42, buffer, 8);
  return XDP_PASS;
}

SEC("tc") int skb_bytes(struct __sk_buff *skb)
{
  __u8 buffer[8] = {1, 2, 3, 4, 5, 6, 7, 8};

  out[0] = bpf_skb_load_bytes(skb, 12, buffer, 4);
  out[1] = *(__u32 *)buffer;
  out[2] = bpf_skb_load_bytes(skb, 47, buffer, 4);
  out[3] = *(__u32 *)buffer;
  out[4] = bpf_skb_load_bytes(skb, -1, buffer, 4);
  out[5] = bpf_skb_load_bytes_relative(skb, 0, buffer, 8, 0);
  out[6] = *(__u64 *)buffer;
  out[7] = bpf_skb_load_bytes_relative(skb, 0, buffer, 8, 1);
  out[8] = *(__u64 *)buffer;
  out[9] = bpf_skb_load_bytes_relative(skb, 0, buffer, 8, 2);
  out[10] = bpf_skb_load_bytes_relative(skb, 33, buffer, 4, 1);
  out[11] = bpf_skb_store_bytes(skb, 20, buffer, 8, 0);
  out[12] = bpf_skb_store_bytes(skb, 43, buffer, 8, 0);
  out[13] = bpf_skb_store_bytes(skb, 42, buffer, 8, 4);
  out[14] = bpf_skb_store_bytes(skb, 42, buffer, 4, 1);
  out[15] = bpf_skb_pull_data(skb, 50);
  out[16] = bpf_skb_pull_data(skb, 51);
  out[17] = bpf_skb_pull_data(skb, 0);
  out[18] = skb->len;
  out[19] = bpf_skb_load_bytes(skb, 0xffff, buffer, 4);
  return 0;
}

SEC("socket") int filter_bytes(struct __sk_buff *skb)
{
  __u8 buffer[8] = {1, 2, 3, 4, 5, 6, 7, 8};

  out[0] = bpf_skb_load_bytes(skb, 0, buffer, 8);
  out[1] = *(__u64 *)buffer;
  out[2] = bpf_skb_load_bytes_relative(skb, 0, buffer, 8, 0);
  out[3] = *(__u64 *)buffer;
  out[4] = bpf_skb_load_bytes_relative(skb, 4, buffer, 8, 1);
  out[5] = *(__u64 *)buffer;
  out[6] = skb->len;
  out[7] = skb->protocol;
  out[8] = skb->pkt_type;
  return 0;
}

SEC("tc") int context(struct __sk_buff *skb)
{
  out[0] = skb->len;
  out[1] = skb->pkt_type;
  out[2] = skb->mark;
  out[3] = skb->queue_mapping;
  out[4] = skb->protocol;
  out[5] = skb->vlan_present;
  out[6] = skb->vlan_tci;
  out[7] = skb->vlan_proto;
  out[8] = skb->priority;
  out[9] = skb->ingress_ifindex;
  out[10] = skb->ifindex;
  out[11] = skb->tc_index;
  out[12] = skb->hash;
  out[13] = skb->tc_classid;
  out[14] = skb->data_end - skb->data;
  out[15] = skb->data - skb->data_meta;
  out[16] = skb->napi_id;
  out[17] = skb->tstamp;
  out[18] = skb->wire_len;
  out[19] = skb->gso_segs;
  out[20] = skb->gso_size;
  out[21] = skb->hwtstamp;
  WRITE_ONCE(skb->mark, 5);
  WRITE_ONCE(skb->priority, 6);
  WRITE_ONCE(skb->tc_index, 7);
  WRITE_ONCE(skb->queue_mapping, 3);
  WRITE_ONCE(skb->cb[0], 1);
  WRITE_ONCE(skb->cb[4], 2);
  WRITE_ONCE(skb->tstamp, 99);
  out[22] = skb->queue_mapping;
  return 0;
}

SEC("tc") int checksums(struct __sk_buff *skb)
{
  __be32 address = bpf_htonl(0x0a000063), old;
  __be16 port = bpf_htons(99), old_port;

  bpf_skb_load_bytes(skb, 26, &old, 4);
  bpf_skb_load_bytes(skb, 34, &old_port, 2);
  out[0] = bpf_l3_csum_replace(skb, 24, old, address, 4);
  out[1] = bpf_l4_csum_replace(skb, 40, old, address, 4 | 16);
  out[2] = bpf_l4_csum_replace(skb, 40, old_port, port, 2);
  out[3] = bpf_l3_csum_replace(skb, 25, old, address, 4);
  out[4] = bpf_l3_csum_replace(skb, 50, old, address, 4);
  out[5] = bpf_l3_csum_replace(skb, 24, old, address, 3);
  out[6] = bpf_l3_csum_replace(skb, 24, old, address, 4 | 16);
  out[7] = bpf_l3_csum_replace(skb, 24, 0, 0x1234, 0);
  out[8] = bpf_l3_csum_replace(skb, 24, 1, 0x1234, 0);
  out[9] = bpf_l4_csum_replace(skb, 40, old, address, 4 | 32);
  out[10] = bpf_l4_csum_replace(skb, 40, old, address, 4 | 32 | 64);
  out[11] = bpf_l4_csum_replace(skb, 40, 0, 0xffffffff, 0);
  out[12] = bpf_l4_csum_replace(skb, 40, old, address, 4 | 128);
  out[13] = bpf_l4_csum_replace(skb, 40, old, address, 4 | 256);
  out[14] = bpf_l4_csum_replace(skb, 40, old, address, 1);
  return 0;
}

SEC("tc") int checksum_of_0(struct __sk_buff *skb)
{
  __u16 zero = 0, old;

  bpf_skb_load_bytes(skb, 40, &old, 2);
  out[0] = bpf_l4_csum_replace(skb, 40, 0, (__u16)~old, 0 | 32);
  bpf_skb_store_bytes(skb, 40, &zero, 2, 0);
  out[1] = bpf_l4_csum_replace(skb, 40, 1, 2, 2 | 32);
  out[2] = bpf_l4_csum_replace(skb, 40, 1, 2, 2);
  return 0;
}

SEC("tc") int differences(struct __sk_buff *skb)
{
  __u32 one[4] = {0x73000045, 0x00400000, 0x12345678, 0xffffffff}, other[4] = {0x74000045, 0x00400000, 0, 1};

  out[0] = bpf_csum_diff(NULL, 0, one, 16, 0);
  out[1] = bpf_csum_diff(one, 16, NULL, 0, 0);
  out[2] = bpf_csum_diff(one, 16, other, 16, 0);
  out[3] = bpf_csum_diff(one, 8, other, 16, 0x1234);
  out[4] = bpf_csum_diff(one, 16, other, 4, 0xffffffff);
  out[5] = bpf_csum_diff(one, 16, one, 16, 0);
  out[6] = bpf_csum_diff(NULL, 0, NULL, 0, 0x12345);
  out[7] = bpf_csum_diff(NULL, 0, one, 6, 0);
  out[8] = bpf_csum_diff(one, 4, NULL, 0, 0xffff);
  out[9] = bpf_csum_diff(NULL, 0, one, 4, 0xfffffff0);
  out[10] = bpf_csum_diff(NULL, 0, one + 3, 4, 1);
  out[11] = bpf_csum_diff(NULL, 0, one, 7, 1);
  out[12] = bpf_csum_diff(one, 5, other, 1, 1);
  return 0;
}

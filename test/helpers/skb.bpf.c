// SPDX-License-Identifier: Apache-2.0
// Socket buffers: tags, room, types, hashes, checksums, tunnels.
#include "helpers.bpf.h"

static __always_inline int state(struct __sk_buff *skb, int at)
{
  out[at] = skb->len;
  out[at + 1] = skb->protocol;
  out[at + 2] = skb->vlan_present;
  out[at + 3] = skb->vlan_tci;
  out[at + 4] = skb->vlan_proto;
  return at + 5;
}

SEC("tc") int vlan_push(struct __sk_buff *skb)
{
  int at = state(skb, 0);

  out[at++] = bpf_skb_vlan_push(skb, bpf_htons(0x8100), 0x2005);
  at = state(skb, at);
  out[at++] = bpf_skb_vlan_push(skb, bpf_htons(0x88a8), 6);
  at = state(skb, at);
  out[at++] = bpf_skb_vlan_push(skb, bpf_htons(0x1234), 7);
  at = state(skb, at);
  return 0;
}

SEC("tc") int vlan_pop(struct __sk_buff *skb)
{
  int at = state(skb, 0);

  out[at++] = bpf_skb_vlan_pop(skb);
  at = state(skb, at);
  out[at++] = bpf_skb_vlan_pop(skb);
  at = state(skb, at);
  out[at++] = bpf_skb_vlan_pop(skb);
  at = state(skb, at);
  return 0;
}

SEC("tc") int vlan_back_and_forth(struct __sk_buff *skb)
{
  int at = 0;
  __u8 bytes[8] = {};

  out[at++] = bpf_skb_vlan_push(skb, bpf_htons(0x8100), 5);
  out[at++] = bpf_skb_vlan_push(skb, bpf_htons(0x8100), 6);
  out[at++] = bpf_skb_load_bytes_relative(skb, 0, bytes, 8, 1);
  out[at++] = *(__u64 *)bytes;
  out[at++] = bpf_skb_vlan_pop(skb);
  at = state(skb, at);
  out[at++] = bpf_skb_load_bytes_relative(skb, 0, bytes, 8, 1);
  out[at++] = *(__u64 *)bytes;
  out[at++] = bpf_skb_vlan_pop(skb);
  at = state(skb, at);
  return 0;
}

SEC("tc") int type_of_packet(struct __sk_buff *skb)
{
  out[0] = skb->pkt_type;
  out[1] = bpf_skb_change_type(skb, 2);
  out[2] = skb->pkt_type;
  out[3] = bpf_skb_change_type(skb, 4);
  out[4] = bpf_skb_change_type(skb, 0);
  out[5] = skb->pkt_type;
  return 0;
}

SEC("tc") int head(struct __sk_buff *skb)
{
  __u8 bytes[8] = {};

  out[0] = bpf_skb_change_head(skb, 8, 1);
  out[1] = bpf_skb_change_head(skb, -1, 0);
  out[2] = bpf_skb_change_head(skb, 14, 0);
  out[3] = skb->len;
  out[4] = bpf_skb_load_bytes_relative(skb, 0, bytes, 8, 0);
  out[5] = *(__u64 *)bytes;
  out[6] = bpf_skb_load_bytes_relative(skb, 0, bytes, 8, 1);
  out[7] = *(__u64 *)bytes;
  out[8] = bpf_skb_change_head(skb, 20000, 0);
  out[9] = bpf_skb_change_head(skb, 400, 0);
  out[10] = skb->len;
  return 0;
}

SEC("tc") int head_to_the_edge(struct __sk_buff *skb)
{
  out[0] = bpf_skb_change_head(skb, 16065 - skb->len, 0);
  out[1] = bpf_skb_change_head(skb, 16064 - skb->len, 0);
  return 0;
}

SEC("tc") int tail(struct __sk_buff *skb)
{
  out[0] = bpf_skb_change_tail(skb, 60, 1);
  out[1] = bpf_skb_change_tail(skb, 13, 0);
  out[2] = bpf_skb_change_tail(skb, 16065, 0);
  out[3] = bpf_skb_change_tail(skb, 30, 0);
  out[4] = skb->len;
  out[5] = bpf_skb_change_tail(skb, 60, 0);
  out[6] = skb->len;
  return 0;
}

SEC("tc") int tail_to_the_edges(struct __sk_buff *skb)
{
  out[0] = bpf_skb_change_tail(skb, 16064, 0);
  out[1] = bpf_skb_change_tail(skb, 14, 0);
  out[2] = skb->len;
  return 0;
}

SEC("tc") int other_protocol(struct __sk_buff *skb)
{
  out[0] = bpf_skb_change_proto(skb, bpf_htons(0x0800), 1);
  out[1] = bpf_skb_change_proto(skb, bpf_htons(0x0806), 0);
  out[2] = bpf_skb_change_proto(skb, skb->protocol, 0);
  bpf_set_hash(skb, 5);
  out[3] = bpf_skb_change_proto(skb, skb->protocol == bpf_htons(0x0800) ? bpf_htons(0x86dd) : bpf_htons(0x0800), 0);
  out[4] = skb->len;
  out[5] = skb->protocol;
  out[6] = skb->hash;
  return 0;
}

SEC("tc") int room_refused(struct __sk_buff *skb)
{
  out[0] = bpf_skb_adjust_room(skb, 8, 0, 1 << 20);
  out[1] = bpf_skb_adjust_room(skb, 4096, 0, 0);
  out[2] = bpf_skb_adjust_room(skb, -4096, 0, 0);
  out[3] = bpf_skb_adjust_room(skb, 8, 2, 0);
  out[4] = bpf_skb_adjust_room(skb, 8, 0, 128);
  out[5] = bpf_skb_adjust_room(skb, -8, 0, 128 | 256);
  out[6] = bpf_skb_adjust_room(skb, -17, 0, 0);
  out[7] = bpf_skb_adjust_room(skb, -36, 0, 0);
  out[8] = bpf_skb_adjust_room(skb, -8, 0, 2);
  out[9] = bpf_skb_adjust_room(skb, 8, 0, 2 | 4);
  out[10] = bpf_skb_adjust_room(skb, 8, 0, 2 | 8 | 16);
  out[11] = bpf_skb_adjust_room(skb, 8, 0, 2 | 64);
  out[12] = bpf_skb_adjust_room(skb, 8, 1, 2 | 64 | 14ULL << 56);
  out[13] = bpf_skb_adjust_room(skb, 8, 0, 8 | 16);
  out[14] = skb->len;
  return 0;
}

SEC("tc") int room_behind_network(struct __sk_buff *skb)
{
  out[0] = bpf_skb_adjust_room(skb, 8, 0, 0);
  out[1] = skb->len;
  out[2] = bpf_skb_adjust_room(skb, -4, 0, 0);
  out[3] = skb->len;
  return 0;
}

SEC("tc") int room_behind_link(struct __sk_buff *skb)
{
  __u8 bytes[8] = {};

  bpf_csum_level(skb, 1);
  out[0] = bpf_skb_adjust_room(skb, 20, 1, 2 | 32);
  out[1] = skb->len;
  out[2] = skb->protocol;
  out[3] = bpf_skb_load_bytes_relative(skb, 0, bytes, 8, 1);
  out[4] = *(__u64 *)bytes;
  out[5] = bpf_skb_adjust_room(skb, 20, 1, 2);
  out[6] = bpf_skb_change_tail(skb, 60, 0);
  out[7] = bpf_csum_level(skb, 0);
  out[8] = bpf_skb_adjust_room(skb, -20, 1, 0);
  out[9] = skb->len;
  out[10] = bpf_csum_level(skb, 0);
  return 0;
}

SEC("tc") int room_for_ipv6(struct __sk_buff *skb)
{
  out[0] = bpf_skb_adjust_room(skb, 48, 1, 4 | 16);
  out[1] = skb->protocol;
  out[2] = bpf_skb_adjust_room(skb, -48, 1, 128);
  out[3] = skb->protocol;
  out[4] = skb->len;
  return 0;
}

SEC("tc") int hash(struct __sk_buff *skb)
{
  out[0] = skb->hash;
  out[1] = bpf_set_hash(skb, 0x12345678);
  out[2] = skb->hash;
  out[3] = bpf_get_hash_recalc(skb);
  bpf_set_hash_invalid(skb);
  out[4] = skb->hash;
  out[5] = bpf_get_hash_recalc(skb) == skb->hash;
  out[6] = skb->hash != 0;
  bpf_set_hash(skb, 0);
  out[7] = bpf_get_hash_recalc(skb);
  return 0;
}

SEC("tc") int checksum_levels(struct __sk_buff *skb)
{
  out[0] = bpf_csum_level(skb, 0);
  out[1] = bpf_csum_level(skb, 2);
  out[2] = bpf_csum_level(skb, 1);
  out[3] = bpf_csum_level(skb, 0);
  for (int turn = 0; turn < 5; turn++)
    bpf_csum_level(skb, 1);
  out[4] = bpf_csum_level(skb, 0);
  out[5] = bpf_csum_level(skb, 2);
  out[6] = bpf_csum_level(skb, 0);
  out[7] = bpf_csum_level(skb, 3);
  out[8] = bpf_csum_level(skb, 0);
  out[9] = bpf_csum_level(skb, 4);
  out[10] = bpf_csum_update(skb, 5);
  return 0;
}

SEC("tc") int congestion(struct __sk_buff *skb)
{
  __u8 tos = 2;
  int at = skb->protocol == bpf_htons(0x0800) ? 15 : 15;

  out[0] = bpf_skb_ecn_set_ce(skb);
  if (skb->protocol == bpf_htons(0x0800)) {
    bpf_skb_store_bytes(skb, at, &tos, 1, 0);
  } else {
    tos = 0x20;
    bpf_skb_store_bytes(skb, at, &tos, 1, 0);
  }
  out[1] = bpf_skb_ecn_set_ce(skb);
  out[2] = bpf_skb_ecn_set_ce(skb);
  return 0;
}

SEC("tc") int congestion_of_1(struct __sk_buff *skb)
{
  __u8 tos = skb->protocol == bpf_htons(0x0800) ? 0x55 : 0x10;

  bpf_skb_store_bytes(skb, 15, &tos, 1, 0);
  out[0] = bpf_skb_ecn_set_ce(skb);
  return 0;
}

SEC("tc") int times(struct __sk_buff *skb)
{
  out[0] = bpf_skb_set_tstamp(skb, 77, 1);
  out[1] = skb->tstamp;
  out[2] = bpf_skb_set_tstamp(skb, 0, 1);
  out[3] = bpf_skb_set_tstamp(skb, 0, 0);
  out[4] = bpf_skb_set_tstamp(skb, 5, 3);
  out[5] = bpf_skb_set_tstamp(skb, 5, 2);
  return 0;
}

struct tunnel_key {
  __u32 id;
  __u32 remote[4];
  __u8 tos;
  __u8 ttl;
  __u16 flags;
  __u32 label;
  __u32 local[4];
};

SEC("tc") int tunnel(struct __sk_buff *skb)
{
  struct tunnel_key key = {.id = 77, .remote = {0x0a000001}, .tos = 4, .ttl = 64, .local = {0x0a000002}};
  struct tunnel_key *seen = (void *)text;
  __u32 options[4] = {1, 2, 3, 4}, *found = (void *)text + 192;

  out[0] = bpf_skb_get_tunnel_key(skb, seen, sizeof(*seen), 0);
  out[1] = bpf_skb_get_tunnel_opt(skb, found, 16);
  out[2] = bpf_skb_set_tunnel_opt(skb, options, 16);
  out[3] = bpf_skb_set_tunnel_key(skb, &key, sizeof(key), 32);
  out[4] = bpf_skb_set_tunnel_key(skb, &key, 30, 0);
  out[5] = bpf_skb_set_tunnel_key(skb, &key, sizeof(key), 0);
  out[6] = bpf_skb_get_tunnel_key(skb, seen, sizeof(*seen), 16);
  out[7] = bpf_skb_get_tunnel_key(skb, text + 64, 8, 0);
  out[8] = bpf_skb_get_tunnel_key(skb, text + 128, 24, 16);
  out[9] = bpf_skb_get_tunnel_opt(skb, found, 16);
  out[10] = bpf_skb_set_tunnel_opt(skb, options, 14);
  out[11] = bpf_skb_set_tunnel_opt(skb, options, 12);
  out[12] = bpf_skb_get_tunnel_opt(skb, found, 8);
  out[13] = bpf_skb_get_tunnel_opt(skb, found, 16);
  out[14] = bpf_skb_get_tunnel_key(skb, text + 256, 44, 1);
  out[15] = bpf_skb_get_tunnel_key(skb, text + 256, 44, 64);
  out[16] = bpf_skb_get_tunnel_key(skb, text + 256, 30, 0);
  out[17] = bpf_skb_get_tunnel_key(skb, text + 320, 44, 16);
  key.label = 3;
  out[18] = bpf_skb_set_tunnel_key(skb, &key, sizeof(key), 0);
  key.label = 0;
  key.flags = 1;
  out[19] = bpf_skb_set_tunnel_key(skb, &key, sizeof(key), 0);
  key.flags = 0;
  out[20] = bpf_skb_set_tunnel_key(skb, &key, sizeof(key), 2 | 4 | 8 | 16);
  out[21] = bpf_skb_get_tunnel_key(skb, text + 384, 44, 16);
  out[22] = bpf_skb_get_tunnel_opt(skb, text + 448, 16);
  out[23] = bpf_skb_set_tunnel_key(skb, &key, 22, 0);
  out[24] = bpf_skb_get_tunnel_key(skb, text + 512, 44, 16);
  out[25] = bpf_skb_set_tunnel_key(skb, &key, 8, 0);
  out[26] = bpf_skb_get_tunnel_key(skb, text + 576, 44, 16);
  return 0;
}

SEC("tc") int tunnel_of_ipv6(struct __sk_buff *skb)
{
  struct tunnel_key key = {.id = 7, .remote = {1, 2, 3, 4}, .tos = 1, .ttl = 2, .label = 0x345678, .local = {5, 6, 7, 8}};

  out[0] = bpf_skb_set_tunnel_key(skb, &key, sizeof(key), 1);
  out[1] = bpf_skb_get_tunnel_key(skb, text, 44, 1);
  out[2] = bpf_skb_get_tunnel_key(skb, text + 64, 44, 0);
  out[3] = bpf_skb_get_tunnel_key(skb, text + 128, 28, 1 | 16);
  out[4] = bpf_skb_get_tunnel_key(skb, text + 192, 8, 1);
  out[5] = bpf_skb_set_tunnel_key(skb, &key, 28, 1);
  out[6] = bpf_skb_get_tunnel_key(skb, text + 256, 44, 1);
  return 0;
}

SEC("tc") int values(struct __sk_buff *skb)
{
  out[0] = bpf_get_cgroup_classid(skb);
  out[1] = bpf_skb_cgroup_classid(skb);
  out[2] = bpf_get_route_realm(skb);
  out[3] = bpf_skb_cgroup_id(skb);
  out[4] = bpf_skb_ancestor_cgroup_id(skb, 1);
  out[5] = bpf_skb_ancestor_cgroup_id(skb, 2);
  out[6] = bpf_skb_ancestor_cgroup_id(skb, 9);
  out[7] = bpf_get_socket_cookie(skb);
  out[8] = bpf_get_socket_uid(skb);
  out[9] = bpf_get_netns_cookie(skb);
  out[10] = bpf_get_netns_cookie(NULL);
  return 0;
}

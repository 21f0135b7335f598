// SPDX-License-Identifier: Apache-2.0
// What the programs of this folder share: the helpers that they call beyond skep.bpf.h, by number, and where they leave
// what a run found out, for the comparison with the kernel.
#ifndef SKEP_TEST_HELPERS_H
#define SKEP_TEST_HELPERS_H

#include "skep.bpf.h"

/* What a program wants compared besides its result, its packet and its context. No address may be in it. */
__s64 out[64];
__u8 text[2048];

static long (*const bpf_probe_read)(void *to, __u32 size, const void *from) = (void *)4;
static long (*const bpf_skb_store_bytes)(void *skb, __u32 offset, const void *from, __u32 length, __u64 flags) = (void *)9;
static long (*const bpf_l3_csum_replace)(void *skb, __u32 offset, __u64 from, __u64 to, __u64 flags) = (void *)10;
static long (*const bpf_l4_csum_replace)(void *skb, __u32 offset, __u64 from, __u64 to, __u64 flags) = (void *)11;
static long (*const bpf_clone_redirect)(void *skb, __u32 ifindex, __u64 flags) = (void *)13;
static long (*const bpf_redirect)(__u32 ifindex, __u64 flags) = (void *)23;
static long (*const bpf_skb_load_bytes)(void *skb, __u32 offset, void *to, __u32 length) = (void *)26;
static __s64 (*const bpf_csum_diff)(void *from, __u32 from_size, void *to, __u32 to_size, __u32 seed) = (void *)28;
static long (*const bpf_redirect_neigh)(__u32 ifindex, void *parameters, int length, __u64 flags) = (void *)152;
static long (*const bpf_redirect_peer)(__u32 ifindex, __u64 flags) = (void *)155;

static long (*const bpf_probe_read_user)(void *to, __u32 size, const void *from) = (void *)112;
static long (*const bpf_probe_read_kernel)(void *to, __u32 size, const void *from) = (void *)113;
static long (*const bpf_probe_read_kernel_str)(void *to, __u32 size, const void *from) = (void *)115;
static long (*const bpf_skb_vlan_push)(void *skb, __be16 protocol, __u16 tci) = (void *)18;
static long (*const bpf_skb_vlan_pop)(void *skb) = (void *)19;
static long (*const bpf_skb_get_tunnel_key)(void *skb, void *key, __u32 size, __u64 flags) = (void *)20;
static long (*const bpf_skb_set_tunnel_key)(void *skb, void *key, __u32 size, __u64 flags) = (void *)21;
static long (*const bpf_skb_get_tunnel_opt)(void *skb, void *to, __u32 size) = (void *)29;
static long (*const bpf_skb_set_tunnel_opt)(void *skb, void *from, __u32 size) = (void *)30;
static __u32 (*const bpf_get_cgroup_classid)(void *skb) = (void *)17;
static __u32 (*const bpf_get_route_realm)(void *skb) = (void *)24;
static long (*const bpf_skb_change_proto)(void *skb, __be16 protocol, __u64 flags) = (void *)31;
static long (*const bpf_skb_change_type)(void *skb, __u32 type) = (void *)32;
static __u32 (*const bpf_get_hash_recalc)(void *skb) = (void *)34;
static long (*const bpf_skb_change_tail)(void *skb, __u32 length, __u64 flags) = (void *)38;
static long (*const bpf_skb_pull_data)(void *skb, __u32 length) = (void *)39;
static __s64 (*const bpf_csum_update)(void *skb, __u32 checksum) = (void *)40;
static void (*const bpf_set_hash_invalid)(void *skb) = (void *)41;
static long (*const bpf_skb_change_head)(void *skb, __u32 bytes, __u64 flags) = (void *)43;
static long (*const bpf_xdp_adjust_head)(void *ctx, int delta) = (void *)44;
static __u64 (*const bpf_get_socket_cookie)(void *skb) = (void *)46;
static __u32 (*const bpf_get_socket_uid)(void *skb) = (void *)47;
static long (*const bpf_set_hash)(void *skb, __u32 hash) = (void *)48;
static long (*const bpf_skb_adjust_room)(void *skb, int difference, __u32 mode, __u64 flags) = (void *)50;
static long (*const bpf_xdp_adjust_meta)(void *ctx, int delta) = (void *)54;
static long (*const bpf_xdp_adjust_tail)(void *ctx, int delta) = (void *)65;
static long (*const bpf_skb_load_bytes_relative)(void *skb, __u32 offset, void *to, __u32 length,
                                                 __u32 header) = (void *)68;
static __u64 (*const bpf_skb_cgroup_id)(void *skb) = (void *)79;
static __u64 (*const bpf_skb_ancestor_cgroup_id)(void *skb, int level) = (void *)83;
static long (*const bpf_skb_ecn_set_ce)(void *skb) = (void *)97;
static long (*const bpf_strtol)(const char *text, unsigned long length, __u64 flags, __s64 *result) = (void *)105;
static long (*const bpf_strtoul)(const char *text, unsigned long length, __u64 flags, __s64 *result) = (void *)106;
static __u64 (*const bpf_get_netns_cookie)(void *ctx) = (void *)122;
static __u64 (*const bpf_ringbuf_query)(void *ring, __u64 flags) = (void *)134;
static long (*const bpf_csum_level)(void *skb, __u64 level) = (void *)135;
static __u64 (*const bpf_skb_cgroup_classid)(void *skb) = (void *)151;
static long (*const bpf_snprintf)(char *to, __u32 size, const char *format, __u64 *data, __u32 bytes) = (void *)165;
static long (*const bpf_strncmp)(const char *one, __u32 size, const char *other) = (void *)182;
static __u64 (*const bpf_xdp_get_buff_len)(void *ctx) = (void *)188;
static long (*const bpf_xdp_load_bytes)(void *ctx, __u32 offset, void *to, __u32 length) = (void *)189;
static long (*const bpf_xdp_store_bytes)(void *ctx, __u32 offset, void *from, __u32 length) = (void *)190;
static long (*const bpf_skb_set_tstamp)(void *skb, __u64 time, __u32 clock) = (void *)192;
static long (*const bpf_dynptr_from_mem)(void *data, __u32 size, __u64 flags, void *dynptr) = (void *)197;
static long (*const bpf_ringbuf_reserve_dynptr)(void *ring, __u32 size, __u64 flags, void *dynptr) = (void *)198;
static void (*const bpf_ringbuf_submit_dynptr)(void *dynptr, __u64 flags) = (void *)199;
static void (*const bpf_ringbuf_discard_dynptr)(void *dynptr, __u64 flags) = (void *)200;
static long (*const bpf_dynptr_read)(void *to, __u32 length, const void *dynptr, __u32 offset, __u64 flags) = (void *)201;
static long (*const bpf_dynptr_write)(const void *dynptr, __u32 offset, void *from, __u32 length,
                                      __u64 flags) = (void *)202;
static void *(*const bpf_dynptr_data)(const void *dynptr, __u32 offset, __u32 length) = (void *)203;

static __u64 (*const bpf_get_current_uid_gid)(void) = (void *)15;
static __u64 (*const bpf_get_current_task)(void) = (void *)35;
static __u64 (*const bpf_get_current_cgroup_id)(void) = (void *)80;
static long (*const bpf_get_ns_current_pid_tgid)(__u64 device, __u64 inode, void *ids, __u32 size) = (void *)120;
static __u64 (*const bpf_get_current_ancestor_cgroup_id)(int level) = (void *)123;
static __u64 (*const bpf_get_func_ip)(void *ctx) = (void *)173;
static __u64 (*const bpf_get_attach_cookie)(void *ctx) = (void *)174;
static long (*const bpf_get_func_arg)(void *ctx, __u32 index, __u64 *value) = (void *)183;
static long (*const bpf_get_func_ret)(void *ctx, __u64 *value) = (void *)184;
static long (*const bpf_get_func_arg_cnt)(void *ctx) = (void *)185;
static long (*const bpf_check_mtu)(void *ctx, __u32 ifindex, __u32 *length, int difference,
                                   __u64 flags) = (void *)163;

char LICENSE[] SEC("license") = "GPL";

#endif

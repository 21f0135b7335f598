// SPDX-License-Identifier: Apache-2.0
// What the programs of this folder share: the helpers that they call beyond skep.bpf.h, by number, and where they leave
// what a run found out, for the comparison with the kernel.
#ifndef SKEP_TEST_HELPERS_H
#define SKEP_TEST_HELPERS_H

#include "skep.bpf.h"

/* What a program wants compared besides its result, its packet and its context. No address may be in it. */
__s64 out[32];
__u8 text[256];

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

char LICENSE[] SEC("license") = "GPL";

#endif

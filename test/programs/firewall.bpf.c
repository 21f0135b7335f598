// SPDX-License-Identifier: Apache-2.0
// A stateless XDP firewall: the longest matching prefix of the source decides, and each rule counts what it met, on
// each CPU for itself.
// build: - clang-19 -mcpu=v3 -I/usr/include/x86_64-linux-gnu
// build: c14 clang-14 -mcpu=v2 -I/usr/include/x86_64-linux-gnu
#include "parse.h"

enum verdict { ACCEPT, DROP, LOG, VERDICTS };

struct rule {
  enum verdict verdict;
  __u32 id;
};

struct key4 {
  __u32 length;
  __be32 address;
};

struct key6 {
  __u32 length;
  struct in6_addr address;
};

struct counter {
  __u64 packets;
  __u64 bytes;
};

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(max_entries, 1024);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct key4);
  __type(value, struct rule);
} rules4 SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(max_entries, 1024);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct key6);
  __type(value, struct rule);
} rules6 SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 16);
  __type(key, __u32);
  __type(value, struct counter);
} rule_counters SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(max_entries, 64);
  __type(key, __u16);
  __type(value, struct counter);
} vlan_counters SEC(".maps");

const volatile enum verdict default_verdict = ACCEPT;
__u64 verdicts[VERDICTS];

static __always_inline void count_vlan(__u16 vlan, __u64 bytes)
{
  struct counter fresh = {.packets = 1, .bytes = bytes};
  struct counter *counter = bpf_map_lookup_elem(&vlan_counters, &vlan);

  if (counter) {
    counter->packets++;
    counter->bytes += bytes;
  } else {
    bpf_map_update_elem(&vlan_counters, &vlan, &fresh, BPF_NOEXIST);
  }
}

SEC("xdp")
int filter(struct xdp_md *ctx)
{
  struct cursor cursor = {(void *)(long)ctx->data, (void *)(long)ctx->data_end};
  __u64 bytes = ctx->data_end - ctx->data;
  enum verdict verdict = default_verdict;
  struct rule *rule = NULL;
  struct counter *counter;
  __be16 protocol;
  __u16 vlan;

  protocol = take_ethernet(&cursor, &vlan);
  if (protocol == 0)
    return XDP_ABORTED;
  count_vlan(vlan, bytes);
  if (protocol == bpf_htons(ETH_P_IP)) {
    struct iphdr *ip = take_ipv4(&cursor);
    struct key4 key = {.length = 32};

    if (!ip)
      return XDP_ABORTED;
    key.address = ip->saddr;
    rule = bpf_map_lookup_elem(&rules4, &key);
  } else if (protocol == bpf_htons(ETH_P_IPV6)) {
    struct ipv6hdr *ip = take(&cursor, struct ipv6hdr);
    struct key6 key = {.length = 128};

    if (!ip)
      return XDP_ABORTED;
    key.address = ip->saddr;
    rule = bpf_map_lookup_elem(&rules6, &key);
  }
  if (rule) {
    verdict = rule->verdict;
    counter = bpf_map_lookup_elem(&rule_counters, &rule->id);
    if (counter) {
      counter->packets++;
      counter->bytes += bytes;
    }
  }
  if (verdict < VERDICTS)
    __sync_fetch_and_add(&verdicts[verdict], 1);
  if (verdict == LOG)
    bpf_printk("vlan %d protocol %x length %llu", vlan, bpf_ntohs(protocol), bytes);
  return verdict == DROP ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

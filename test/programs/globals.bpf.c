// SPDX-License-Identifier: Apache-2.0
// Global variables in every kind of section, set before load as a skeleton would: constants of the user, a table,
// counters, a section of its own.
// build: - clang-19 -mcpu=v3 -I/usr/include/x86_64-linux-gnu
#include "parse.h"

enum action { REPORT = 10, IGNORE = 20, DENY = -1 };

struct protocol {
  char name[8];
  __u8 number;
  enum action action;
};

const volatile struct {
  _Bool enabled;
  __u16 ports[4];
  enum action other;
} config = {.enabled = 1, .other = IGNORE};

const volatile __u32 sample_every = 1;

struct protocol protocols[4] = {
    {"icmp", IPPROTO_ICMP, DENY},
    {"tcp", IPPROTO_TCP, REPORT},
    {"udp", IPPROTO_UDP, REPORT},
};

__u64 hits[4] SEC(".data.hits");
static __u64 total;
__s32 last_action;
char last_name[8];
__u8 histogram[8];
static const char names[][8] = {"zero", "one", "two", "many"};
volatile const __s64 negative = -5;

SEC("xdp")
int account(struct xdp_md *ctx)
{
  struct cursor cursor = {(void *)(long)ctx->data, (void *)(long)ctx->data_end};
  enum action action = config.other;
  struct udphdr *udp;
  struct iphdr *ip;
  __u16 vlan;

  total++;
  if (!config.enabled || (sample_every > 1 && total % sample_every))
    return XDP_PASS;
  if (take_ethernet(&cursor, &vlan) != bpf_htons(ETH_P_IP))
    return XDP_PASS;
  ip = take_ipv4(&cursor);
  if (!ip)
    return XDP_DROP;
  for (int i = 0; i < 4; i++)
    if (protocols[i].number == ip->protocol && protocols[i].action) {
      action = protocols[i].action;
      hits[i]++;
      __builtin_memcpy(last_name, protocols[i].name, sizeof(last_name));
    }
  udp = take(&cursor, struct udphdr);
  if (udp && ip->protocol != IPPROTO_ICMP)
    for (int i = 0; i < 4; i++)
      if (config.ports[i] == bpf_ntohs(udp->dest)) {
        action = DENY;
        __builtin_memcpy(last_name, names[total > 3 ? 3 : total], sizeof(last_name));
      }
  last_action = action + (__s32)negative + 5;
  histogram[total & 7] += 1;
  return action == DENY ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";

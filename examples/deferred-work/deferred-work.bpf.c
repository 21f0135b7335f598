// SPDX-License-Identifier: Apache-2.0
//
// Finds port scans. The packet path only notes which ports a source has tried; the counting, which takes long, is done
// by a bpf_wq outside of it. However many packets come before the work runs, it runs once for all of them.

#include "packet.h"

char LICENSE[] SEC("license") = "GPL";

/* Set before load: a source that has tried more ports than this is a scanner. */
const volatile __u32 port_limit = 100;

#define WORDS 16
#define PORT_BITS (WORDS * 64)

struct source {
  struct bpf_wq work;
  __u64 ports[WORDS]; /* a bit per destination port modulo PORT_BITS */
  __u32 tried; /* bits set, as of the last work */
  __u32 blocked;
  __u64 works;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, __be32);
  __type(value, struct source);
} sources SEC(".maps");

__u64 syns;
__u64 dropped;

static int count_ports(void *map, int *key, void *value)
{
  struct source *source = value;
  __u32 tried = 0;

  for (int i = 0; i < WORDS; i++) {
    __u64 word = source->ports[i];

    /* Bits of packets that come from here on are counted by the work that those packets start. */
    for (int bit = 0; bit < 64; bit++)
      tried += word >> bit & 1;
  }
  source->tried = tried;
  if (tried > port_limit)
    source->blocked = 1;
  __sync_fetch_and_add(&source->works, 1);
  return 0;
}

/* Sets *start if the work has just been initialised here. */
static __always_inline struct source *find_source(__be32 address, bool *start)
{
  struct source *source = bpf_map_lookup_elem(&sources, &address);
  struct source fresh = {};
  long error;

  if (source)
    return source;
  bpf_map_update_elem(&sources, &address, &fresh, BPF_NOEXIST);
  source = bpf_map_lookup_elem(&sources, &address);
  if (!source)
    return NULL;

  error = bpf_wq_init(&source->work, &sources, 0);
  if (error == 0) {
    bpf_wq_set_callback(&source->work, count_ports, 0);
    *start = true;
  } else if (error != -EBUSY) {
    /* Without its work the source would never be looked at. (-EBUSY: another CPU was first and binds the callback.) */
    bpf_map_delete_elem(&sources, &address);
    return NULL;
  }
  return source;
}

SEC("tc")
int on_packet(struct __sk_buff *skb)
{
  void *end = (void *)(long)skb->data_end;
  struct ethhdr *eth = (void *)(long)skb->data;
  struct iphdr *ip = (void *)(eth + 1);
  struct source *source;
  struct tcphdr *tcp;
  bool start = false;
  __u32 port;
  __u64 bit;

  if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->protocol != IPPROTO_TCP || ip->ihl < 5)
    return TC_ACT_OK;
  tcp = (void *)ip + ip->ihl * 4;
  if ((void *)(tcp + 1) > end || !tcp->syn || tcp->ack)
    return TC_ACT_OK;

  __sync_fetch_and_add(&syns, 1);
  source = find_source(ip->saddr, &start);
  if (!source)
    return TC_ACT_OK;
  if (source->blocked) {
    __sync_fetch_and_add(&dropped, 1);
    return TC_ACT_SHOT;
  }

  port = bpf_ntohs(tcp->ports.dest) % PORT_BITS;
  bit = 1ULL << port % 64;
  /*
   * The bit first, the work after it: a run that misses the bit had begun before, and is followed by this one. Who has
   * initialised the work starts it in any case: others may have set bits while it was not yet ready to be started.
   */
  if (!(__sync_fetch_and_or(&source->ports[port / 64], bit) & bit))
    start = true;
  if (start)
    bpf_wq_start(&source->work, 0);
  return TC_ACT_OK;
}

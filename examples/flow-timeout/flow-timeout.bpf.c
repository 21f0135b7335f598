// SPDX-License-Identifier: Apache-2.0
//
// Counts packets and bytes per flow, and forgets a flow that has been idle for idle_timeout_ns: each flow has its own
// timer in the map's value, and every packet pushes it further. Nothing outside has to sweep the table.

#include "packet.h"

/* The kernel offers its timer helpers to programs that declare a GPL-compatible licence. */
char LICENSE[] SEC("license") = "GPL";

/* Set before load. */
const volatile __u64 idle_timeout_ns = 30ULL * 1000 * 1000 * 1000;

/* Network byte order. IPv4 addresses are written as ::ffff:a.b.c.d, so that one table serves both families. */
struct flow_key {
  __be32 saddr[4];
  __be32 daddr[4];
  __be16 sport;
  __be16 dport;
  __u32 protocol;
};

struct flow {
  __u64 packets;
  __u64 bytes;
  __u64 first_seen; /* nanoseconds of CLOCK_MONOTONIC */
  __u64 last_seen;
  struct bpf_timer idle;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4096);
  __type(key, struct flow_key);
  __type(value, struct flow);
} flows SEC(".maps");

/* What has left the table is summed up here. */
__u64 flows_created;
__u64 flows_expired;
__u64 expired_packets;
__u64 expired_bytes;
/* Packets that are not IP, too short, or found the table full. */
__u64 packets_skipped;

static int on_idle(void *map, struct flow_key *key, struct flow *flow)
{
  __s64 idle = bpf_ktime_get_ns() - flow->last_seen;
  __u64 packets, bytes;

  /*
   * A packet may have come while this callback was on its way; its start of the timer then stands or is just about to
   * happen. Starting again for what is left is right in both cases. (Another CPU's clock may be ahead: idle is signed.)
   */
  if (idle < (__s64)idle_timeout_ns) {
    bpf_timer_start(&flow->idle, idle_timeout_ns - (idle > 0 ? idle : 0), 0);
    return 0;
  }

  /* Read first: once deleted, the element may belong to another flow. */
  packets = flow->packets;
  bytes = flow->bytes;
  if (bpf_map_delete_elem(map, key) == 0) {
    __sync_fetch_and_add(&flows_expired, 1);
    __sync_fetch_and_add(&expired_packets, packets);
    __sync_fetch_and_add(&expired_bytes, bytes);
  }
  return 0;
}

/* The flow of this key, new or not; NULL if it cannot be kept. */
static __always_inline struct flow *find_flow(struct flow_key *key, __u64 now)
{
  struct flow *flow = bpf_map_lookup_elem(&flows, key);
  struct flow fresh = {};
  long error;

  if (flow)
    return flow;

  /* NOEXIST: when two CPUs see the same new flow at once, one of them inserts, and both use that element. */
  fresh.first_seen = now;
  fresh.last_seen = now;
  bpf_map_update_elem(&flows, key, &fresh, BPF_NOEXIST);
  flow = bpf_map_lookup_elem(&flows, key);
  if (!flow)
    return NULL;

  error = bpf_timer_init(&flow->idle, &flows, CLOCK_MONOTONIC);
  if (error == 0) {
    bpf_timer_set_callback(&flow->idle, on_idle);
    __sync_fetch_and_add(&flows_created, 1);
  } else if (error != -EBUSY) {
    /* A flow without a timer would stay for ever. */
    bpf_map_delete_elem(&flows, key);
    return NULL;
  }
  return flow;
}

static __always_inline int parse_ipv4(void *at, void *end, struct flow_key *key, void **transport)
{
  struct iphdr *ip = at;

  if ((void *)(ip + 1) > end || ip->ihl < 5)
    return -1;
  key->saddr[2] = bpf_htonl(0xffff);
  key->saddr[3] = ip->saddr;
  key->daddr[2] = bpf_htonl(0xffff);
  key->daddr[3] = ip->daddr;
  key->protocol = ip->protocol;
  /* A later fragment has no ports: all of them count for one flow with ports 0. */
  *transport = ip->frag_off & bpf_htons(IP_OFFSET) ? NULL : at + ip->ihl * 4;
  return 0;
}

static __always_inline int parse_ipv6(void *at, void *end, struct flow_key *key, void **transport)
{
  struct ipv6hdr *ip = at;

  if ((void *)(ip + 1) > end)
    return -1;
  __builtin_memcpy(key->saddr, ip->saddr, sizeof(key->saddr));
  __builtin_memcpy(key->daddr, ip->daddr, sizeof(key->daddr));
  /* Extension headers are not followed: such packets count as flows of that header's number, with ports 0. */
  key->protocol = ip->nexthdr;
  *transport = ip + 1;
  return 0;
}

/* Fills the (zeroed) key from the packet; -1 if the packet belongs to no flow. */
static __always_inline int parse(void *at, void *end, struct flow_key *key)
{
  struct ethhdr *eth = at;
  struct ports *ports;
  void *transport;

  if ((void *)(eth + 1) > end)
    return -1;
  if (eth->h_proto == bpf_htons(ETH_P_IP)) {
    if (parse_ipv4(eth + 1, end, key, &transport))
      return -1;
  } else if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
    if (parse_ipv6(eth + 1, end, key, &transport))
      return -1;
  } else {
    return -1;
  }

  if (!transport || (key->protocol != IPPROTO_TCP && key->protocol != IPPROTO_UDP))
    return 0;
  ports = transport;
  if ((void *)(ports + 1) <= end) {
    key->sport = ports->source;
    key->dport = ports->dest;
  }
  return 0;
}

SEC("xdp")
int on_packet(struct xdp_md *ctx)
{
  void *data = (void *)(long)ctx->data;
  void *end = (void *)(long)ctx->data_end;
  struct flow_key key = {};
  struct flow *flow;
  __u64 now;

  if (parse(data, end, &key)) {
    __sync_fetch_and_add(&packets_skipped, 1);
    return XDP_PASS;
  }
  now = bpf_ktime_get_ns();
  flow = find_flow(&key, now);
  if (!flow) {
    __sync_fetch_and_add(&packets_skipped, 1);
    return XDP_PASS;
  }

  __sync_fetch_and_add(&flow->packets, 1);
  __sync_fetch_and_add(&flow->bytes, end - data);
  flow->last_seen = now;

  /*
   * -EINVAL here means that another CPU has initialised the timer and not yet bound the callback: its own start is
   * still to come. That is why the result may be ignored.
   */
  bpf_timer_start(&flow->idle, idle_timeout_ns, 0);
  return XDP_PASS;
}

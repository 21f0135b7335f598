// SPDX-License-Identifier: Apache-2.0
// One token bucket for each IPv4 source, under a spin lock, refilled by the time that has passed; a timer in the same
// element removes buckets that nobody uses.
// build: - clang-19 -mcpu=v3 -I/usr/include/x86_64-linux-gnu
#include "parse.h"

#define CLOCK_MONOTONIC 1
#define EBUSY 16

struct bucket {
  struct bpf_spin_lock lock;
  __u32 tokens;
  __u64 refilled;
  __u64 dropped;
  struct bpf_timer idle;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, __be32);
  __type(value, struct bucket);
} buckets SEC(".maps");

const volatile __u32 burst = 8;
const volatile __u64 nanoseconds_per_token = 1000000000;
const volatile __u64 idle_timeout = 60000000000;

__u64 passed, dropped, expired;

static int on_idle(void *map, __be32 *source, struct bucket *bucket)
{
  __sync_fetch_and_add(&expired, 1);
  bpf_map_delete_elem(map, source);
  return 0;
}

static struct bucket *bucket_of(__be32 source, __u64 now)
{
  struct bucket fresh = {.tokens = burst, .refilled = now};
  struct bucket *bucket = bpf_map_lookup_elem(&buckets, &source);

  if (bucket)
    return bucket;
  bpf_map_update_elem(&buckets, &source, &fresh, BPF_NOEXIST);
  bucket = bpf_map_lookup_elem(&buckets, &source);
  if (!bucket)
    return NULL;
  if (bpf_timer_init(&bucket->idle, &buckets, CLOCK_MONOTONIC) == 0)
    bpf_timer_set_callback(&bucket->idle, on_idle);
  return bucket;
}

SEC("xdp")
int limit(struct xdp_md *ctx)
{
  struct cursor cursor = {(void *)(long)ctx->data, (void *)(long)ctx->data_end};
  __u64 now = bpf_ktime_get_ns(), fresh, elapsed;
  struct bucket *bucket;
  struct iphdr *ip;
  int pass = 0;
  __u16 vlan;

  if (take_ethernet(&cursor, &vlan) != bpf_htons(ETH_P_IP))
    return XDP_PASS;
  ip = take_ipv4(&cursor);
  if (!ip)
    return XDP_DROP;
  bucket = bucket_of(ip->saddr, now);
  if (!bucket)
    return XDP_DROP;

  bpf_spin_lock(&bucket->lock);
  elapsed = now - bucket->refilled;
  fresh = elapsed / nanoseconds_per_token;
  if (fresh > 0) {
    bucket->refilled += fresh * nanoseconds_per_token;
    fresh += bucket->tokens;
    bucket->tokens = fresh > burst ? burst : fresh;
  }
  if (bucket->tokens > 0) {
    bucket->tokens--;
    pass = 1;
  } else {
    bucket->dropped++;
  }
  bpf_spin_unlock(&bucket->lock);

  bpf_timer_start(&bucket->idle, idle_timeout, 0);
  __sync_fetch_and_add(pass ? &passed : &dropped, 1);
  return pass ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

// SPDX-License-Identifier: Apache-2.0
//
// A token bucket per source address. A packet takes a token or is dropped; one periodic timer refills all buckets.
// The timer is started once, by running the program `start`.

#include "packet.h"

char LICENSE[] SEC("license") = "GPL";

/* Set before load. */
const volatile __u64 period_ns = 10ULL * 1000 * 1000;
const volatile __s64 tokens_per_period = 10;
const volatile __s64 burst = 50;

struct bucket {
  __s64 tokens;
  __u64 passed;
  __u64 dropped;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, __be32);
  __type(value, struct bucket);
} buckets SEC(".maps");

/* The timer has a map of its own: a slot lives in a map value, and this one belongs to no bucket. */
struct clockwork {
  struct bpf_timer timer;
  __u64 next; /* absolute, nanoseconds of CLOCK_MONOTONIC */
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct clockwork);
} clockwork SEC(".maps");

__u64 refills;
__u64 buckets_forgotten;

struct refill {
  __s64 tokens;
};

static long refill_bucket(void *map, __be32 *key, struct bucket *bucket, struct refill *refill)
{
  __s64 missing = burst - bucket->tokens;
  __s64 tokens = refill->tokens;

  /* A full bucket says no more than no bucket: the next packet of that source would make a full one. */
  if (missing <= 0) {
    if (bpf_map_delete_elem(map, key) == 0)
      __sync_fetch_and_add(&buckets_forgotten, 1);
    return 0;
  }
  /* Added, not stored: packets on other CPUs take tokens at the same time. */
  __sync_fetch_and_add(&bucket->tokens, tokens < missing ? tokens : missing);
  return 0;
}

static int on_period(void *map, __u32 *key, struct clockwork *clockwork)
{
  __u64 late = bpf_ktime_get_ns() - clockwork->next;
  __u64 periods = 1 + late / period_ns;
  struct refill refill = { .tokens = tokens_per_period * periods };

  bpf_for_each_map_elem(&buckets, refill_bucket, &refill, 0);
  __sync_fetch_and_add(&refills, 1);

  /* Absolute, so that being late once does not shift all later periods; a period that was missed is not made up. */
  clockwork->next += periods * period_ns;
  bpf_timer_start(&clockwork->timer, clockwork->next, BPF_F_TIMER_ABS);
  return 0;
}

/* Retval 0: the timer runs; 1: it did so before; 2: it cannot. */
SEC("syscall")
int start(void *ctx)
{
  __u32 key = 0;
  struct clockwork *entry = bpf_map_lookup_elem(&clockwork, &key);
  long error;

  if (!entry)
    return 2;
  error = bpf_timer_init(&entry->timer, &clockwork, CLOCK_MONOTONIC);
  if (error)
    return error == -EBUSY ? 1 : 2;
  entry->next = bpf_ktime_get_ns() + period_ns;
  if (bpf_timer_set_callback(&entry->timer, on_period))
    return 2;
  return bpf_timer_start(&entry->timer, entry->next, BPF_F_TIMER_ABS) ? 2 : 0;
}

SEC("tc")
int limit(struct __sk_buff *skb)
{
  void *end = (void *)(long)skb->data_end;
  struct ethhdr *eth = (void *)(long)skb->data;
  struct iphdr *ip = (void *)(eth + 1);
  struct bucket *bucket;
  struct bucket full = {};
  __be32 source;

  if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
    return TC_ACT_OK;
  source = ip->saddr;
  bucket = bpf_map_lookup_elem(&buckets, &source);
  if (!bucket) {
    full.tokens = burst;
    bpf_map_update_elem(&buckets, &source, &full, BPF_NOEXIST);
    bucket = bpf_map_lookup_elem(&buckets, &source);
    /* More sources than the map has room for: letting them pass is the lesser evil for a limiter. */
    if (!bucket)
      return TC_ACT_OK;
  }

  /* The first look keeps a flood from counting below zero; the subtraction decides who gets the last token. */
  if (bucket->tokens > 0) {
    if (__sync_fetch_and_sub(&bucket->tokens, 1) > 0) {
      __sync_fetch_and_add(&bucket->passed, 1);
      return TC_ACT_OK;
    }
    __sync_fetch_and_add(&bucket->tokens, 1);
  }
  __sync_fetch_and_add(&bucket->dropped, 1);
  return TC_ACT_SHOT;
}

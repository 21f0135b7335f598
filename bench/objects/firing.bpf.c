// SPDX-License-Identifier: Apache-2.0
//
// Timers that fire: a crowd at once, and one that comes again and again and notes how late it was.

#include "request.h"

char LICENSE[] SEC("license") = "GPL";

#define CROWD 10000 /* more before load on skep */
#define LATENESSES 4096

struct member {
  __u64 rank; /* its place in the order in which they are to fire */
  struct bpf_timer timer;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, CROWD);
  __type(key, __u32);
  __type(value, struct member);
} crowd SEC(".maps");

struct period {
  struct bpf_timer timer;
  __u64 next;
  __u64 length;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct period);
} periodic SEC(".maps");

/* Written by callbacks, read by the host. */
__u64 crowd_size;
__u64 crowd_fired;
__u64 crowd_rank;
__u64 crowd_disorder;
__u64 crowd_first;
__u64 crowd_last;
__u64 lateness_count;
__u32 lateness[LATENESSES]; /* nanoseconds */

/* The clock is read by the first and the last only: the time is that of firing. */
static int on_crowd(void *map, __u32 *key, struct member *member)
{
  __u64 fired = crowd_fired + 1;

  crowd_fired = fired;
  if (member->rank < crowd_rank)
    crowd_disorder++;
  crowd_rank = member->rank;
  if (fired == 1)
    crowd_first = bpf_ktime_get_ns();
  if (fired == crowd_size)
    crowd_last = bpf_ktime_get_ns();
  return 0;
}

struct due {
  __u64 first;
  __u64 spacing;
  __u64 count;
  __u64 operations;
};

/* A step that has no common divisor with the number of timers visits all of them, far apart. */
#define STEP 618033989ULL /* a prime */

static long arm_one(__u32 n, struct due *due)
{
  __u32 key = n;
  struct member *member = bpf_map_lookup_elem(&crowd, &key);

  if (!member)
    return 1;
  /* -EBUSY: from the round before. */
  bpf_timer_init(&member->timer, &crowd, CLOCK_MONOTONIC);
  if (bpf_timer_set_callback(&member->timer, on_crowd))
    return 1;
  member->rank = due->spacing ? n * STEP % due->count : n;
  due->operations += bpf_timer_start(&member->timer, due->first + member->rank * due->spacing,
                                     BPF_F_TIMER_ABS | BPF_F_TIMER_CPU_PIN) == 0;
  return 0;
}

/*
 * Arms `count` timers on this CPU, the first of them due `argument` nanoseconds from now. `extra` nanoseconds lie
 * between two of them, in an order that is not that of the arming; 0: all at one instant, to fire as they were armed.
 */
SEC("tc") int arm_crowd(struct __sk_buff *skb)
{
  REQUEST;
  __u64 begin = bpf_ktime_get_ns();
  struct due due = {.first = begin + request->argument, .spacing = request->extra, .count = request->count};

  if (due.count == 0)
    return 1;
  crowd_size = due.count;
  crowd_fired = 0;
  crowd_rank = 0;
  crowd_disorder = 0;
  bpf_loop(request->count, arm_one, &due, 0);
  request->nanoseconds = bpf_ktime_get_ns() - begin;
  request->operations = due.operations;
  return 0;
}

static int on_period(void *map, __u32 *key, struct period *period)
{
  __u64 late = bpf_ktime_get_ns() - period->next;
  __u64 index = lateness_count;

  if (index >= LATENESSES)
    return 0;
  lateness[index] = late;
  lateness_count = index + 1;
  period->next += period->length;
  bpf_timer_start(&period->timer, period->next, BPF_F_TIMER_ABS);
  return 0;
}

/* A timer that comes every `argument` nanoseconds, `count` times, and notes how late it is. */
SEC("tc") int start_period(struct __sk_buff *skb)
{
  REQUEST;
  __u32 key = 0;
  struct period *period = bpf_map_lookup_elem(&periodic, &key);

  if (!period)
    return 1;
  lateness_count = LATENESSES - request->count % LATENESSES;
  bpf_timer_init(&period->timer, &periodic, CLOCK_MONOTONIC);
  period->length = request->argument;
  period->next = bpf_ktime_get_ns() + period->length;
  bpf_timer_set_callback(&period->timer, on_period);
  request->operations = bpf_timer_start(&period->timer, period->next, BPF_F_TIMER_ABS) == 0;
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
//
// Operations on timers and work.

#include "request.h"

char LICENSE[] SEC("license") = "GPL";

#define HOT 64 /* timers that stay in the cache */
#define CROWD 10000 /* a small machine's kernel has memory for so many; more before load on skep */

struct timer_value {
  __u64 number;
  struct bpf_timer timer;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, CROWD);
  __type(key, __u32);
  __type(value, struct timer_value);
} timers SEC(".maps");

/* The numbers of the timers, shuffled. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, CROWD);
  __type(key, __u32);
  __type(value, __u32);
} order SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, HOT);
  __type(key, __u32);
  __type(value, struct timer_value);
} fresh_timers SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, HOT * 2);
  __type(key, __u64);
  __type(value, struct timer_value);
} timer_table SEC(".maps");

struct work_value {
  __u64 number;
  struct bpf_wq work;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, ROW);
  __type(key, __u32);
  __type(value, struct work_value);
} works SEC(".maps");

/* Written by the callback of work, read by the host. */
__u64 work_asked;
__u64 work_waited;

static int on_timer(void *map, __u32 *key, struct timer_value *value)
{
  return 0;
}

static int on_table_timer(void *map, __u64 *key, struct timer_value *value)
{
  return 0;
}

static __always_inline struct timer_value *timer_at(__u32 n)
{
  return bpf_map_lookup_elem(&timers, &n);
}

static __always_inline struct timer_value *hot_timer_at(__u32 n)
{
  return timer_at(n % HOT);
}

static __always_inline struct timer_value *fresh_timer_at(__u32 n)
{
  __u32 key = n % HOT;

  return bpf_map_lookup_elem(&fresh_timers, &key);
}

/* An update ends the timer of an element. */
static __always_inline long forget_timer(__u32 n)
{
  struct timer_value zero = {};
  __u32 key = n % HOT;

  return bpf_map_update_elem(&fresh_timers, &key, &zero, BPF_ANY);
}

/* Once before the cases: initialised, bound, armed half a minute ahead. */
TIMED(prepare_timers, struct timer_value *value = timer_at(n); if (!value) return 0;
      bpf_timer_init(&value->timer, &timers, CLOCK_MONOTONIC); bpf_timer_set_callback(&value->timer, on_timer);
      return bpf_timer_start(&value->timer, 30 * SECOND, 0) == 0)

/* order[0 … n] is shuffled, number by number (inside-out Fisher and Yates). */
static long shuffle_one(__u32 n, __u64 *random)
{
  __u64 state = *random;
  __u32 other, *from, *to;

  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  *random = state;
  other = (state >> 16) % (n + 1);
  from = bpf_map_lookup_elem(&order, &other);
  to = bpf_map_lookup_elem(&order, &n);
  if (!from || !to)
    return 1;
  *to = *from;
  *from = n;
  return 0;
}

SEC("tc") int shuffle(struct __sk_buff *skb)
{
  REQUEST;
  __u64 random = 0x9e3779b97f4a7c15ULL;

  request->operations = bpf_loop(request->count, shuffle_one, &random, 0);
  return 0;
}

static __always_inline __u32 shuffled(__u32 n)
{
  __u32 *number = bpf_map_lookup_elem(&order, &n);

  return number ? *number : 0;
}

/* What every packet of a flow does: 64 timers, all of them in order, all of them shuffled. */
TIMED(rearm, struct timer_value *value = hot_timer_at(n); if (!value) return 0;
      return bpf_timer_start(&value->timer, 30 * SECOND, 0) == 0)

TIMED(rearm_in_order, struct timer_value *value = timer_at(n); if (!value) return 0;
      return bpf_timer_start(&value->timer, 30 * SECOND, 0) == 0)

TIMED(rearm_shuffled, struct timer_value *value = timer_at(shuffled(n)); if (!value) return 0;
      return bpf_timer_start(&value->timer, 30 * SECOND, 0) == 0)

/* The same timers on several CPUs: `argument` is the first one, `number` of them. */
TIMED(rearm_from, struct timer_value *value = timer_at(argument + n % HOT); if (!value) return 0;
      return bpf_timer_start(&value->timer, 30 * SECOND, 0) == 0)

TIMED(rearm_same, struct timer_value *value = timer_at(argument); if (!value) return 0;
      return bpf_timer_start(&value->timer, 30 * SECOND, 0) == 0)

/* The one that the hardware waits for, moved on by 300 µs each time. */
TIMED(rearm_earliest, struct timer_value *value = timer_at(0); if (!value) return 0;
      return bpf_timer_start(&value->timer, 300000, 0) == 0)

TIMED(set_callback, struct timer_value *value = hot_timer_at(n); if (!value) return 0;
      return bpf_timer_set_callback(&value->timer, on_timer) == 0)

TIMED(set_start_cancel, struct timer_value *value = hot_timer_at(n); if (!value) return 0;
      bpf_timer_set_callback(&value->timer, on_timer);
      long started = bpf_timer_start(&value->timer, 30 * SECOND, 0);
      return bpf_timer_cancel(&value->timer) == 1 && started == 0)

TIMED_ROWS(init, struct timer_value *value = fresh_timer_at(n); if (!value) return 0;
           return bpf_timer_init(&value->timer, &fresh_timers, CLOCK_MONOTONIC) == 0, return forget_timer(n))

/* Of a timer that is idle and bound. */
TIMED_ROWS(first_start, struct timer_value *value = hot_timer_at(n); if (!value) return 0;
           return bpf_timer_start(&value->timer, 30 * SECOND, 0) == 0,
           struct timer_value *value = hot_timer_at(n); if (!value) return 0; bpf_timer_cancel(&value->timer);
           return bpf_timer_set_callback(&value->timer, on_timer))

/* Of a timer that is armed. */
TIMED_ROWS(cancel, struct timer_value *value = hot_timer_at(n); if (!value) return 0;
           return bpf_timer_cancel(&value->timer) == 1,
           struct timer_value *value = hot_timer_at(n); if (!value) return 0;
           bpf_timer_set_callback(&value->timer, on_timer);
           return bpf_timer_start(&value->timer, 30 * SECOND, 0))

/* The life of a flow's element. */
TIMED(
    element_with_timer, struct timer_value zero = {}; __u64 key = n % HOT; struct timer_value * value;
    bpf_map_update_elem(&timer_table, &key, &zero, BPF_NOEXIST); value = bpf_map_lookup_elem(&timer_table, &key);
    if (!value) return 0;
    long error = bpf_timer_init(&value->timer, &timer_table, CLOCK_MONOTONIC);
    bpf_timer_set_callback(&value->timer, on_table_timer);
    error |= bpf_timer_start(&value->timer, 30 * SECOND, 0);
    return bpf_map_delete_elem(&timer_table, &key) == 0 && error == 0)

static int on_work(void *map, int *key, void *value)
{
  return 0;
}

static int on_asked_work(void *map, int *key, void *value)
{
  work_waited = bpf_ktime_get_ns() - work_asked;
  return 0;
}

static __always_inline struct work_value *work_at(__u32 n)
{
  __u32 key = n % ROW;

  return bpf_map_lookup_elem(&works, &key);
}

TIMED(prepare_works, struct work_value *value = work_at(n); if (!value) return 0;
      bpf_wq_init(&value->work, &works, 0); return bpf_wq_set_callback(&value->work, on_work, 0) == 0)

/* Sixteen starts of idle work; they run after the program. */
TIMED(wq_start, struct work_value *value = work_at(n); if (!value) return 0;
      return bpf_wq_start(&value->work, 0) == 0)

/* One start; its callback says how long it took until it ran. */
SEC("tc") int ask_work(struct __sk_buff *skb)
{
  REQUEST;
  struct work_value *value = work_at(0);

  if (!value)
    return 1;
  bpf_wq_init(&value->work, &works, 0);
  bpf_wq_set_callback(&value->work, on_asked_work, 0);
  work_waited = 0;
  work_asked = bpf_ktime_get_ns();
  request->operations = bpf_wq_start(&value->work, 0) == 0;
  return 0;
}

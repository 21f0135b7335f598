// SPDX-License-Identifier: Apache-2.0
//
// The benchmark's operations as BPF programs that take their own time, so that the very same object is measured on skep
// and on a Linux kernel. The packet is the request: how many operations; the answer is written back into it.
// Operations stand sixteen in a row in the body of a bpf_loop, which makes the loop's own share a fraction of a
// nanosecond; `loop` measures it.

#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define ROW 16
#define TIMERS 64 /* few: a small machine's kernel has memory for some hundred only */
#define ENTRIES 1024
#define CROWD 10000 /* timers that come due at once */
#define LATENESSES 4096

struct request {
  __u32 count;
  __u32 reserved;
  __u64 nanoseconds;
  __u64 operations; /* done without an error */
  __u64 argument;
};

struct progress {
  __u64 operations;
  __u64 nanoseconds; /* for those that time parts of their rows only */
};

struct timer_value {
  __u64 counter;
  struct bpf_timer timer;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, TIMERS);
  __type(key, __u32);
  __type(value, struct timer_value);
} timers SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, TIMERS);
  __type(key, __u32);
  __type(value, struct timer_value);
} fresh_timers SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, CROWD);
  __type(key, __u32);
  __type(value, struct timer_value);
} crowd SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, ENTRIES * 2);
  __type(key, __u64);
  __type(value, __u64);
} table SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, TIMERS * 2);
  __type(key, __u64);
  __type(value, struct timer_value);
} timer_table SEC(".maps");

struct work_value {
  __u64 counter;
  struct bpf_wq work;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, ROW);
  __type(key, __u32);
  __type(value, struct work_value);
} works SEC(".maps");

struct period {
  struct bpf_timer timer;
  __u64 next;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct period);
} periodic SEC(".maps");

/* Written by callbacks, read by the host. */
__u64 crowd_fired;
__u64 crowd_first;
__u64 crowd_last;
__u64 lateness_count;
__u32 lateness[LATENESSES]; /* nanoseconds */

static int on_timer(void *map, __u32 *key, struct timer_value *value)
{
  return 0;
}

static int on_table_timer(void *map, __u64 *key, struct timer_value *value)
{
  return 0;
}

#define REQUEST \
  struct request *request = (void *)(long)skb->data; \
\
  if ((void *)(request + 1) > (void *)(long)skb->data_end) \
    return 1

/* A program that does `operation` (which may use n, the number of this operation, and says how many were done). */
#define TIMED(name, operation) \
  static __always_inline long name##_one(__u32 n) \
  { \
    operation; \
  } \
\
  static long name##_row(__u32 row, struct progress *progress) \
  { \
    _Pragma("unroll") for (int i = 0; i < ROW; i++) progress->operations += name##_one(row * ROW + i); \
    return 0; \
  } \
\
  SEC("tc") int name(struct __sk_buff *skb) \
  { \
    REQUEST; \
    struct progress progress = {}; \
    __u64 begin = bpf_ktime_get_ns(); \
\
    bpf_loop(request->count / ROW, name##_row, &progress, 0); \
    request->nanoseconds = bpf_ktime_get_ns() - begin; \
    request->operations = progress.operations; \
    return 0; \
  }

/* `operation` is timed for a whole row, what `after` does to the row is not. One read of the clock is in the time. */
#define TIMED_ROWS(name, operation, after) \
  static __always_inline long name##_one(__u32 n) \
  { \
    operation; \
  } \
\
  static __always_inline long name##_after(__u32 n) \
  { \
    after; \
  } \
\
  static long name##_row(__u32 row, struct progress *progress) \
  { \
    __u64 begin = bpf_ktime_get_ns(); \
\
    _Pragma("unroll") for (int i = 0; i < ROW; i++) progress->operations += name##_one(row * ROW + i); \
    progress->nanoseconds += bpf_ktime_get_ns() - begin; \
    _Pragma("unroll") for (int i = 0; i < ROW; i++) name##_after(row * ROW + i); \
    return 0; \
  } \
\
  SEC("tc") int name(struct __sk_buff *skb) \
  { \
    REQUEST; \
    struct progress progress = {}; \
\
    bpf_loop(request->count / ROW, name##_row, &progress, 0); \
    request->nanoseconds = progress.nanoseconds; \
    request->operations = progress.operations; \
    return 0; \
  }

static __always_inline struct timer_value *timer_at(__u32 n)
{
  __u32 key = n % TIMERS;

  return bpf_map_lookup_elem(&timers, &key);
}

static __always_inline struct timer_value *fresh_timer_at(__u32 n)
{
  __u32 key = n % TIMERS;

  return bpf_map_lookup_elem(&fresh_timers, &key);
}

static __always_inline long forget_timer(__u32 n)
{
  struct timer_value zero = {};
  __u32 key = n % TIMERS;

  return bpf_map_update_elem(&fresh_timers, &key, &zero, BPF_ANY);
}

#define SECOND 1000000000ULL

TIMED(loop, barrier(); return 1)

TIMED(ktime, return bpf_ktime_get_ns() != 0)

TIMED(array_lookup, return timer_at(n) != NULL)

/* Once before the cases that use the 64 timers: initialised, bound, armed half a minute ahead. */
TIMED(
    prepare_timers, struct timer_value *value = timer_at(n); if (!value) return 0;
    bpf_timer_init(&value->timer, &timers, CLOCK_MONOTONIC); bpf_timer_set_callback(&value->timer, on_timer);
    return bpf_timer_start(&value->timer, 30 * SECOND, 0) == 0)

/* What every packet of a flow does. */
TIMED(rearm, struct timer_value *value = timer_at(n); if (!value) return 0;
      return bpf_timer_start(&value->timer, 30 * SECOND, 0) == 0)

/* The one that the hardware waits for, moved on by 300 µs each time. */
TIMED(rearm_earliest, struct timer_value *value = timer_at(0); if (!value) return 0;
      return bpf_timer_start(&value->timer, 300000, 0) == 0)

TIMED(set_callback, struct timer_value *value = timer_at(n); if (!value) return 0;
      return bpf_timer_set_callback(&value->timer, on_timer) == 0)

TIMED(set_start_cancel, struct timer_value *value = timer_at(n); if (!value) return 0;
      bpf_timer_set_callback(&value->timer, on_timer);
      long started = bpf_timer_start(&value->timer, 30 * SECOND, 0);
      return bpf_timer_cancel(&value->timer) == 1 && started == 0)

TIMED_ROWS(init, struct timer_value *value = fresh_timer_at(n); if (!value) return 0;
           return bpf_timer_init(&value->timer, &fresh_timers, CLOCK_MONOTONIC) == 0, return forget_timer(n))

/* The life of a flow's element. */
TIMED(
    element_with_timer, struct timer_value zero = {}; __u64 key = n % TIMERS; struct timer_value * value;
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

TIMED(prepare_table, __u64 key = n % ENTRIES; __u64 value = n;
      return bpf_map_update_elem(&table, &key, &value, BPF_ANY) == 0)

TIMED(hash_lookup, __u64 key = n % ENTRIES; return bpf_map_lookup_elem(&table, &key) != NULL)

TIMED(hash_miss, __u64 key = n % ENTRIES + ENTRIES; return bpf_map_lookup_elem(&table, &key) == NULL)

TIMED(hash_update, __u64 key = n % ENTRIES; __u64 value = n;
      return bpf_map_update_elem(&table, &key, &value, BPF_EXIST) == 0)

TIMED(hash_insert_delete, __u64 key = n % 512 + ENTRIES; __u64 value = n;
      long error = bpf_map_update_elem(&table, &key, &value, BPF_NOEXIST);
      return bpf_map_delete_elem(&table, &key) == 0 && error == 0)

static int on_crowd(void *map, __u32 *key, struct timer_value *value)
{
  __u64 now = bpf_ktime_get_ns();

  if (crowd_fired++ == 0)
    crowd_first = now;
  crowd_last = now;
  return 0;
}

static long arm_one_of_crowd(__u32 n, struct request *due)
{
  __u32 key = n;
  struct timer_value *value = bpf_map_lookup_elem(&crowd, &key);

  if (!value)
    return 1;
  /* -EBUSY: from the round before. */
  bpf_timer_init(&value->timer, &crowd, CLOCK_MONOTONIC);
  if (bpf_timer_set_callback(&value->timer, on_crowd))
    return 1;
  due->operations += bpf_timer_start(&value->timer, due->argument, BPF_F_TIMER_ABS | BPF_F_TIMER_CPU_PIN) == 0;
  return 0;
}

/* Arms `count` timers for one instant, `argument` nanoseconds from now, on this CPU. */
SEC("tc")
int arm_crowd(struct __sk_buff *skb)
{
  REQUEST;
  struct request due = {};
  __u64 begin = bpf_ktime_get_ns();

  crowd_fired = 0;
  due.argument = begin + request->argument;
  bpf_loop(request->count, arm_one_of_crowd, &due, 0);
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
  period->next += 1000000;
  bpf_timer_start(&period->timer, period->next, BPF_F_TIMER_ABS);
  return 0;
}

/* A timer of 1 ms that notes how late it is, `count` times. */
SEC("tc")
int start_period(struct __sk_buff *skb)
{
  REQUEST;
  __u32 key = 0;
  struct period *period = bpf_map_lookup_elem(&periodic, &key);

  if (!period)
    return 1;
  lateness_count = LATENESSES - request->count % LATENESSES;
  bpf_timer_init(&period->timer, &periodic, CLOCK_MONOTONIC);
  period->next = bpf_ktime_get_ns() + 1000000;
  bpf_timer_set_callback(&period->timer, on_period);
  request->operations = bpf_timer_start(&period->timer, period->next, BPF_F_TIMER_ABS) == 0;
  return 0;
}

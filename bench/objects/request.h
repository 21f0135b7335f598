// SPDX-License-Identifier: Apache-2.0
//
// How the benchmark asks its programs: the packet is the request (how many operations), the answer is written back into
// it. Programs take their own time, so that the very same object is measured on skep and on a Linux kernel.
// Operations stand sixteen in a row in the body of a bpf_loop, which makes the loop's own share a fraction of a
// nanosecond; the case "an empty turn of the loop" measures it.
#ifndef BENCH_REQUEST_H
#define BENCH_REQUEST_H

#include "skep.bpf.h"

#define ROW 16
#define SECOND 1000000000ULL

struct request {
  __u32 count;
  __u32 extra;
  __u64 nanoseconds;
  __u64 operations; /* done without an error */
  __u64 argument;
};

struct progress {
  __u64 operations;
  __u64 nanoseconds; /* for those that time parts of their rows only */
  __u64 argument;
};

#define REQUEST \
  struct request *request = (void *)(long)skb->data; \
\
  if ((void *)(request + 1) > (void *)(long)skb->data_end) \
    return 1

/* A program that does `operation` (which may use n, the number of this operation, and says how many were done). */
#define TIMED(name, operation) \
  static __always_inline long name##_one(__u32 n, __u64 argument) \
  { \
    operation; \
  } \
\
  static long name##_row(__u32 row, struct progress *progress) \
  { \
    _Pragma("unroll") for (int i = 0; i < ROW; i++) progress->operations += \
        name##_one(row * ROW + i, progress->argument); \
    return 0; \
  } \
\
  SEC("tc") int name(struct __sk_buff *skb) \
  { \
    REQUEST; \
    struct progress progress = {.argument = request->argument}; \
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

#endif

// SPDX-License-Identifier: Apache-2.0
// A program of many functions: global ones that the verifier checks alone, static ones, a weak one, callbacks, a struct
// by pointer, a chain of calls.
// build: - clang-19 -mcpu=v4 -I/usr/include/x86_64-linux-gnu
// build: c22 clang-22 -mcpu=v4 -I/usr/include/x86_64-linux-gnu
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct work {
  __s64 a, b;
  __u32 operation;
  __s32 error;
  __s64 result;
  __u64 steps;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 8);
  __type(key, __u32);
  __type(value, __s64);
} history SEC(".maps");

struct bpf_map;

struct sum {
  __s64 total;
  __s64 limit;
};

__noinline int check(struct work *work)
{
  if (!work)
    return -1;
  if (work->operation > 9)
    return -22;
  if (work->operation >= 3 && work->operation <= 6 && work->b == 0)
    return -33;
  return 0;
}

__weak __noinline __s64 divide(__s64 a, __s64 b)
{
  return b == -1 ? -a : a / b;
}

static __noinline __s64 greatest_common_divisor(__u64 a, __u64 b, __u64 *steps)
{
  for (int i = 0; i < 96 && b; i++) {
    __u64 rest = a % b;

    a = b;
    b = rest;
    *steps += 1;
  }
  return a;
}

static __noinline __s64 raise(__s64 base, __u32 exponent, __u64 *steps)
{
  __s64 result = 1;

  for (int i = 0; i < 32 && exponent; i++, exponent >>= 1) {
    if (exponent & 1)
      result *= base;
    base *= base;
    *steps += 1;
  }
  return result;
}

static long add(struct bpf_map *map, __u32 *key, __s64 *value, struct sum *sum)
{
  sum->total += *value;
  return sum->total > sum->limit;
}

__noinline int remember(__u32 slot, __s64 value)
{
  __u32 key = slot & 7;
  __s64 *last = bpf_map_lookup_elem(&history, &key);

  if (last)
    *last = value;
  return key;
}

SEC("syscall")
int calculate(struct work *work)
{
  struct sum sum = {.limit = work->b};
  __u64 steps = 0;
  __s64 a = work->a, b = work->b;

  work->error = check(work);
  if (work->error)
    return work->error;
  switch (work->operation) {
  case 0:
    work->result = a + b;
    break;
  case 1:
    work->result = a - b;
    break;
  case 2:
    work->result = a * b;
    break;
  case 3:
    work->result = divide(a, b);
    break;
  case 4:
    work->result = (__u64)a % (__u64)b;
    break;
  case 5:
    work->result = (__s32)a / ((__s32)b ?: 1);
    break;
  case 6:
    work->result = greatest_common_divisor(a, b, &steps);
    break;
  case 7:
    work->result = raise(a, b, &steps);
    break;
  case 8:
    work->result = a << (b & 63) ^ (__s64)(__s32)a >> (b & 31);
    break;
  case 9:
    steps = bpf_for_each_map_elem(&history, add, &sum, 0);
    work->result = sum.total;
    break;
  }
  work->steps = steps;
  return remember(work->operation, work->result);
}

char LICENSE[] SEC("license") = "GPL";

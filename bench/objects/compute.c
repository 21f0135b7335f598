// SPDX-License-Identifier: Apache-2.0
//
// Plain computation on the bare machine: the same functions as compute.bpf.c, compiled with cc -O2 when the benchmark
// wants them. Reads lines "NAME COUNT", answers each with one line of JSON.

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

#include "compute.h"

#define COMPUTED(name) \
  static __attribute__((noinline)) u64 run_##name(u32 count) \
  { \
    u64 sum = 0; \
\
    for (u32 n = 0; n < count; n++) { \
      sum += name(n); \
      __asm__ volatile("" : "+r"(sum) : : "memory"); /* each call is made, whatever the ones before computed */ \
    } \
    return sum; \
  }

COMPUTED(checksum)
COMPUTED(crc)
COMPUTED(hash)
COMPUTED(sieve)
COMPUTED(parser)
COMPUTED(division)
COMPUTED(collatz)
COMPUTED(popcount)

static const struct {
  const char *name;
  u64 (*run)(u32);
} functions[] = {
    {"checksum", run_checksum}, {"crc", run_crc},           {"hash", run_hash},       {"sieve", run_sieve},
    {"parser", run_parser},     {"division", run_division}, {"collatz", run_collatz}, {"popcount", run_popcount},
};

static u64 now(void)
{
  struct timespec time;

  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

int main(void)
{
  char name[32];
  u32 count;

  for (u32 i = 0; i < sizeof(room.data); i++)
    furnish(i);
  while (scanf("%31s %u", name, &count) == 2)
    for (u32 i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
      u64 begin, result;

      if (strcmp(functions[i].name, name) != 0)
        continue;
      begin = now();
      result = functions[i].run(count);
      printf("{\"nanoseconds\":%llu,\"result\":\"%llu\"}\n", (unsigned long long)(now() - begin),
             (unsigned long long)result);
      fflush(stdout);
    }
  return 0;
}

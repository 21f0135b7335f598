// SPDX-License-Identifier: Apache-2.0
//
// A sample of a ring that programs reserve and have to submit or discard, and a number that no compiler knows.

#ifndef SKEP_TEST_SAMPLE_H
#define SKEP_TEST_SAMPLE_H

#include "skep.bpf.h"

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} ring SEC(".maps");

static __always_inline __u64 *sample(void)
{
  return bpf_ringbuf_reserve(&ring, 8, 0);
}

#define keep(x) asm volatile("" : "+r"(x))

#endif

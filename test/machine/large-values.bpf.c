// SPDX-License-Identifier: Apache-2.0
//
// Values that do not fit in the place that a joined thread has for a key and a value, beside one that does.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __uint(key_size, 4);
  __uint(value_size, 300000);
} large SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __uint(key_size, 4);
  __uint(value_size, 8);
} small SEC(".maps");

char block[200000];

SEC("syscall")
int fill(void *context)
{
  block[199999] = 7;
  return 0;
}

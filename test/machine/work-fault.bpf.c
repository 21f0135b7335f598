// SPDX-License-Identifier: Apache-2.0
//
// A program whose work ends in a fault, right after the run that queued it.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct slot {
  __u64 begun;
  struct bpf_wq work;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct slot);
} slots SEC(".maps");

static int on_work_fault(void *map, int *key, void *value)
{
  struct slot *slot = value;

  slot->begun++;
  return *(volatile int *)0x10;
}

SEC("syscall") int start_faulting_work(void *context)
{
  __u32 key = 0;
  struct slot *slot = bpf_map_lookup_elem(&slots, &key);

  if (!slot)
    return 1;
  bpf_wq_init(&slot->work, &slots, 0); /* -EBUSY: from the run before */
  bpf_wq_set_callback(&slot->work, on_work_fault, 0);
  return bpf_wq_start(&slot->work, 0);
}

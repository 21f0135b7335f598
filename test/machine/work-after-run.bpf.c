// SPDX-License-Identifier: Apache-2.0
//
// Programs whose work begins right after the run that queued it: it ends in a fault, or goes on until the host ends it.
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

/* Set by the host; whether the work saw it before its turns ran out. */
volatile __u32 released;
volatile __u32 saw_release;

static int on_long_work(void *map, int *key, void *value)
{
  for (__u32 turn = 0; turn < 900000000 && !released; turn++)
    ;
  saw_release = released;
  return 0;
}

static __always_inline int start(int (*callback)(void *, int *, void *))
{
  __u32 key = 0;
  struct slot *slot = bpf_map_lookup_elem(&slots, &key);

  if (!slot)
    return 1;
  bpf_wq_init(&slot->work, &slots, 0); /* -EBUSY: from the run before */
  bpf_wq_set_callback(&slot->work, callback, 0);
  return bpf_wq_start(&slot->work, 0);
}

SEC("syscall") int start_faulting_work(void *context)
{
  return start(on_work_fault);
}

SEC("syscall") int start_long_work(void *context)
{
  return start(on_long_work);
}

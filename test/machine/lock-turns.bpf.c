// SPDX-License-Identifier: Apache-2.0
//
// Turns under a spin lock that notice themselves when somebody else was there: which turn took each number, who was
// seen inside, and what each CPU has done, so that a sum that is wrong has a story.
#include "skep.bpf.h"

#define NUMBERS 65536
#define MAX_CPUS 8

struct locked {
  struct bpf_spin_lock lock;
  __u32 next;
  __u32 inside; /* the CPU that holds the lock, + 1 */
};

/* What one CPU has counted. */
struct counts {
  __u32 turns;
  __u32 entered;   /* turns that found another CPU inside */
  __u32 overtaken; /* turns in which another CPU came inside */
  __u32 twice;     /* numbers that somebody else had taken, too */
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct locked);
} guarded SEC(".maps");

struct counts counts[MAX_CPUS];
__u32 takers[NUMBERS]; /* sums of CPU + 1: of a number taken twice, of both */

SEC("syscall") int take_turn(void *ctx)
{
  __u32 cpu = bpf_get_smp_processor_id() & (MAX_CPUS - 1);
  __u32 key = 0, number, before, after;
  struct locked *locked = bpf_map_lookup_elem(&guarded, &key);

  if (!locked)
    return -1;
  bpf_spin_lock(&locked->lock);
  before = locked->inside;
  locked->inside = cpu + 1;
  barrier();
  number = locked->next;
  locked->next = number + 1;
  barrier();
  after = locked->inside;
  locked->inside = 0;
  bpf_spin_unlock(&locked->lock);
  counts[cpu].turns++;
  counts[cpu].entered += before != 0;
  counts[cpu].overtaken += after != cpu + 1;
  counts[cpu].twice += __sync_fetch_and_add(&takers[number & (NUMBERS - 1)], cpu + 1) != 0;
  return 0;
}

char LICENSE[] SEC("license") = "GPL";

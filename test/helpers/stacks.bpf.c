// SPDX-License-Identifier: Apache-2.0
// Stacks: copied, and kept under an id.
#include "helpers.bpf.h"

static long (*const bpf_get_stackid)(void *ctx, void *map, __u64 flags) = (void *)27;
static long (*const bpf_get_stack)(void *ctx, void *buffer, __u32 size, __u64 flags) = (void *)67;

struct {
  __uint(type, 7 /* BPF_MAP_TYPE_STACK_TRACE */);
  __uint(max_entries, 4);
  __uint(key_size, 4);
  __uint(value_size, 32);
} stacks SEC(".maps");

/* The flags. */
__u64 wanted;

SEC("kprobe/nothing") int stack_id(void *ctx)
{
  out[0] = bpf_get_stackid(ctx, &stacks, wanted);
  return 0;
}

SEC("kprobe/nothing") int copy(void *ctx)
{
  out[0] = bpf_get_stack(ctx, out + 1, 40, wanted);
  out[10] = bpf_get_stack(ctx, out + 11, 12, wanted);
  return 0;
}

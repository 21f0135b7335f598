// SPDX-License-Identifier: Apache-2.0
// Loads through what a tracing program is given: addresses of structures that may not be there.
#include "helpers.bpf.h"

struct task_struct;
static struct task_struct *(*const bpf_get_current_task_btf)(void) = (void *)158;

struct part {
  struct part *next;
  __s32 number;
  __s16 small;
  __u8 byte;
};

struct seen {
  struct part *part;
  __u32 turns;
};

static __noinline __u64 second(struct part *part)
{
  return part->next->number;
}

static long turn(__u32 index, void *ctx)
{
  struct seen *seen = ctx;

  seen->turns += 1;
  out[4] += seen->part->next->next->number;
  return 0;
}

/* Chased in registers, in another function, through the frame and in a callback. */
SEC("fentry/nothing") int chase(__u64 *ctx)
{
  struct part *part = (struct part *)ctx[0];
  struct seen seen = { .part = part };
  __u64 word = 1;

  out[0] = part->number;
  out[1] = part->next->next->small;
  out[2] = second(part);
  out[3] = part->byte;
  bpf_loop(3, turn, &seen, 0);
  bpf_probe_read_kernel(&word, sizeof(word), (void *)ctx[1]);
  out[5] = seen.turns;
  out[6] = seen.part->number;
  out[7] = word;
  return 0;
}

struct part chain[3];

/* Parts that are there: the address of the first. */
SEC("fentry/nothing") int build(__u64 *ctx)
{
  chain[0] = (struct part){&chain[1], -1, -2, 250};
  chain[1] = (struct part){&chain[2], -3, -4, 5};
  chain[2] = (struct part){&chain[0], -5, -6, 7};
  out[10] = (__s64)&chain[0];
  return 0;
}

struct blk_plug {
  __u16 nr_ios;
} __attribute__((preserve_access_index));

struct task_struct {
  struct blk_plug *plug;
} __attribute__((preserve_access_index));

/* A task that plugs nothing. */
SEC("syscall") int task(void *ctx)
{
  struct task_struct *task = bpf_get_current_task_btf();

  out[0] = task != 0;
  out[1] = task->plug != 0;
  out[2] = task->plug->nr_ios;
  return 0;
}

/* What a kprobe's registers hold are numbers for the kernel, which would not let such a load in. */
SEC("kprobe/nothing") int probed(__u64 *ctx)
{
  out[0] = ((struct part *)ctx[0])->number;
  return 0;
}

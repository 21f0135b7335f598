// SPDX-License-Identifier: Apache-2.0
//
// How deep the frames before a function that makes tail calls may be, what is held there, and what it answers. Never run,
// only loaded.

#include "sample.bpf.h"

char LICENSE[] SEC("license") = "GPL";

extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 1);
  __uint(key_size, 4);
  __uint(value_size, 4);
} jumps SEC(".maps");

/* A frame of so many bytes, which the compiler does not know of. */
#define FRAME(bytes) asm volatile("r2 = 1; *(u8 *)(r10 - " #bytes ") = r2" ::: "r2", "memory")

static __noinline int jump(void *ctx)
{
  bpf_tail_call(ctx, &jumps, 0);
  return 0;
}

static __noinline int jump_from_128(void *ctx)
{
  FRAME(128);
  return jump(ctx) + 1;
}

static __noinline int deep(void *ctx)
{
  FRAME(256);
  return ctx ? 2 : 3;
}

SEC("tc") int ok_after_240(void *ctx)
{
  FRAME(240);
  return jump(ctx);
}

SEC("tc") int bad_after_256(void *ctx)
{
  FRAME(248);
  return jump(ctx);
}

SEC("tc") int ok_after_112_and_128(void *ctx)
{
  FRAME(112);
  return jump_from_128(ctx);
}

SEC("tc") int bad_after_128_and_128(void *ctx)
{
  FRAME(128);
  return jump_from_128(ctx);
}

SEC("tc") int ok_in_program(void *ctx)
{
  FRAME(512);
  bpf_tail_call(ctx, &jumps, 0);
  return 0;
}

SEC("tc") int bad_combined_first(void *ctx)
{
  int result;

  FRAME(272);
  result = deep(ctx);
  return result + jump(ctx);
}

SEC("tc") int bad_tail_call_first(void *ctx)
{
  int result;

  FRAME(272);
  result = jump(ctx);
  return result + deep(ctx);
}

SEC("kprobe") int ok_kprobe_deep(void *ctx)
{
  FRAME(272);
  return deep(ctx);
}

/* With tail calls there are no private stacks. */
SEC("kprobe") int bad_kprobe_deep(void *ctx)
{
  int result;

  FRAME(272);
  result = deep(ctx);
  bpf_tail_call(ctx, &jumps, 0);
  return result;
}

__u64 sink;

/* The next program only takes the function's place: the caller goes on, and gives the sample back. */
SEC("tc") int ok_sample_held(void *ctx)
{
  __u64 *held = sample();

  if (held) {
    sink = jump(ctx);
    bpf_ringbuf_submit(held, 0);
  }
  return 0;
}

static __noinline int jump_or_enter(void *ctx)
{
  bpf_tail_call(ctx, &jumps, 0);
  bpf_rcu_read_lock();
  return 1;
}

/* The next program has not entered. */
SEC("tc") int bad_not_entered(void *ctx)
{
  sink = jump_or_enter(ctx);
  bpf_rcu_read_unlock();
  return 0;
}

static __noinline void jump_without_answer(void *ctx)
{
  bpf_tail_call(ctx, &jumps, 0);
  sink = 1;
}

SEC("tc") int bad_without_answer(void *ctx)
{
  jump_without_answer(ctx);
  return 0;
}

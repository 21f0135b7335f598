// SPDX-License-Identifier: Apache-2.0
//
// Dynptrs in a caller's frame: what global functions do with them through their address. Never run, only loaded.

#include "frame.bpf.h"

char LICENSE[] SEC("license") = "GPL";

GLOBAL int global_size(const struct bpf_dynptr *dynptr)
{
  return bpf_dynptr_size(dynptr);
}

GLOBAL int global_write(struct bpf_dynptr *dynptr)
{
  __u64 word = 1;

  return dynptr_write(dynptr, 0, &word, 8, 0);
}

GLOBAL int global_submit(struct bpf_dynptr *dynptr)
{
  submit(dynptr, 0);
  return 0;
}

GLOBAL int global_load(const struct bpf_dynptr *dynptr)
{
  return *(volatile __u64 *)dynptr;
}

GLOBAL int global_words(__u64 *words)
{
  return words ? words[0] : 0;
}

GLOBAL int global_number(int number)
{
  return number + 1;
}

TC(ok_global, bpf_dynptr_from_skb(ctx, 0, &a); sink = global_size(&a))
TC(ok_global_used_after, bpf_dynptr_from_skb(ctx, 0, &a); sink = global_size(&a); sink = bpf_dynptr_size(&a))
TC(ok_global_sample, reserve(&ring, 8, 0, &a); global_write(&a); submit(&a, 0))
TC(bad_global_leak, reserve(&ring, 8, 0, &a); global_write(&a))
TC(bad_global, sink = global_size(&a))
TC(bad_global_after, reserve(&ring, 8, 0, &a); submit(&a, 0); sink = global_size(&a))
TC(bad_global_value, VALUE(v); sink = global_size((void *)v))
TC(bad_global_number, sink = global_size((void *)(long)ctx->mark))
TC(bad_global_submit, reserve(&ring, 8, 0, &a); global_submit(&a))
TC(bad_global_load, bpf_dynptr_from_skb(ctx, 0, &a); sink = global_load(&a))
TC(bad_global_words, bpf_dynptr_from_skb(ctx, 0, &a); sink = global_words((void *)&a))
TC(ok_global_words, bpf_dynptr_from_skb(ctx, 0, &a); sink = global_words(bytes); sink = bpf_dynptr_size(&a))
TC(bad_global_number_leak, reserve(&ring, 8, 0, &a); sink = global_number(ctx->mark))

// SPDX-License-Identifier: Apache-2.0
//
// bpf_fib_lookup: what the host puts into `request` is asked, and what comes back is left there.
#include "helpers.bpf.h"

static long (*const bpf_fib_lookup)(void *ctx, void *parameters, int length, __u32 flags) = (void *)69;

struct request {
  /* struct bpf_fib_lookup */
  __u64 parameters[8];
  __u64 flags;
  __s64 result;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct request);
} request SEC(".maps");

static __always_inline void ask(void *ctx, int length)
{
  __u32 zero = 0;
  struct request *asked = bpf_map_lookup_elem(&request, &zero);
  __u64 parameters[8];

  if (!asked)
    return;
  __builtin_memcpy(parameters, asked->parameters, sizeof(parameters));
  asked->result = bpf_fib_lookup(ctx, parameters, length, asked->flags);
  __builtin_memcpy(asked->parameters, parameters, sizeof(parameters));
}

SEC("xdp")
int xdp_way(struct xdp_md *ctx)
{
  ask(ctx, 64);
  return XDP_PASS;
}

SEC("tc")
int tc_way(struct __sk_buff *ctx)
{
  ask(ctx, 64);
  return 0;
}

SEC("xdp")
int xdp_short(struct xdp_md *ctx)
{
  ask(ctx, 60);
  return XDP_PASS;
}

SEC("xdp")
int xdp_ingress(struct xdp_md *ctx)
{
  return ctx->ingress_ifindex;
}

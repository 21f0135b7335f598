// SPDX-License-Identifier: Apache-2.0
// bpf_perf_event_output from programs with and without a packet. The packet, or the variables, say flags and size.
#include "skep.bpf.h"

static long (*const bpf_perf_event_output)(void *ctx, void *map, __u64 flags, void *data, __u64 size) = (void *)25;

static long (*const bpf_skb_output)(void *skb, void *map, __u64 flags, void *data, __u64 size) = (void *)111;
static __u64 (*const bpf_xdp_get_buff_len)(void *xdp) = (void *)188;
static long (*const bpf_xdp_output)(void *xdp, void *map, __u64 flags, void *data, __u64 size) = (void *)121;

char LICENSE[] SEC("license") = "GPL";

/* As many entries as there are CPUs. */
struct {
  __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
  __uint(key_size, 4);
  __uint(value_size, 4);
} events SEC(".maps");

struct record {
  __u64 first;
  __u32 second;
  __u32 third;
};

struct request {
  __u8 ethernet[14];
  __u16 bytes;
  __u64 flags;
};

/* For programs without a packet. */
__u64 flags;
__s64 result;
/* Named by no map: the host decodes records as this. */
struct record shape;

static __always_inline int put(void *ctx, void *data, void *end)
{
  struct request *request = data;
  struct record record = {0x1122334455667788, 9, 10};

  if ((void *)(request + 1) > end)
    return -1;
  result = bpf_perf_event_output(ctx, &events, request->flags, &record, request->bytes & 15);
  return 0;
}

SEC("xdp") int put_xdp(struct xdp_md *ctx)
{
  return put(ctx, (void *)(long)ctx->data, (void *)(long)ctx->data_end);
}

SEC("tc") int put_tc(struct __sk_buff *ctx)
{
  return put(ctx, (void *)(long)ctx->data, (void *)(long)ctx->data_end);
}

SEC("raw_tp") int put_traced(void *ctx)
{
  struct record record = {1, 2, 3};

  result = bpf_perf_event_output(ctx, &events, flags, &record, sizeof(record));
  return 0;
}

/* What tracing programs are given: their pointers are arguments of the traced function. */
SEC("fentry/skep_traces_skb") int put_skb(__u64 *ctx)
{
  struct record record = {1, 2, 3};

  result = bpf_skb_output((void *)ctx[0], &events, flags, &record, sizeof(record));
  return 0;
}

SEC("fexit/skep_traces_xdp") int put_xdp_buff(__u64 *ctx)
{
  struct record record = {1, 2, 3};

  result = bpf_xdp_output((void *)ctx[0], &events, flags, &record, sizeof(record));
  return 0;
}

SEC("fexit/skep_traces_xdp") int measure_xdp_buff(__u64 *ctx)
{
  result = bpf_xdp_get_buff_len((void *)ctx[0]);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Programs of control groups: what they see of a packet, which begins at its network header.
#include "helpers.bpf.h"

struct bpf_dynptr {
  __u64 opaque[2];
};

extern int bpf_dynptr_from_skb(struct __sk_buff *skb, __u64 flags, struct bpf_dynptr *dynptr) __ksym;
extern bool bpf_dynptr_is_rdonly(const struct bpf_dynptr *dynptr) __ksym;
extern __u32 bpf_dynptr_size(const struct bpf_dynptr *dynptr) __ksym;
extern void *bpf_dynptr_slice(const struct bpf_dynptr *dynptr, __u32 offset, void *buffer, __u32 size) __ksym;

static long (*const bpf_perf_event_output)(void *skb, void *map, __u64 flags, void *data, __u64 size) = (void *)25;

struct {
  __uint(type, 4 /* BPF_MAP_TYPE_PERF_EVENT_ARRAY */);
  __type(key, __u32);
  __type(value, __u32);
  __uint(max_entries, 1);
} events SEC(".maps");

SEC("cgroup_skb/ingress") int fields(struct __sk_buff *skb)
{
  out[0] = skb->len;
  out[1] = skb->protocol;
  out[2] = skb->pkt_type;
  out[3] = skb->ifindex;
  skb->cb[2] = 7;
  skb->mark = 9;
  skb->priority = 11;
  out[4] = skb->cb[2] + skb->mark + skb->priority;
  return 0;
}

SEC("cgroup_skb/egress") int bytes(struct __sk_buff *skb)
{
  __u8 buffer[8] = {};

  out[0] = bpf_skb_load_bytes(skb, 0, buffer, 2);
  out[1] = *(__u64 *)buffer;
  out[2] = bpf_skb_load_bytes_relative(skb, 0, buffer, 8, 0);
  out[3] = *(__u64 *)buffer;
  out[4] = bpf_skb_load_bytes_relative(skb, 8, buffer, 4, 1);
  out[5] = *(__u64 *)buffer;
  out[6] = bpf_skb_load_bytes(skb, skb->len, buffer, 1);
  out[7] = bpf_skb_ecn_set_ce(skb);
  out[8] = bpf_skb_load_bytes(skb, 0, buffer, 2);
  out[9] = *(__u64 *)buffer;
  return 1;
}

/* Nobody has opened the buffer; the packet's bytes are none of the program's mistakes. */
SEC("cgroup_skb/egress") int event(struct __sk_buff *skb)
{
  __u32 value = 1;

  out[0] = bpf_perf_event_output(skb, &events, 8ull << 32, &value, sizeof(value));
  out[1] = bpf_perf_event_output(skb, &events, 100ull << 32, &value, sizeof(value));
  return 1;
}

SEC("cgroup_skb/egress") int dynptrs(struct __sk_buff *skb)
{
  __u8 buffer[4] = {};
  struct bpf_dynptr packet;
  __u8 *slice;

  out[0] = bpf_dynptr_from_skb(skb, 0, &packet);
  out[1] = bpf_dynptr_is_rdonly(&packet);
  out[2] = bpf_dynptr_size(&packet);
  out[3] = bpf_dynptr_write(&packet, 0, buffer, 4, 0);
  out[4] = bpf_dynptr_read(buffer, 4, &packet, 8, 0);
  out[5] = *(__u32 *)buffer;
  slice = bpf_dynptr_slice(&packet, 0, buffer, 4);
  out[6] = slice ? slice[0] : 256;
  return 3;
}

/* BPF_PROG_TEST_RUN gives these programs no end of the packet; the real path does. */
SEC("cgroup_skb/ingress") int direct(struct __sk_buff *skb)
{
  __u8 *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

  out[0] = end - data;
  if (data + 10 > end)
    return 0;
  out[1] = data[0];
  out[2] = data[9];
  return 1;
}

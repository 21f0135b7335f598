// SPDX-License-Identifier: Apache-2.0
// A pipeline of tail calls: the parser leaves what it found in front of the packet (XDP metadata) and calls the stage
// of the protocol; the program array is filled by its initialiser.
// build: - clang-19 -mcpu=v3 -I/usr/include/x86_64-linux-gnu
#include "parse.h"

enum stage { STAGE_IPV4, STAGE_IPV6, STAGE_TCP, STAGE_UDP, STAGE_END, STAGE_UNUSED, STAGES };

struct metadata {
  __u16 offset;
  __u16 vlan;
  __u32 path; /* four bits for each stage */
};

int parse(struct xdp_md *ctx);
int ipv4(struct xdp_md *ctx);
int ipv6(struct xdp_md *ctx);
int tcp(struct xdp_md *ctx);
int udp(struct xdp_md *ctx);
int end(struct xdp_md *ctx);

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, STAGES);
  __uint(key_size, sizeof(__u32));
  __array(values, int(void *));
} stages SEC(".maps") = {
    .values =
        {
            [STAGE_IPV4] = (void *)&ipv4,
            [STAGE_IPV6] = (void *)&ipv6,
            [STAGE_TCP] = (void *)&tcp,
            [STAGE_UDP] = (void *)&udp,
            [STAGE_END] = (void *)&end,
        },
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 64);
  __type(key, __u32);
  __type(value, __u64);
} paths SEC(".maps");

__u64 fell_through;

static __always_inline struct metadata *metadata_of(struct xdp_md *ctx)
{
  struct metadata *metadata = (void *)(long)ctx->data_meta;

  return (void *)(metadata + 1) > (void *)(long)ctx->data ? NULL : metadata;
}

static __always_inline void next(struct xdp_md *ctx, struct metadata *metadata, enum stage stage, int length)
{
  metadata->offset += length;
  metadata->path = metadata->path << 4 | (stage + 1);
  bpf_tail_call(ctx, &stages, stage);
  __sync_fetch_and_add(&fell_through, 1);
}

SEC("xdp")
int parse(struct xdp_md *ctx)
{
  struct cursor cursor;
  struct metadata *metadata;
  __be16 protocol;
  __u16 vlan;

  if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*metadata)))
    return XDP_ABORTED;
  cursor = (struct cursor){(void *)(long)ctx->data, (void *)(long)ctx->data_end};
  protocol = take_ethernet(&cursor, &vlan);
  metadata = metadata_of(ctx);
  if (!metadata)
    return XDP_ABORTED;
  *metadata = (struct metadata){.vlan = vlan};
  if (protocol == bpf_htons(ETH_P_IP))
    next(ctx, metadata, STAGE_IPV4, cursor.at - (void *)(long)ctx->data);
  else if (protocol == bpf_htons(ETH_P_IPV6))
    next(ctx, metadata, STAGE_IPV6, cursor.at - (void *)(long)ctx->data);
  else
    next(ctx, metadata, STAGE_UNUSED, 0);
  return XDP_DROP;
}

static __always_inline int transport(struct xdp_md *ctx, struct metadata *metadata, __u8 protocol, int length)
{
  if (protocol == IPPROTO_TCP)
    next(ctx, metadata, STAGE_TCP, length);
  else if (protocol == IPPROTO_UDP)
    next(ctx, metadata, STAGE_UDP, length);
  else
    next(ctx, metadata, STAGES + protocol, length);
  return XDP_DROP;
}

SEC("xdp")
int ipv4(struct xdp_md *ctx)
{
  struct metadata *metadata = metadata_of(ctx);
  struct iphdr ip;

  if (!metadata || bpf_xdp_load_bytes(ctx, metadata->offset, &ip, sizeof(ip)))
    return XDP_ABORTED;
  return transport(ctx, metadata, ip.protocol, ip.ihl * 4);
}

SEC("xdp")
int ipv6(struct xdp_md *ctx)
{
  struct metadata *metadata = metadata_of(ctx);
  struct ipv6hdr ip;

  if (!metadata || bpf_xdp_load_bytes(ctx, metadata->offset, &ip, sizeof(ip)))
    return XDP_ABORTED;
  return transport(ctx, metadata, ip.nexthdr, sizeof(ip));
}

SEC("xdp")
int tcp(struct xdp_md *ctx)
{
  struct metadata *metadata = metadata_of(ctx);

  if (metadata)
    next(ctx, metadata, STAGE_END, sizeof(struct tcphdr));
  return XDP_DROP;
}

SEC("xdp")
int udp(struct xdp_md *ctx)
{
  struct metadata *metadata = metadata_of(ctx);

  if (metadata)
    next(ctx, metadata, STAGE_END, sizeof(struct udphdr));
  return XDP_DROP;
}

SEC("xdp")
int end(struct xdp_md *ctx)
{
  struct metadata *metadata = metadata_of(ctx);
  __u64 one = 1, *count;
  __u32 path;

  if (!metadata)
    return XDP_ABORTED;
  path = metadata->path;
  count = bpf_map_lookup_elem(&paths, &path);
  if (count)
    __sync_fetch_and_add(count, 1);
  else
    bpf_map_update_elem(&paths, &path, &one, BPF_ANY);
  return bpf_xdp_adjust_meta(ctx, sizeof(*metadata)) ? XDP_ABORTED : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";

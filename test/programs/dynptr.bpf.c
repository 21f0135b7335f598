// SPDX-License-Identifier: Apache-2.0
// Parses with dynptrs, which need no bounds checks: slices of the packet, options of TCP one after the other, and a
// record of variable length in a ring buffer.
// build: - clang-19 -mcpu=v3 -I/usr/include/x86_64-linux-gnu
#include "parse.h"

extern int bpf_dynptr_from_xdp(struct xdp_md *xdp, __u64 flags, struct bpf_dynptr *dynptr) __ksym;
extern void *bpf_dynptr_slice(const struct bpf_dynptr *dynptr, __u32 offset, void *buffer, __u32 size) __ksym;
extern void *bpf_dynptr_slice_rdwr(const struct bpf_dynptr *dynptr, __u32 offset, void *buffer, __u32 size) __ksym;
extern int bpf_dynptr_adjust(const struct bpf_dynptr *dynptr, __u32 start, __u32 end) __ksym;
extern __u32 bpf_dynptr_size(const struct bpf_dynptr *dynptr) __ksym;

#define MAX_OPTIONS 10

struct record {
  __u32 length;
  __u16 mss;
  __u8 scale;
  __u8 options;
};

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 8192);
} records SEC(".maps");

const volatile __u16 highest_mss = 1400;
__u64 clamped, malformed;

SEC("xdp")
int clamp(struct xdp_md *ctx)
{
  struct bpf_dynptr packet, record;
  struct record header = {};
  struct ethhdr ethernet_buffer, *ethernet;
  struct iphdr ip_buffer, *ip;
  struct tcphdr tcp_buffer, *tcp;
  __u32 offset, end, length;
  int result = XDP_PASS;

  if (bpf_dynptr_from_xdp(ctx, 0, &packet))
    return XDP_ABORTED;
  ethernet = bpf_dynptr_slice(&packet, 0, &ethernet_buffer, sizeof(ethernet_buffer));
  if (!ethernet || ethernet->h_proto != bpf_htons(ETH_P_IP) || bpf_dynptr_adjust(&packet, ETH_HLEN, bpf_dynptr_size(&packet)))
    return XDP_PASS;
  ip = bpf_dynptr_slice(&packet, 0, &ip_buffer, sizeof(ip_buffer));
  if (!ip || ip->ihl < 5 || ip->protocol != IPPROTO_TCP)
    return XDP_PASS;
  offset = ip->ihl * 4;
  tcp = bpf_dynptr_slice(&packet, offset, &tcp_buffer, sizeof(tcp_buffer));
  if (!tcp || !tcp->syn)
    return XDP_PASS;
  end = offset + tcp->doff * 4;
  offset += sizeof(*tcp);
  for (int i = 0; i < MAX_OPTIONS && offset < end; i++) {
    __u8 option[4] = {}, buffer[4], *writable;

    if (bpf_dynptr_read(option, 2, &packet, offset, 0)) {
      __sync_fetch_and_add(&malformed, 1);
      result = XDP_DROP;
      break;
    }
    if (option[0] == 0)
      break;
    header.options++;
    if (option[0] == 1) {
      offset++;
      continue;
    }
    if (option[1] < 2) {
      __sync_fetch_and_add(&malformed, 1);
      result = XDP_DROP;
      break;
    }
    if (option[0] == 2 && option[1] == 4) {
      writable = bpf_dynptr_slice_rdwr(&packet, offset, buffer, sizeof(buffer));
      if (!writable)
        return XDP_DROP;
      header.mss = writable[2] << 8 | writable[3];
      if (header.mss > highest_mss) {
        writable[2] = highest_mss >> 8;
        writable[3] = highest_mss & 0xff;
        if (writable == buffer)
          bpf_dynptr_write(&packet, offset, buffer, sizeof(buffer), 0);
        __sync_fetch_and_add(&clamped, 1);
      }
    }
    if (option[0] == 3 && option[1] == 3 && bpf_dynptr_read(&header.scale, 1, &packet, offset + 2, 0))
      break;
    offset += option[1];
  }
  header.length = length = bpf_dynptr_size(&packet);
  if (length > 128)
    length = 128;
  if (bpf_ringbuf_reserve_dynptr(&records, sizeof(header) + length, 0, &record)) {
    bpf_ringbuf_discard_dynptr(&record, 0);
    return result;
  }
  bpf_dynptr_write(&record, 0, &header, sizeof(header), 0);
  for (__u32 i = 0; i < 128; i++) {
    __u8 byte;

    if (i >= length || bpf_dynptr_read(&byte, 1, &packet, i, 0) ||
        bpf_dynptr_write(&record, sizeof(header) + i, &byte, 1, 0))
      break;
  }
  bpf_ringbuf_submit_dynptr(&record, 0);
  return result;
}

char LICENSE[] SEC("license") = "GPL";

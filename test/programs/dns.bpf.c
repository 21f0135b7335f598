// SPDX-License-Identifier: Apache-2.0
// Answers to DNS questions for names on a list are refused at XDP: the name is read label by label with bpf_loop, made
// lower case, and looked up; the question goes back as its own answer.
// build: - clang-19 -mcpu=v3 -I/usr/include/x86_64-linux-gnu
// build: c22 clang-22 -mcpu=v3 -I/usr/include/x86_64-linux-gnu
#include "parse.h"

#define NAME_LENGTH 64

struct dns_header {
  __be16 id;
  __be16 flags;
  __be16 questions;
  __be16 answers;
  __be16 authorities;
  __be16 additionals;
};

struct name {
  char text[NAME_LENGTH];
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 128);
  __type(key, struct name);
  __type(value, __u64);
} refused SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 128);
  __type(key, struct name);
  __type(value, __u64);
} seen SEC(".maps");

struct reading {
  struct xdp_md *ctx;
  struct name *name;
  __u32 offset;
  __u32 length;
  __u32 label;
  _Bool complete;
};

static const char local[] = "local.";

__u64 malformed, local_names;

static long read_character(__u32 index, struct reading *reading)
{
  void *end = (void *)(long)reading->ctx->data_end;
  __u8 *at = (void *)(long)reading->ctx->data + (reading->offset & 0x1ff) + (index & 0x7f);
  __u8 character;

  if ((void *)(at + 1) > end)
    return 1;
  character = *at;
  if (reading->label == 0) {
    reading->label = character;
    reading->complete = character == 0;
    if (character == 0 || character > 63)
      return 1;
    if (index == 0)
      return 0;
    character = '.';
  } else {
    reading->label--;
  }
  if (character >= 'A' && character <= 'Z')
    character += 'a' - 'A';
  reading->name->text[reading->length++ & (NAME_LENGTH - 1)] = character;
  return reading->length >= NAME_LENGTH - 1;
}

SEC("xdp")
int resolve(struct xdp_md *ctx)
{
  struct cursor cursor = {(void *)(long)ctx->data, (void *)(long)ctx->data_end};
  struct name name = {};
  struct reading reading = {.ctx = ctx, .name = &name};
  struct ethhdr *ethernet = cursor.at;
  struct dns_header *dns;
  struct udphdr *udp;
  struct iphdr *ip;
  __u64 one = 1, *count;
  __be32 address;
  __be16 port;
  __u8 mac[ETH_ALEN];
  __u16 vlan;

  if (take_ethernet(&cursor, &vlan) != bpf_htons(ETH_P_IP))
    return XDP_PASS;
  ip = take_ipv4(&cursor);
  if (!ip || ip->protocol != IPPROTO_UDP)
    return XDP_PASS;
  udp = take(&cursor, struct udphdr);
  if (!udp || udp->dest != bpf_htons(53))
    return XDP_PASS;
  dns = take(&cursor, struct dns_header);
  if (!dns || dns->questions != bpf_htons(1))
    goto bad;
  reading.offset = cursor.at - (void *)(long)ctx->data;
  bpf_loop(NAME_LENGTH + 8, read_character, &reading, 0);
  if (!reading.complete)
    goto bad;
  count = bpf_map_lookup_elem(&seen, &name);
  if (count)
    __sync_fetch_and_add(count, 1);
  else
    bpf_map_update_elem(&seen, &name, &one, BPF_NOEXIST);
  if (reading.length >= 5 && reading.length < NAME_LENGTH &&
      bpf_strncmp(&name.text[reading.length - 5], 5, local) == 0)
    __sync_fetch_and_add(&local_names, 1);
  count = bpf_map_lookup_elem(&refused, &name);
  if (!count)
    return XDP_PASS;
  __sync_fetch_and_add(count, 1);
  dns->flags |= bpf_htons(0x8005);
  address = ip->saddr;
  ip->saddr = ip->daddr;
  ip->daddr = address;
  port = udp->source;
  udp->source = udp->dest;
  udp->dest = port;
  udp->check = 0;
  __builtin_memcpy(mac, ethernet->h_dest, ETH_ALEN);
  __builtin_memcpy(ethernet->h_dest, ethernet->h_source, ETH_ALEN);
  __builtin_memcpy(ethernet->h_source, mac, ETH_ALEN);
  return XDP_TX;
bad:
  __sync_fetch_and_add(&malformed, 1);
  return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";

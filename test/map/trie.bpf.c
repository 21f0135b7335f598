// SPDX-License-Identifier: Apache-2.0
//
// One program over LPM tries: of IPv4 addresses, and of keys whose data is no whole word.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct route {
  __u32 prefixlen;
  __u8 data[4];
};

/* Packed: the key is these ten bytes, without padding behind them. */
struct odd {
  __u32 prefixlen;
  __u8 data[6];
} __attribute__((packed));

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(max_entries, 6);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct route);
  __type(value, __u32);
} routes SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(max_entries, 6);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct odd);
  __type(value, __u32);
} odds SEC(".maps");

/* The packet. */
struct request {
  /* 0 routes, 1 odds. */
  __u32 map;
  /* 0 lookup, 1 update, 2 delete. */
  __u32 operation;
  __u32 flags;
  __u32 prefixlen;
  __u8 data[8];
  __u32 value;
  __s32 result;
};

static __always_inline long operate(void *map, void *key, struct request *request)
{
  __u32 value = request->value;
  __u32 *found;

  if (request->operation == 1)
    return bpf_map_update_elem(map, key, &value, request->flags);
  if (request->operation == 2)
    return bpf_map_delete_elem(map, key);
  found = bpf_map_lookup_elem(map, key);
  if (found)
    request->value = *found;
  return found ? 0 : -ENOENT;
}

SEC("xdp")
int trie(struct xdp_md *ctx)
{
  struct request *request = (void *)(long)ctx->data;
  struct route route = {};
  struct odd odd = {};

  if ((void *)(request + 1) > (void *)(long)ctx->data_end)
    return XDP_ABORTED;
  if (request->map == 0) {
    route.prefixlen = request->prefixlen;
    __builtin_memcpy(route.data, request->data, sizeof(route.data));
    request->result = operate(&routes, &route, request);
  } else {
    odd.prefixlen = request->prefixlen;
    __builtin_memcpy(odd.data, request->data, sizeof(odd.data));
    request->result = operate(&odds, &odd, request);
  }
  return XDP_PASS;
}

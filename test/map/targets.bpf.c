// SPDX-License-Identifier: Apache-2.0
// Maps of devices, CPUs and sockets: what a program sees in them, and what bpf_redirect_map answers. The packet says
// which map, key and flags.
#include "skep.bpf.h"

#define BPF_MAP_TYPE_DEVMAP 14
#define BPF_MAP_TYPE_CPUMAP 16
#define BPF_MAP_TYPE_XSKMAP 17
#define BPF_MAP_TYPE_DEVMAP_HASH 25

static long (*const bpf_redirect_map)(void *map, __u64 key, __u64 flags) = (void *)51;

char LICENSE[] SEC("license") = "GPL";

/* As the kernel's: an interface or the size of a queue, and a program to run there. */
struct target {
  __u32 target;
  int program;
};

struct {
  __uint(type, BPF_MAP_TYPE_DEVMAP);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, struct target);
} devices SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_DEVMAP);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u32);
} plain_devices SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, struct target);
} device_hash SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_CPUMAP);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, struct target);
} cpus SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_XSKMAP);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u32);
} sockets SEC(".maps");

struct request {
  __u8 ethernet[14];
  __u16 map;
  __u64 key;
  __u64 flags;
};

/* What the lookup found: -1 nothing. */
__s64 found;

#define LOOK(map)                                      \
  do {                                                 \
    __u32 *value = bpf_map_lookup_elem(&map, &key);    \
    found = value ? *value : -1;                       \
    return bpf_redirect_map(&map, wide, flags);        \
  } while (0)

SEC("xdp") int redirect(struct xdp_md *ctx)
{
  struct request *request = (void *)(long)ctx->data;

  if ((void *)(request + 1) > (void *)(long)ctx->data_end)
    return -1;
  __u64 wide = request->key, flags = request->flags;
  __u32 key = wide;

  found = -1;
  switch (request->map) {
  case 0:
    LOOK(devices);
  case 1:
    LOOK(plain_devices);
  case 2:
    LOOK(device_hash);
  case 3:
    return bpf_redirect_map(&cpus, wide, flags);
  case 4: {
    void *socket = bpf_map_lookup_elem(&sockets, &key);

    found = socket ? 1 : -1;
    return bpf_redirect_map(&sockets, wide, flags);
  }
  }
  return -1;
}

/* The last of several redirects counts, also when it finds nothing. */
SEC("xdp") int redirect_twice(struct xdp_md *ctx)
{
  bpf_redirect_map(&devices, 1, 0);
  bpf_redirect_map(&devices, 3, XDP_PASS);
  return XDP_REDIRECT;
}

// SPDX-License-Identifier: Apache-2.0
// A user ring buffer is drained as the context says; what the callback saw is left in variables.
#include "skep.bpf.h"

struct bpf_dynptr {
  __u64 opaque[2];
} __attribute__((aligned(8)));

static long (*const bpf_dynptr_read)(void *to, __u32 length, const struct bpf_dynptr *from, __u32 offset,
                                     __u64 flags) = (void *)201;
static long (*const bpf_dynptr_write)(const struct bpf_dynptr *to, __u32 offset, void *from, __u32 length,
                                      __u64 flags) = (void *)202;
static void *(*const bpf_dynptr_data)(const struct bpf_dynptr *from, __u32 offset, __u32 length) = (void *)203;
static long (*const bpf_user_ringbuf_drain)(void *map, void *callback, void *ctx, __u64 flags) = (void *)209;

char LICENSE[] SEC("license") = "GPL";

#define BPF_MAP_TYPE_USER_RINGBUF 31
#define SEEN 32

struct {
  __uint(type, BPF_MAP_TYPE_USER_RINGBUF);
  __uint(max_entries, 4096);
} requests SEC(".maps");

struct asked {
  __u64 flags;
  /* The callback that answers 1, and the one that drains again; 0 none. */
  __u64 last;
  __u64 nested;
};

__s64 result;
__s64 within;
__u64 count;
__u64 seen[SEEN];
__s64 reads[SEEN];
__s64 writes[SEEN];
__u8 bytes[SEEN];

static long nothing(struct bpf_dynptr *sample, void *ctx)
{
  return 0;
}

static long take(struct bpf_dynptr *sample, void *ctx)
{
  struct asked *asked = ctx;
  __u64 at = count & (SEEN - 1), word = 0;
  __u8 *byte;

  count += 1;
  reads[at] = bpf_dynptr_read(&word, sizeof(word), sample, 0, 0);
  seen[at] = word;
  byte = bpf_dynptr_data(sample, 8, 1);
  bytes[at] = byte ? *byte : 0;
  word = 1;
  writes[at] = bpf_dynptr_write(sample, 0, &word, 1, 0);
  if (count == asked->nested)
    within = bpf_user_ringbuf_drain(&requests, nothing, NULL, 0);
  return count == asked->last;
}

SEC("syscall") int drain(struct asked *ctx)
{
  struct asked asked = *ctx;

  result = bpf_user_ringbuf_drain(&requests, take, &asked, asked.flags);
  return 0;
}

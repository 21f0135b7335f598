// SPDX-License-Identifier: Apache-2.0
// Memory: reading where nothing may be, dynptrs, loops, iterators, values of other CPUs.
#include "helpers.bpf.h"

struct bpf_dynptr {
  __u64 opaque[2];
};

struct bpf_iter_num {
  __u64 opaque;
};

extern int bpf_dynptr_adjust(const struct bpf_dynptr *dynptr, __u32 start, __u32 end) __ksym;
extern bool bpf_dynptr_is_null(const struct bpf_dynptr *dynptr) __ksym;
extern bool bpf_dynptr_is_rdonly(const struct bpf_dynptr *dynptr) __ksym;
extern __u32 bpf_dynptr_size(const struct bpf_dynptr *dynptr) __ksym;
extern int bpf_dynptr_clone(const struct bpf_dynptr *dynptr, struct bpf_dynptr *clone) __ksym;
extern int bpf_dynptr_copy(struct bpf_dynptr *to, __u32 to_offset, struct bpf_dynptr *from, __u32 from_offset,
                           __u32 size) __ksym;
extern int bpf_dynptr_memset(struct bpf_dynptr *dynptr, __u32 offset, __u32 size, __u8 byte) __ksym;
extern void *bpf_dynptr_slice(const struct bpf_dynptr *dynptr, __u32 offset, void *buffer, __u32 size) __ksym;
extern void *bpf_dynptr_slice_rdwr(const struct bpf_dynptr *dynptr, __u32 offset, void *buffer, __u32 size) __ksym;
extern int bpf_dynptr_from_skb(struct __sk_buff *skb, __u64 flags, struct bpf_dynptr *dynptr) __ksym;
extern int bpf_dynptr_from_xdp(struct xdp_md *ctx, __u64 flags, struct bpf_dynptr *dynptr) __ksym;
extern int bpf_iter_num_new(struct bpf_iter_num *iterator, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *iterator) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *iterator) __ksym;
extern int bpf_probe_read_kernel_dynptr(struct bpf_dynptr *dynptr, __u32 offset, __u32 size, const void *from) __ksym;
extern int bpf_probe_read_kernel_str_dynptr(struct bpf_dynptr *dynptr, __u32 offset, __u32 size,
                                            const void *from) __ksym;

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} ring SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64);
} per_cpu SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 8);
  __type(key, __u32);
  __type(value, __u64);
} numbers SEC(".maps");

static __u8 memory[64] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

SEC("syscall") int reads(void *ctx)
{
  __u8 buffer[16] = {9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9};
  static char word[] = "word";

  out[0] = bpf_probe_read_kernel(buffer, 8, memory);
  out[1] = *(__u64 *)buffer;
  out[2] = bpf_probe_read_kernel(buffer, 8, (void *)0x10);
  out[3] = *(__u64 *)buffer;
  out[4] = *(__u64 *)(buffer + 8);
  out[5] = bpf_probe_read_kernel_str(buffer, 16, word);
  out[6] = *(__u64 *)buffer;
  out[7] = bpf_probe_read_kernel_str(buffer, 3, word);
  out[8] = *(__u64 *)buffer;
  out[9] = bpf_probe_read_kernel_str(buffer, 8, (void *)0x10);
  out[10] = *(__u64 *)buffer;
  out[11] = bpf_probe_read_kernel_str(buffer, 1, word);
  out[12] = *(__u64 *)buffer;
  out[13] = bpf_probe_read_kernel(buffer, 8, NULL);
  out[14] = bpf_probe_read_user(buffer, 8, (void *)0x10);
  out[15] = *(__u64 *)(buffer + 8);
  return 0;
}

SEC("syscall") int dynptr_of_memory(void *ctx)
{
  struct bpf_dynptr dynptr, clone;
  __u8 buffer[8] = {0xa, 0xb, 0xc, 0xd, 0xe, 0xf, 1, 2}, *at;

  out[0] = bpf_dynptr_from_mem(memory, 16, 0, &dynptr);
  out[1] = bpf_dynptr_size(&dynptr);
  out[2] = bpf_dynptr_read(buffer, 4, &dynptr, 12, 0);
  out[3] = *(__u64 *)buffer;
  out[4] = bpf_dynptr_read(buffer, 4, &dynptr, 13, 0);
  out[5] = bpf_dynptr_read(buffer, 4, &dynptr, 0, 1);
  out[6] = bpf_dynptr_write(&dynptr, 2, buffer, 4, 0);
  out[7] = bpf_dynptr_write(&dynptr, 13, buffer, 4, 0);
  out[8] = bpf_dynptr_write(&dynptr, 13, buffer, 4, 1);
  out[9] = bpf_dynptr_write(&dynptr, 0, buffer, 4, 1);
  at = bpf_dynptr_data(&dynptr, 8, 8);
  out[10] = at ? *at : -1;
  at = bpf_dynptr_data(&dynptr, 9, 8);
  out[11] = at ? *at : -1;
  at = bpf_dynptr_slice(&dynptr, 2, buffer, 8);
  out[12] = at ? *at : -1;
  at = bpf_dynptr_data(&dynptr, 4, 8);
  if (at)
    *at = 0x77;
  out[13] = bpf_dynptr_adjust(&dynptr, 4, 12);
  out[14] = bpf_dynptr_size(&dynptr);
  out[15] = bpf_dynptr_clone(&dynptr, &clone);
  out[16] = bpf_dynptr_adjust(&dynptr, 9, 9);
  out[17] = bpf_dynptr_adjust(&dynptr, 3, 2);
  out[18] = bpf_dynptr_adjust(&dynptr, 2, 9);
  out[19] = bpf_dynptr_adjust(&dynptr, 8, 8);
  out[20] = bpf_dynptr_size(&dynptr);
  out[21] = bpf_dynptr_size(&clone);
  out[22] = bpf_dynptr_is_null(&dynptr);
  out[23] = bpf_dynptr_is_rdonly(&clone);
  at = bpf_dynptr_slice(&clone, 0, buffer, 1);
  out[24] = at ? *at : -1;
  out[25] = bpf_dynptr_memset(&clone, 1, 3, 0x55);
  out[26] = bpf_dynptr_memset(&clone, 6, 3, 0x55);
  for (int byte = 0; byte < 16; byte++)
    text[byte] = memory[byte];
  return 0;
}

SEC("syscall") int dynptr_of_nothing(void *ctx)
{
  struct bpf_dynptr dynptr, clone;
  __u8 buffer[8] = {}, *at;

  out[0] = bpf_dynptr_from_mem(memory, 16, 1, &dynptr);
  out[1] = bpf_dynptr_size(&dynptr);
  out[2] = bpf_dynptr_is_null(&dynptr);
  out[3] = bpf_dynptr_is_rdonly(&dynptr);
  out[4] = bpf_dynptr_read(buffer, 4, &dynptr, 12, 0);
  out[5] = bpf_dynptr_write(&dynptr, 12, buffer, 4, 0);
  at = bpf_dynptr_data(&dynptr, 0, 1);
  out[6] = at ? *at : -1;
  at = bpf_dynptr_slice(&dynptr, 0, buffer, 1);
  out[7] = at ? *at : -1;
  out[8] = bpf_dynptr_adjust(&dynptr, 0, 0);
  out[9] = bpf_dynptr_clone(&dynptr, &clone);
  out[10] = bpf_dynptr_is_null(&clone);
  out[11] = bpf_dynptr_memset(&dynptr, 0, 1, 1);
  out[12] = bpf_dynptr_memset(&dynptr, 0, 0, 1);
  out[13] = bpf_dynptr_copy(&dynptr, 0, &clone, 0, 0);
  out[14] = bpf_dynptr_copy(&dynptr, 0, &clone, 0, 1);
  return 0;
}

SEC("syscall") int dynptr_of_ring(void *ctx)
{
  struct bpf_dynptr dynptr;
  __u8 buffer[8] = {1, 2, 3, 4, 5, 6, 7, 8}, *at;

  out[0] = bpf_ringbuf_reserve_dynptr(&ring, 24, 0, &dynptr);
  out[1] = bpf_dynptr_size(&dynptr);
  out[2] = bpf_dynptr_write(&dynptr, 4, buffer, 8, 0);
  out[3] = bpf_dynptr_read(buffer, 8, &dynptr, 2, 0);
  out[4] = *(__u64 *)buffer & 0xffffffffffff0000;
  out[5] = bpf_dynptr_write(&dynptr, 17, buffer, 8, 0);
  at = bpf_dynptr_data(&dynptr, 4, 8);
  out[6] = at ? *at : -1;
  out[7] = bpf_dynptr_adjust(&dynptr, 4, 12);
  at = bpf_dynptr_data(&dynptr, 0, 8);
  out[8] = at ? *at : -1;
  out[9] = bpf_ringbuf_query(&ring, 0);
  bpf_ringbuf_submit_dynptr(&dynptr, 0);
  out[10] = bpf_ringbuf_reserve_dynptr(&ring, 100, 1, &dynptr);
  out[11] = bpf_dynptr_is_null(&dynptr);
  bpf_ringbuf_discard_dynptr(&dynptr, 0);
  out[12] = bpf_ringbuf_reserve_dynptr(&ring, 4096, 0, &dynptr);
  bpf_ringbuf_submit_dynptr(&dynptr, 0);
  out[13] = bpf_ringbuf_reserve_dynptr(&ring, 1 << 24, 0, &dynptr);
  bpf_ringbuf_discard_dynptr(&dynptr, 0);
  out[14] = bpf_ringbuf_reserve_dynptr(&ring, 40, 0, &dynptr);
  out[15] = bpf_ringbuf_query(&ring, 3);
  bpf_ringbuf_discard_dynptr(&dynptr, 0);
  out[16] = bpf_ringbuf_query(&ring, 0);
  return 0;
}

SEC("syscall") int dynptr_copies(void *ctx)
{
  struct bpf_dynptr from, to;
  static __u8 other[32];

  bpf_dynptr_from_mem(memory, 16, 0, &from);
  bpf_dynptr_from_mem(other, 32, 0, &to);
  out[0] = bpf_dynptr_copy(&to, 4, &from, 2, 8);
  out[1] = bpf_dynptr_copy(&to, 25, &from, 2, 8);
  out[2] = bpf_dynptr_copy(&to, 4, &from, 9, 8);
  out[3] = bpf_dynptr_copy(&to, 5, &to, 4, 8);
  out[4] = bpf_probe_read_kernel_dynptr(&to, 20, 4, memory);
  out[5] = bpf_probe_read_kernel_dynptr(&to, 29, 4, memory);
  out[6] = bpf_probe_read_kernel_dynptr(&to, 24, 4, (void *)0x10);
  out[7] = bpf_probe_read_kernel_str_dynptr(&to, 24, 8, "abc");
  out[8] = bpf_probe_read_kernel_str_dynptr(&to, 28, 3, "abcdef");
  out[9] = bpf_probe_read_kernel_str_dynptr(&to, 0, 8, (void *)0x10);
  out[10] = bpf_probe_read_kernel_str_dynptr(&to, 28, 8, "abcdef");
  for (int byte = 0; byte < 32; byte++)
    text[byte] = other[byte];
  return 0;
}

SEC("tc") int dynptr_of_skb(struct __sk_buff *skb)
{
  struct bpf_dynptr dynptr, memory_dynptr;
  __u8 buffer[8] = {1, 2, 3, 4, 5, 6, 7, 8}, *at;

  out[0] = bpf_dynptr_from_skb(skb, 1, &dynptr);
  out[1] = bpf_dynptr_is_null(&dynptr);
  out[2] = bpf_dynptr_from_skb(skb, 0, &dynptr);
  out[3] = bpf_dynptr_size(&dynptr);
  out[4] = bpf_dynptr_is_rdonly(&dynptr);
  out[5] = bpf_dynptr_write(&dynptr, 20, buffer, 8, 0);
  out[6] = bpf_dynptr_write(&dynptr, 43, buffer, 8, 0);
  out[7] = bpf_dynptr_write(&dynptr, 20, buffer, 8, 8);
  out[8] = bpf_dynptr_write(&dynptr, 30, buffer, 2, 1);
  out[9] = bpf_dynptr_read(buffer, 8, &dynptr, 12, 0);
  out[10] = *(__u64 *)buffer;
  out[11] = bpf_dynptr_read(buffer, 8, &dynptr, 43, 0);
  at = bpf_dynptr_slice(&dynptr, 22, buffer, 8);
  out[12] = at ? *at : -1;
  at = bpf_dynptr_slice_rdwr(&dynptr, 0, buffer, 8);
  if (at)
    *at = 0x99;
  at = bpf_dynptr_slice(&dynptr, 44, buffer, 8);
  out[13] = at ? *at : -1;
  at = bpf_dynptr_slice(&dynptr, 1, NULL, 1);
  out[14] = at ? *at : -1;
  out[15] = bpf_dynptr_adjust(&dynptr, 14, 34);
  out[16] = bpf_dynptr_read(buffer, 8, &dynptr, 0, 0);
  out[17] = *(__u64 *)buffer;
  out[18] = bpf_dynptr_memset(&dynptr, 12, 4, 0xee);
  bpf_dynptr_from_mem(memory, 16, 0, &memory_dynptr);
  out[19] = bpf_dynptr_copy(&dynptr, 16, &memory_dynptr, 0, 4);
  out[20] = bpf_dynptr_copy(&memory_dynptr, 8, &dynptr, 0, 4);
  out[21] = *(__u64 *)(memory + 8);
  return 0;
}

SEC("socket") int dynptr_of_filter(struct __sk_buff *skb)
{
  struct bpf_dynptr dynptr;
  __u8 buffer[8] = {1, 2, 3, 4, 5, 6, 7, 8}, *at;

  out[0] = bpf_dynptr_from_skb(skb, 0, &dynptr);
  out[1] = bpf_dynptr_size(&dynptr);
  out[2] = bpf_dynptr_is_rdonly(&dynptr);
  out[3] = bpf_dynptr_write(&dynptr, 20, buffer, 8, 0);
  out[4] = bpf_dynptr_read(buffer, 8, &dynptr, 12, 0);
  out[5] = *(__u64 *)buffer;
  at = bpf_dynptr_slice(&dynptr, 0, buffer, 8);
  out[6] = at ? *at : -1;
  out[7] = bpf_dynptr_memset(&dynptr, 0, 4, 0xee);
  return 0;
}

SEC("xdp") int dynptr_of_xdp(struct xdp_md *ctx)
{
  struct bpf_dynptr dynptr;
  __u8 buffer[8] = {1, 2, 3, 4, 5, 6, 7, 8}, *at;

  out[0] = bpf_dynptr_from_xdp(ctx, 1, &dynptr);
  out[1] = bpf_dynptr_from_xdp(ctx, 0, &dynptr);
  out[2] = bpf_dynptr_size(&dynptr);
  out[3] = bpf_dynptr_is_rdonly(&dynptr);
  out[4] = bpf_dynptr_write(&dynptr, 20, buffer, 8, 0);
  out[5] = bpf_dynptr_write(&dynptr, 43, buffer, 8, 0);
  out[6] = bpf_dynptr_write(&dynptr, 20, buffer, 8, 1);
  out[7] = bpf_dynptr_read(buffer, 8, &dynptr, 12, 0);
  out[8] = *(__u64 *)buffer;
  at = bpf_dynptr_slice_rdwr(&dynptr, 0, buffer, 8);
  if (at)
    *at = 0x99;
  at = bpf_dynptr_slice(&dynptr, 44, buffer, 8);
  out[9] = at ? *at : -1;
  out[10] = bpf_dynptr_memset(&dynptr, 12, 4, 0xee);
  out[11] = bpf_xdp_adjust_tail(ctx, -20);
  out[12] = bpf_dynptr_size(&dynptr);
  out[13] = bpf_dynptr_read(buffer, 8, &dynptr, 30, 0);
  out[14] = bpf_dynptr_write(&dynptr, 30, buffer, 8, 0);
  return XDP_PASS;
}

static long sum(__u32 index, __u64 *total)
{
  *total += index;
  return *total > 20;
}

SEC("syscall") int loops(void *ctx)
{
  struct bpf_iter_num iterator;
  __u64 total = 0;
  int *next;

  out[0] = bpf_loop(5, sum, &total, 0);
  out[1] = total;
  out[2] = bpf_loop(100, sum, &total, 0);
  out[3] = total;
  out[4] = bpf_loop(1, sum, &total, 1);
  /* Where the kernel puts the loop into the program it forgets the upper half of this one. */
  out[5] = (int)bpf_loop((1 << 23) + 1, sum, &total, 0);
  out[6] = bpf_loop(0, sum, &total, 0);
  out[7] = bpf_iter_num_new(&iterator, -2, 3);
  total = 0;
  while ((next = bpf_iter_num_next(&iterator)))
    total = total * 10 + *next + 3;
  out[8] = total;
  bpf_iter_num_destroy(&iterator);
  out[9] = bpf_iter_num_new(&iterator, 5, 3);
  out[10] = bpf_iter_num_next(&iterator) != NULL;
  bpf_iter_num_destroy(&iterator);
  out[11] = bpf_iter_num_new(&iterator, 0, 1 << 24);
  bpf_iter_num_destroy(&iterator);
  out[12] = bpf_iter_num_new(&iterator, 7, 7);
  out[13] = bpf_iter_num_next(&iterator) != NULL;
  bpf_iter_num_destroy(&iterator);
  return 0;
}

static long visit(void *map, __u32 *key, __u64 *value, __u64 *total)
{
  *total += *key * 100 + *value;
  *value += 1;
  return *total > 100000;
}

SEC("syscall") int elements(void *ctx)
{
  __u64 total = 0;

#pragma clang loop unroll(full)
  for (__u32 at = 0; at < 4; at++) {
    __u32 key = at;
    __u64 value = at + 1;

    bpf_map_update_elem(&numbers, &key, &value, 0);
    bpf_map_update_elem(&per_cpu, &key, &value, 0);
  }
  out[0] = bpf_for_each_map_elem(&numbers, visit, &total, 0);
  out[1] = total;
  out[2] = bpf_for_each_map_elem(&numbers, visit, &total, 0);
  out[3] = total;
  out[4] = bpf_for_each_map_elem(&per_cpu, visit, &total, 0);
  out[5] = total;
  out[6] = bpf_for_each_map_elem(&numbers, visit, &total, 1);
  return 0;
}

SEC("syscall") int other_cpus(void *ctx)
{
  __u32 key = 1, none = 9;
  __u64 value = 5, *found;

  bpf_map_update_elem(&per_cpu, &key, &value, 0);
  found = bpf_map_lookup_percpu_elem(&per_cpu, &key, bpf_get_smp_processor_id());
  out[0] = found ? *found : -1;
  found = bpf_map_lookup_percpu_elem(&per_cpu, &key, 4000);
  out[1] = found ? *found : -1;
  found = bpf_map_lookup_percpu_elem(&per_cpu, &none, 0);
  out[2] = found ? *found : -1;
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
//
// Operations on maps.

#include "request.h"

char LICENSE[] SEC("license") = "GPL";

#define ENTRIES 1024

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, ENTRIES);
  __type(key, __u32);
  __type(value, __u64);
} numbers SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, ENTRIES * 2);
  __type(key, __u64);
  __type(value, __u64);
} table SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, ENTRIES);
  __type(key, __u64);
  __type(value, __u64);
} recent SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 16);
  __type(key, __u32);
  __type(value, __u64);
} counters SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(max_entries, ENTRIES);
  __type(key, __u64);
  __type(value, __u64);
} counters_by_key SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 1 << 20);
} ring SEC(".maps");

TIMED(array_lookup, __u32 key = n % ENTRIES; return bpf_map_lookup_elem(&numbers, &key) != NULL)

TIMED(atomic_add, __u32 key = n % ENTRIES; __u64 *number = bpf_map_lookup_elem(&numbers, &key);
      if (!number) return 0; __sync_fetch_and_add(number, 1); return 1)

TIMED(prepare_table, __u64 key = n % ENTRIES; __u64 value = n;
      return bpf_map_update_elem(&table, &key, &value, BPF_ANY) == 0)

TIMED(hash_lookup, __u64 key = n % ENTRIES; return bpf_map_lookup_elem(&table, &key) != NULL)

TIMED(hash_miss, __u64 key = n % ENTRIES + ENTRIES; return bpf_map_lookup_elem(&table, &key) == NULL)

TIMED(hash_update, __u64 key = n % ENTRIES; __u64 value = n;
      return bpf_map_update_elem(&table, &key, &value, BPF_EXIST) == 0)

/* Several CPUs: each its own 256 keys from `argument` on. A look and an update. */
TIMED(hash_mixed, __u64 key = argument + n % 256; __u64 value = n; long found = bpf_map_lookup_elem(&table, &key) != NULL;
      return bpf_map_update_elem(&table, &key, &value, BPF_EXIST) == 0 && found)

TIMED(hash_insert_delete, __u64 key = n % 512 + ENTRIES; __u64 value = n;
      long error = bpf_map_update_elem(&table, &key, &value, BPF_NOEXIST);
      return bpf_map_delete_elem(&table, &key) == 0 && error == 0)

/* Every key is a new one: each insert but the first ones evicts an element. */
TIMED(lru_insert, __u64 key = argument + n; __u64 value = n;
      return bpf_map_update_elem(&recent, &key, &value, BPF_NOEXIST) == 0)

TIMED(percpu_array, __u32 key = n % 16; __u64 *counter = bpf_map_lookup_elem(&counters, &key); if (!counter) return 0;
      *counter += n; return 1)

TIMED(prepare_percpu_hash, __u64 key = n % ENTRIES; __u64 value = n;
      return bpf_map_update_elem(&counters_by_key, &key, &value, BPF_ANY) == 0)

TIMED(percpu_hash, __u64 key = n % ENTRIES; __u64 *counter = bpf_map_lookup_elem(&counters_by_key, &key);
      if (!counter) return 0; *counter += n; return 1)

TIMED(ring_reserve_submit, __u64 *record = bpf_ringbuf_reserve(&ring, sizeof(__u64), 0); if (!record) return 0;
      *record = n; bpf_ringbuf_submit(record, 1 /* BPF_RB_NO_WAKEUP */); return 1)

TIMED(ring_output, __u64 record = n; return bpf_ringbuf_output(&ring, &record, sizeof(record), 1) == 0)

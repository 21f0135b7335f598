// SPDX-License-Identifier: Apache-2.0
//
// The calls on maps that a user of the kernel has.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "oracle.h"

/* Bytes of what a lookup gives: per-CPU maps have a value for each possible CPU, padded to 8 bytes. */
static int value_bytes(struct bpf_map *map)
{
  int size = bpf_map__value_size(map);

  switch (bpf_map__type(map)) {
  case BPF_MAP_TYPE_PERCPU_ARRAY:
  case BPF_MAP_TYPE_PERCPU_HASH:
  case BPF_MAP_TYPE_LRU_PERCPU_HASH:
    return (size + 7) / 8 * 8 * libbpf_num_possible_cpus();
  default:
    return size;
  }
}

static void batch_read(struct bpf_map *map, int count, char **words)
{
  LIBBPF_OPTS(bpf_map_batch_opts, options);
  static unsigned char from[MAX_BYTES], cursor[MAX_BYTES];
  int given = count == 5 ? from_hex(words[2], from) : -1, result;
  __u32 met = given < 0 ? 0 : atoi(words[3]);

  if (given < 0 || met * value_bytes(map) > MAX_BYTES) {
    answer(-EINVAL);
    return;
  }
  options.elem_flags = atoi(words[4]);
  result = (words[0][6] == 'g' ? bpf_map_lookup_batch : bpf_map_lookup_and_delete_batch)(
      bpf_map__fd(map), given ? from : NULL, cursor, first, second, &met, &options);
  printf("{\"result\":%d,\"count\":%u,\"keys\":", result < 0 ? -errno : 0, met);
  if (result < 0 && errno != ENOENT)
    met = 0;
  print_hex(first, met * bpf_map__key_size(map));
  printf(",\"values\":");
  print_hex(second, met * value_bytes(map));
  printf(",\"cursor\":");
  print_hex(cursor, bpf_map__key_size(map) < 4 ? 4 : bpf_map__key_size(map));
  printf("}\n");
}

static void batch_write(struct bpf_map *map, int count, char **words)
{
  LIBBPF_OPTS(bpf_map_batch_opts, options);
  int keys = count > 2 ? from_hex(words[2], first) : -1, result;
  __u32 done = keys > 0 ? keys / bpf_map__key_size(map) : 0;

  if (count == 5 && keys >= 0 && from_hex(words[3], second) == (int)done * value_bytes(map)) {
    options.elem_flags = atoi(words[4]);
    result = bpf_map_update_batch(bpf_map__fd(map), first, second, &done, &options);
  } else if (count == 3 && keys >= 0) {
    result = bpf_map_delete_batch(bpf_map__fd(map), first, &done, &options);
  } else {
    answer(-EINVAL);
    return;
  }
  printf("{\"result\":%d,\"count\":%u}\n", result < 0 ? -errno : 0, done);
}

static void map_values(struct bpf_map *map, const char *length, const char *access)
{
  size_t all = (size_t)bpf_map__max_entries(map) * ((bpf_map__value_size(map) + 7) / 8 * 8);
  size_t bytes = strcmp(length, "-") == 0 ? all : strtoul(length, NULL, 0);
  void *at = mmap(NULL, bytes, access[0] == 'w' ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, bpf_map__fd(map), 0);
  int result = at == MAP_FAILED ? -errno : 0;

  if (!result)
    munmap(at, bytes);
  answer(result);
}

void map_call(int count, char **words)
{
  const char *call = words[0];
  struct bpf_map *map = bpf_object__find_map_by_name(object, words[1]);
  int handle = map ? bpf_map__fd(map) : -1;
  int key = count > 2 ? from_hex(words[2], first) : 0;
  int result;

  if (!map) {
    answer(-EINVAL);
  } else if (strcmp(call, "batch-get") == 0 || strcmp(call, "batch-take") == 0) {
    batch_read(map, count, words);
  } else if (strcmp(call, "batch-set") == 0 || strcmp(call, "batch-delete") == 0) {
    batch_write(map, count, words);
  } else if (strcmp(call, "freeze") == 0) {
    answer(bpf_map_freeze(handle) < 0 ? -errno : 0);
  } else if (strcmp(call, "map") == 0 && count == 4) {
    map_values(map, words[2], words[3]);
  } else if (key < 0) {
    answer(-EINVAL);
  } else if (strcmp(call, "get") == 0 || strcmp(call, "take") == 0) {
    result = call[0] == 'g' ? bpf_map_lookup_elem_flags(handle, first, second, count > 3 ? atoi(words[3]) : 0)
          : bpf_map_lookup_and_delete_elem(handle, first, second);
    printf("{\"result\":%d,\"value\":", result < 0 ? -errno : 0);
    print_hex(second, result < 0 ? 0 : value_bytes(map));
    printf("}\n");
  } else if (strcmp(call, "set") == 0 && count == 5) {
    if (from_hex(words[3], second) != value_bytes(map))
      answer(-EINVAL);
    else
      answer(bpf_map_update_elem(handle, first, second, strtoull(words[4], NULL, 0)) < 0 ? -errno : 0);
  } else if (strcmp(call, "delete") == 0) {
    answer(bpf_map_delete_elem(handle, first) < 0 ? -errno : 0);
  } else if (strcmp(call, "next") == 0) {
    result = bpf_map_get_next_key(handle, key ? first : NULL, second);
    printf("{\"result\":%d,\"value\":", result < 0 ? -errno : 0);
    print_hex(second, result < 0 ? 0 : bpf_map__key_size(map));
    printf("}\n");
  } else {
    answer(-EINVAL);
  }
}

/* Maps without keys: the kernel takes none, and a bloom filter takes the value that is looked for. */
void keyless_call(int count, char **words)
{
  struct bpf_map *map = bpf_object__find_map_by_name(object, words[1]);
  int value = count > 2 ? from_hex(words[2], second) : 0;
  int result;

  if (!map || (count > 2 && value != (int)bpf_map__value_size(map))) {
    answer(-EINVAL);
    return;
  }
  if (strcmp(words[0], "push") == 0 && count == 4)
    result = bpf_map_update_elem(bpf_map__fd(map), NULL, second, strtoull(words[3], NULL, 0));
  else if (strcmp(words[0], "pop") == 0)
    result = bpf_map_lookup_and_delete_elem(bpf_map__fd(map), NULL, second);
  else
    result = bpf_map_lookup_elem(bpf_map__fd(map), NULL, second);
  printf("{\"result\":%d,\"value\":", result < 0 ? -errno : 0);
  print_hex(second, result < 0 ? 0 : bpf_map__value_size(map));
  printf("}\n");
}

void create(char **words)
{
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = strtoul(words[4], NULL, 0),
              .map_extra = strtoull(words[5], NULL, 0));
  int map = bpf_map_create(atoi(words[0]), "made", strtoul(words[1], NULL, 0), strtoul(words[2], NULL, 0),
                           strtoul(words[3], NULL, 0), &options);

  answer(map < 0 ? -errno : 0);
  if (map >= 0)
    close(map);
}

static int forget_record(void *context, void *data, size_t size)
{
  return 0;
}

static int print_record(void *count, void *data, size_t size)
{
  printf((*(int *)count)++ ? "," : "");
  print_hex(data, size);
  return 0;
}

void records(const char *name)
{
  struct bpf_map *map = bpf_object__find_map_by_name(object, name);
  int count = 0, result;
  struct ring_buffer *ring = map ? ring_buffer__new(bpf_map__fd(map), print_record, &count, NULL) : NULL;

  if (!ring) {
    answer(-EINVAL);
    return;
  }
  printf("{\"records\":[");
  result = ring_buffer__consume(ring);
  printf("],\"result\":%d}\n", result);
  ring_buffer__free(ring);
}

void drain(const char *name)
{
  struct bpf_map *map = bpf_object__find_map_by_name(object, name);
  struct ring_buffer *ring = map ? ring_buffer__new(bpf_map__fd(map), forget_record, NULL, NULL) : NULL;

  if (!ring) {
    answer(-EINVAL);
    return;
  }
  answer(ring_buffer__consume(ring));
  ring_buffer__free(ring);
}

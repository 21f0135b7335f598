// SPDX-License-Identifier: Apache-2.0
//
// The one object that is loaded, and the handles of its maps and programs.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "oracle.h"

#define MAX_CLOSED 16

struct bpf_object *object;
char verifier_log[1 << 20];
char library_log[1 << 14];

/* Maps whose handle was closed, by name, with the id that leads back to them. */
static struct {
  char name[64];
  __u32 id;
} closed[MAX_CLOSED];
static int closed_count;

int keep_log(enum libbpf_print_level level, const char *format, va_list arguments)
{
  size_t used = strlen(library_log);

  if (level == LIBBPF_WARN)
    vsnprintf(library_log + used, sizeof(library_log) - used, format, arguments);
  return 0;
}

void unload(void)
{
  forget_producer();
  bpf_object__close(object);
  object = NULL;
  closed_count = 0;
}

void load(int count, char **words)
{
  LIBBPF_OPTS(bpf_object_open_opts, options, .kernel_log_buf = verifier_log, .kernel_log_size = sizeof(verifier_log));
  struct bpf_program *program;
  int result;

  unload();
  verifier_log[0] = 0;
  library_log[0] = 0;
  object = bpf_object__open_file(words[0], &options);
  if (!object) {
    printf("{\"result\":%d,\"log\":\"\",\"library\":", -errno);
    print_string(library_log);
    printf("}\n");
    return;
  }
  bpf_object__for_each_program(program, object) {
    int wanted = count == 1;

    for (int i = 1; i < count; i++)
      wanted |= strcmp(words[i], bpf_program__name(program)) == 0;
    bpf_program__set_autoload(program, wanted);
  }
  result = bpf_object__load(object);
  printf("{\"result\":%d,\"log\":", result);
  print_string(verifier_log);
  printf(",\"library\":");
  print_string(library_log);
  printf("}\n");
  if (result)
    unload();
}

/* A variable lies in the map of its section, at the offset that BTF tells. */
void variable(const char *name)
{
  const struct btf *btf = bpf_object__btf(object);

  for (__u32 id = 1; btf && id < btf__type_cnt(btf); id++) {
    const struct btf_type *section = btf__type_by_id(btf, id);
    const struct btf_var_secinfo *entry = btf_var_secinfos(section);
    __u32 zero = 0;

    for (int i = 0; btf_is_datasec(section) && i < btf_vlen(section); i++, entry++) {
      const char *found = btf__name_by_offset(btf, btf__type_by_id(btf, entry->type)->name_off);
      struct bpf_map *map = bpf_object__find_map_by_name(object, btf__name_by_offset(btf, section->name_off));
      int result;

      if (!map || strcmp(found, name) != 0)
        continue;
      result = bpf_map_lookup_elem(bpf_map__fd(map), &zero, second);
      printf("{\"result\":%d,\"value\":", result < 0 ? -errno : 0);
      print_hex(second + entry->offset, result < 0 ? 0 : entry->size);
      printf("}\n");
      return;
    }
  }
  answer(-ENOENT);
}

/* Puts /dev/null in the place of a handle: its reference is gone, and libbpf may still close the number later. */
static int drop(int handle)
{
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  int result = dup2(nothing, handle);

  close(nothing);
  return result < 0 ? -errno : 0;
}

void close_map(const char *name)
{
  struct bpf_map *map = bpf_object__find_map_by_name(object, name);
  struct bpf_map_info info = {};
  __u32 length = sizeof(info);

  if (!map || closed_count == MAX_CLOSED || bpf_obj_get_info_by_fd(bpf_map__fd(map), &info, &length)) {
    answer(-EINVAL);
    return;
  }
  snprintf(closed[closed_count].name, sizeof(closed[0].name), "%s", name);
  closed[closed_count++].id = info.id;
  answer(drop(bpf_map__fd(map)));
}

void reopen_map(const char *name)
{
  struct bpf_map *map = bpf_object__find_map_by_name(object, name);

  for (int i = 0; map && i < closed_count; i++) {
    int handle, result;

    if (strcmp(closed[i].name, name) != 0)
      continue;
    handle = bpf_map_get_fd_by_id(closed[i].id);
    if (handle < 0) {
      answer(-errno);
      return;
    }
    result = dup2(handle, bpf_map__fd(map));
    close(handle);
    answer(result < 0 ? -errno : 0);
    return;
  }
  answer(-EINVAL);
}

void close_programs(void)
{
  struct bpf_program *program;

  bpf_object__for_each_program(program, object)
    if (bpf_program__fd(program) >= 0)
      drop(bpf_program__fd(program));
  answer(0);
}

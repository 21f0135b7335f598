// SPDX-License-Identifier: Apache-2.0
//
// The machine's own kernel as a test subject: loads objects with libbpf, runs programs with BPF_PROG_TEST_RUN, makes
// user-side map calls. Reads one command per line (words), answers each with one line of JSON. It attaches nothing,
// pins nothing and changes no setting; closing standard input ends it and with it everything it loaded.
//
//   info                                   {"result":0 | -errno of a small map creation,"release":"6.18…","cpus":2}
//   spare N                                make room for N timers in the kernel's allocator (see below)
//   cpu N                                  run what follows on that CPU
//   load PATH [PROGRAM…]                   load the object with these programs only (all of them without a list)
//   run PROGRAM HEX|- REPEAT [CONTEXT]     {"result":0,"retval":…,"data":"hex","duration":ns}
//   get MAP KEY [FLAGS] / take MAP KEY     lookup / lookup-and-delete: {"result":0,"value":"hex"}
//   each PROGRAM TIMES HEX…                one run with each of the packets, TIMES over: {"result":0,"nanoseconds":of all}
//   drain MAP                              takes every record out of a ring buffer; "result" is how many
//   set MAP KEY VALUE FLAGS, delete MAP KEY, next MAP KEY|-
//   batch-get MAP CURSOR|- COUNT FLAGS, batch-take likewise
//                                          {"result":…,"count":…,"keys":"hex","values":"hex","cursor":"hex"}
//   batch-set MAP KEYS VALUES FLAGS, batch-delete MAP KEYS
//                                          {"result":…,"count":…}
//   freeze MAP
//   map MAP LENGTH|- r|w                   maps so many bytes (- all) of the values shared, and unmaps them
//   push MAP VALUE FLAGS, pop MAP, peek MAP [VALUE]
//                                          of maps without keys; peek with a value asks a bloom filter
//   create TYPE KEY VALUE ENTRIES FLAGS EXTRA
//                                          creates a map with these attributes and closes it
//   variable NAME                          a global variable: {"result":0,"value":"hex"}
//   close-map MAP, reopen-map MAP          drop the last user reference; get a handle again by id
//   close-programs                         drop every program handle
//   unload
//   helper TYPE ID                         0 if programs of that type (a number) may call the helper, else -EINVAL
//
// Keys, values and data are hexadecimal. "result" is 0 or a negative errno.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#define MAX_WORDS 512
#define MAX_BYTES (1 << 16)
#define MAX_CLOSED 16

static struct bpf_object *object;
static char verifier_log[1 << 20];
static char library_log[1 << 14];
static unsigned char first[MAX_BYTES], second[MAX_BYTES];

/* Maps whose handle was closed, by name, with the id that leads back to them. */
static struct {
  char name[64];
  __u32 id;
} closed[MAX_CLOSED];
static int closed_count;

static int keep_log(enum libbpf_print_level level, const char *format, va_list arguments)
{
  size_t used = strlen(library_log);

  if (level == LIBBPF_WARN)
    vsnprintf(library_log + used, sizeof(library_log) - used, format, arguments);
  return 0;
}

static void print_string(const char *text)
{
  putchar('"');
  for (; *text; text++) {
    if (*text == '"' || *text == '\\')
      printf("\\%c", *text);
    else if ((unsigned char)*text < 32)
      printf("\\u%04x", *text);
    else
      putchar(*text);
  }
  putchar('"');
}

static void print_hex(const unsigned char *bytes, size_t length)
{
  putchar('"');
  for (size_t i = 0; i < length; i++)
    printf("%02x", bytes[i]);
  putchar('"');
}

static void answer(int result)
{
  printf("{\"result\":%d}\n", result);
}

/* The number of bytes written to `to`, -1 for a word that is not hexadecimal or too long. */
static int from_hex(const char *word, unsigned char *to)
{
  int length = 0;

  if (strcmp(word, "-") == 0)
    return 0;
  for (; word[0] && word[1]; word += 2) {
    unsigned int byte;

    if (length == MAX_BYTES || sscanf(word, "%2x", &byte) != 1)
      return -1;
    to[length++] = byte;
  }
  return *word ? -1 : length;
}

static void unload(void)
{
  bpf_object__close(object);
  object = NULL;
  closed_count = 0;
}

static void info(void)
{
  int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "probe", 4, 4, 1, NULL);
  int result = map < 0 ? -errno : 0;
  struct utsname names;

  if (map >= 0)
    close(map);
  uname(&names);
  printf("{\"result\":%d,\"release\":", result);
  print_string(names.release);
  printf(",\"cpus\":%ld}\n", sysconf(_SC_NPROCESSORS_ONLN));
}

static void load(int count, char **words)
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

static void run(const char *name, const char *data, int repeat, const char *context)
{
  struct bpf_program *program = bpf_object__find_program_by_name(object, name);
  static unsigned char data_out[MAX_BYTES], context_buffer[MAX_BYTES];
  unsigned char *context_out = context_buffer;
  int data_length = from_hex(data, first), context_length = context ? from_hex(context, second) : 0;
  LIBBPF_OPTS(bpf_test_run_opts, options);
  int result;

  if (!program || data_length < 0 || context_length < 0) {
    answer(-EINVAL);
    return;
  }
  options.repeat = repeat;
  if (data_length) {
    options.data_in = first;
    options.data_size_in = data_length;
    options.data_out = data_out;
    options.data_size_out = sizeof(data_out);
  }
  if (context_length) {
    options.ctx_in = second;
    options.ctx_size_in = context_length;
  }
  /* Syscall programs run once and write into the context that they were given. */
  if (bpf_program__type(program) == BPF_PROG_TYPE_SYSCALL) {
    options.repeat = 0;
    context_out = second;
  } else if (context_length) {
    options.ctx_out = context_out;
    options.ctx_size_out = context_length;
  }
  result = bpf_prog_test_run_opts(bpf_program__fd(program), &options);
  printf("{\"result\":%d,\"retval\":%u,", result < 0 ? -errno : 0, options.retval);
  printf("\"duration\":%u,\"data\":", options.duration);
  print_hex(data_out, data_length ? options.data_size_out : 0);
  printf(",\"context\":");
  print_hex(context_out, context_length);
  printf("}\n");
}

/* A process's own loop around BPF_PROG_TEST_RUN: what a run costs its caller. */
static void run_each(const char *name, int times, int count, char **packets)
{
  struct bpf_program *program = bpf_object__find_program_by_name(object, name);
  static unsigned char all[1 << 20], data_out[MAX_BYTES];
  static int starts[MAX_WORDS], lengths[MAX_WORDS];
  struct timespec begin, end;
  int used = 0;

  for (int i = 0; i < count; i++) {
    starts[i] = used;
    lengths[i] = from_hex(packets[i], first);
    if (!program || lengths[i] < 0 || used + lengths[i] > (int)sizeof(all)) {
      answer(-EINVAL);
      return;
    }
    memcpy(all + used, first, lengths[i]);
    used += lengths[i];
  }
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (int turn = 0; turn < times; turn++)
    for (int i = 0; i < count; i++) {
      LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = all + starts[i], .data_size_in = lengths[i],
                  .data_out = data_out, .data_size_out = sizeof(data_out), .repeat = 1);

      if (bpf_prog_test_run_opts(bpf_program__fd(program), &options) < 0) {
        answer(-errno);
        return;
      }
    }
  clock_gettime(CLOCK_MONOTONIC, &end);
  printf("{\"result\":0,\"nanoseconds\":%lld}\n",
         (end.tv_sec - begin.tv_sec) * 1000000000LL + end.tv_nsec - begin.tv_nsec);
}

static int forget_record(void *context, void *data, size_t size)
{
  return 0;
}

static void drain(const char *name)
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

/* Bare instructions as a syscall program: loaded, run once on a context, forgotten. */
static void bare(const char *code, const char *context)
{
  int code_length = from_hex(code, first), context_length = from_hex(context, second);
  LIBBPF_OPTS(bpf_prog_load_opts, load_options, .prog_flags = BPF_F_SLEEPABLE, .log_level = 1,
              .log_buf = verifier_log, .log_size = sizeof(verifier_log));
  LIBBPF_OPTS(bpf_test_run_opts, options);
  int program, result;

  if (code_length <= 0 || context_length < 0) {
    answer(-EINVAL);
    return;
  }
  verifier_log[0] = 0;
  program = bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "bare", "GPL", (struct bpf_insn *)first, code_length / 8,
                          &load_options);
  if (program < 0) {
    printf("{\"result\":%d,\"log\":", -errno);
    print_string(verifier_log);
    printf("}\n");
    return;
  }
  if (context_length) {
    options.ctx_in = second;
    options.ctx_size_in = context_length;
  }
  result = bpf_prog_test_run_opts(program, &options);
  printf("{\"result\":%d,\"retval\":%u,\"context\":", result < 0 ? -errno : 0, options.retval);
  print_hex(second, context_length);
  printf("}\n");
  close(program);
}

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

/* A program that does nothing but call it: whatever else is wrong with that, the verifier first looks whether it may. */
static void helper(int type, int id)
{
  struct bpf_insn code[] = {
    {.code = BPF_JMP | BPF_CALL, .imm = id},
    {.code = BPF_ALU64 | BPF_MOV | BPF_K},
    {.code = BPF_JMP | BPF_EXIT},
  };
  LIBBPF_OPTS(bpf_prog_load_opts, options, .prog_flags = type == BPF_PROG_TYPE_SYSCALL ? BPF_F_SLEEPABLE : 0,
              .log_level = 1, .log_buf = verifier_log, .log_size = sizeof(verifier_log));
  int program;

  verifier_log[0] = 0;
  program = bpf_prog_load(type, "helper", "GPL", code, 3, &options);
  if (program >= 0)
    close(program);
  answer(program < 0 && (strstr(verifier_log, "cannot use helper") || strstr(verifier_log, "unknown func") ||
                         strstr(verifier_log, "not supported for program type") || !verifier_log[0])
           ? -EINVAL
           : 0);
}

static void map_call(int count, char **words)
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
static void keyless_call(int count, char **words)
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

static void create(char **words)
{
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = strtoul(words[4], NULL, 0),
              .map_extra = strtoull(words[5], NULL, 0));
  int map = bpf_map_create(atoi(words[0]), "made", strtoul(words[1], NULL, 0), strtoul(words[2], NULL, 0),
                           strtoul(words[3], NULL, 0), &options);

  answer(map < 0 ? -errno : 0);
  if (map >= 0)
    close(map);
}

/* A variable lies in the map of its section, at the offset that BTF tells. */
static void variable(const char *name)
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

static void close_map(const char *name)
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

static void reopen_map(const char *name)
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

static void close_programs(void)
{
  struct bpf_program *program;

  bpf_object__for_each_program(program, object)
    if (bpf_program__fd(program) >= 0)
      drop(bpf_program__fd(program));
  answer(0);
}

/*
 * bpf_timer_init may not wait for memory and takes it from slabs that are in use already; on a small machine there is
 * room for some hundred timers. A pipe without its writing end takes memory of the same size class. Many are opened,
 * and fifteen of sixteen closed again: that leaves slabs in use that have room.
 */
static void spare(int wanted)
{
  struct rlimit limit;
  int opened = 0, ends[2];
  int *pipes = calloc(wanted * 16 / 15 + 1, sizeof(*pipes));

  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  while (opened * 15 / 16 < wanted && pipe2(ends, O_CLOEXEC) == 0) {
    pipes[opened++] = ends[0];
    close(ends[1]);
  }
  for (int i = 0; i < opened; i++)
    if (i % 16)
      close(pipes[i]);
  free(pipes);
  answer(opened * 15 / 16 < wanted ? -ENOMEM : 0);
}

static void choose_cpu(int cpu)
{
  cpu_set_t set;

  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  answer(sched_setaffinity(0, sizeof(set), &set) < 0 ? -errno : 0);
}

int main(void)
{
  char *line = NULL;
  size_t size = 0;

  libbpf_set_print(keep_log);
  setvbuf(stdout, NULL, _IOFBF, 1 << 16);
  while (getline(&line, &size, stdin) > 0) {
    char *words[MAX_WORDS];
    int count = 0;

    for (char *word = strtok(line, " \n"); word && count < MAX_WORDS; word = strtok(NULL, " \n"))
      words[count++] = word;
    if (count == 0)
      continue;
    if (strcmp(words[0], "info") == 0)
      info();
    else if (strcmp(words[0], "spare") == 0 && count == 2)
      spare(atoi(words[1]));
    else if (strcmp(words[0], "cpu") == 0 && count == 2)
      choose_cpu(atoi(words[1]));
    else if (strcmp(words[0], "load") == 0 && count >= 2)
      load(count - 1, words + 1);
    else if (strcmp(words[0], "bare") == 0 && count == 3)
      bare(words[1], words[2]);
    else if (strcmp(words[0], "create") == 0 && count == 7)
      create(words + 1);
    else if (strcmp(words[0], "helper") == 0 && count == 3)
      helper(atoi(words[1]), atoi(words[2]));
    else if (!object)
      answer(-EINVAL);
    else if ((strcmp(words[0], "push") == 0 || strcmp(words[0], "pop") == 0 || strcmp(words[0], "peek") == 0) && count > 1)
      keyless_call(count, words);
    else if (strcmp(words[0], "run") == 0 && count >= 4)
      run(words[1], words[2], atoi(words[3]), count > 4 ? words[4] : NULL);
    else if (strcmp(words[0], "each") == 0 && count >= 4)
      run_each(words[1], atoi(words[2]), count - 3, words + 3);
    else if (strcmp(words[0], "drain") == 0 && count == 2)
      drain(words[1]);
    else if (strcmp(words[0], "variable") == 0 && count == 2)
      variable(words[1]);
    else if (strcmp(words[0], "close-map") == 0 && count == 2)
      close_map(words[1]);
    else if (strcmp(words[0], "reopen-map") == 0 && count == 2)
      reopen_map(words[1]);
    else if (strcmp(words[0], "close-programs") == 0)
      close_programs();
    else if (strcmp(words[0], "unload") == 0)
      unload(), answer(0);
    else if (count >= 2)
      map_call(count, words);
    else
      answer(-EINVAL);
    fflush(stdout);
  }
  unload();
  free(line);
  return 0;
}

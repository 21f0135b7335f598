// SPDX-License-Identifier: Apache-2.0
//
// Maps and programs without an object: made one by one, known by their descriptors, closed together.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "oracle.h"

#define MOST 64

static int opened[MOST], count;

static void keep(int descriptor)
{
  if (descriptor >= 0 && count < MOST)
    opened[count++] = descriptor;
  answer(descriptor < 0 ? -errno : descriptor);
}

static void end(void)
{
  while (count > 0)
    close(opened[--count]);
  answer(0);
}

static void dump(int map)
{
  struct bpf_map_info info = {};
  unsigned length = sizeof(info);
  void *before = NULL;

  if (bpf_obj_get_info_by_fd(map, &info, &length) < 0) {
    answer(-errno);
    return;
  }
  printf("{\"result\":0,\"entries\":[");
  for (int n = 0; bpf_map_get_next_key(map, before, first) == 0; n++) {
    before = first;
    if (bpf_map_lookup_elem(map, first, second) < 0)
      continue;
    printf("%s[", n ? "," : "");
    print_hex(first, info.key_size);
    printf(",");
    print_hex(second, info.value_size);
    printf("]");
  }
  printf("]}\n");
}

/* map TYPE KEY VALUE ENTRIES, program CODE, run PROGRAM PACKET, set MAP KEY VALUE, dump MAP, end. */
void scene(int words, char **word)
{
  if (strcmp(word[0], "map") == 0 && words == 5)
    keep(bpf_map_create(atoi(word[1]), "scene", atoi(word[2]), atoi(word[3]), atoi(word[4]), NULL));
  else if (strcmp(word[0], "program") == 0 && words == 2)
    keep(bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "scene", "GPL", (struct bpf_insn *)first, from_hex(word[1], first) / 8,
                       NULL));
  else if (strcmp(word[0], "set") == 0 && words == 4) {
    from_hex(word[2], first);
    from_hex(word[3], second);
    answer(bpf_map_update_elem(atoi(word[1]), first, second, BPF_ANY) < 0 ? -errno : 0);
  } else if (strcmp(word[0], "run") == 0 && words == 3) {
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = first, .data_size_in = from_hex(word[2], first));
    int result = bpf_prog_test_run_opts(atoi(word[1]), &options);

    printf("{\"result\":%d,\"retval\":%u}\n", result < 0 ? -errno : 0, options.retval);
  } else if (strcmp(word[0], "dump") == 0 && words == 2)
    dump(atoi(word[1]));
  else if (strcmp(word[0], "end") == 0)
    end();
  else
    answer(-EINVAL);
}

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
//   each PROGRAM TIMES HEX…                one run with each packet, TIMES over: {"result":0,"nanoseconds":of all}
//   records MAP                            takes all out of a ring buffer: {"records":["hex",…],"result":how many}
//   drain MAP                              as records; "result" is how many
//   reserve MAP SIZE VALUE                 a sample of a user ring buffer, filled from VALUE up; "result":
//                                          how many are reserved
//   submit N, discard N                    ends the n-th of those that are reserved
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
//   scene map TYPE KEY VALUE ENTRIES, scene program CODE
//                                          made without an object: "result" is the descriptor
//   scene run PROGRAM PACKET, scene set MAP KEY VALUE, scene dump MAP, scene end
//                                          by descriptor: {"result":0,"retval":…};
//                                          {"entries":[["key","value"],…]}; closes all
//   socket open tcp|udp ADDRESS PORT listen|wait|ADDRESS PORT [OPTION VALUE]…
//                                          an ordinary socket that waits, or is connected; options: dev v6only
//                                          mark priority reuseport reuseaddr; "result" is its number
//   socket accept N, socket shut N, socket close N
//   helper TYPE ID                         0 if programs of that type (a number) may call the helper, else -EINVAL
//
// Keys, values and data are hexadecimal. "result" is 0 or a negative errno.

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"

unsigned char first[MAX_BYTES], second[MAX_BYTES];

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
    else if (strcmp(words[0], "scene") == 0 && count > 1)
      scene(count - 1, words + 1);
    else if (strcmp(words[0], "socket") == 0 && count > 1)
      socket_call(count - 1, words + 1);
    else if (!object)
      answer(-EINVAL);
    else if ((strcmp(words[0], "push") == 0 || strcmp(words[0], "pop") == 0 || strcmp(words[0], "peek") == 0) && count > 1)
      keyless_call(count, words);
    else if (strcmp(words[0], "run") == 0 && count >= 4)
      run(words[1], words[2], atoi(words[3]), count > 4 ? words[4] : NULL);
    else if (strcmp(words[0], "each") == 0 && count >= 4)
      run_each(words[1], atoi(words[2]), count - 3, words + 3);
    else if (strcmp(words[0], "records") == 0 && count == 2)
      records(words[1]);
    else if (strcmp(words[0], "drain") == 0 && count == 2)
      drain(words[1]);
    else if (strcmp(words[0], "reserve") == 0 && count == 4)
      reserve(words[1], atoi(words[2]), atoi(words[3]));
    else if ((strcmp(words[0], "submit") == 0 || strcmp(words[0], "discard") == 0) && count == 2)
      end_reserved(atoi(words[1]), words[0][0] == 's');
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

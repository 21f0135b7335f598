// SPDX-License-Identifier: Apache-2.0
//
// The machine: what it is, room in its allocator, the CPU to run on.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "oracle.h"

void info(void)
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

/*
 * bpf_timer_init may not wait for memory and takes it from slabs that are in use already; on a small machine there is
 * room for some hundred timers. A pipe without its writing end takes memory of the same size class. Many are opened,
 * and fifteen of sixteen closed again: that leaves slabs in use that have room.
 */
void spare(int wanted)
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

void choose_cpu(int cpu)
{
  cpu_set_t set;

  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  answer(sched_setaffinity(0, sizeof(set), &set) < 0 ? -errno : 0);
}

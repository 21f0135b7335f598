// SPDX-License-Identifier: Apache-2.0
// Open-coded iterators and loops that may go on: checksums, a search in text, prime numbers, with bpf_for, bpf_repeat
// and can_loop as libbpf and the kernel's bpf_experimental.h define them.
// build: - clang-19 -mcpu=v3 -I/usr/include/x86_64-linux-gnu
#include "parse.h"

#define TEXT 256

struct bpf_iter_num {
  __u64 __opaque[1];
} __attribute__((aligned(8)));

extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;

#define bpf_for(i, start, stop)                                                                                        \
  for (struct bpf_iter_num ___it __attribute__((aligned(8), cleanup(bpf_iter_num_destroy))),                           \
       *___p __attribute__((unused)) = (bpf_iter_num_new(&___it, (start), (stop)), (void)bpf_iter_num_destroy,         \
                                        (void *)0);                                                                    \
       ({                                                                                                              \
         int *___t = bpf_iter_num_next(&___it);                                                                        \
         (___t && ((i) = *___t, (i) >= (start) && (i) < (stop)));                                                      \
       });)

#define bpf_repeat(n)                                                                                                  \
  for (struct bpf_iter_num ___it __attribute__((aligned(8), cleanup(bpf_iter_num_destroy))),                           \
       *___p __attribute__((unused)) = (bpf_iter_num_new(&___it, 0, (n)), (void)bpf_iter_num_destroy, (void *)0);      \
       bpf_iter_num_next(&___it);)

#define can_loop                                                                                                       \
  ({                                                                                                                   \
    __label__ l_break, l_continue;                                                                                     \
    _Bool ret = 1;                                                                                                     \
    asm volatile goto("1:.byte 0xe5;                                                                                   \
                       .byte 0;                                                                                        \
                       .long ((%l[l_break] - 1b - 8) / 8) & 0xffff;                                                    \
                       .short 0"                                                                                       \
                      :                                                                                                \
                      :                                                                                                \
                      :                                                                                                \
                      : l_break);                                                                                      \
    goto l_continue;                                                                                                   \
  l_break:                                                                                                             \
    ret = 0;                                                                                                           \
  l_continue:;                                                                                                         \
    ret;                                                                                                               \
  })

struct task {
  __u32 what;
  __u32 number;
  __u64 answer;
};

__u8 sieve[1024];
char text[TEXT] = "the quick brown fox jumps over the lazy dog";

/* Of the numbers below 1024, how many are prime. */
static __u64 primes(__u32 below)
{
  __u64 found = 0;
  int i, j;

  bpf_for(i, 2, 1024)
    sieve[i] = 0;
  bpf_for(i, 2, 32) {
    if (sieve[i])
      continue;
    bpf_for(j, i, 1024) {
      __u32 product = i * j;

      if (product >= sizeof(sieve))
        break;
      sieve[product] = 1;
    }
  }
  bpf_for(i, 2, 1024) {
    if (i >= below)
      break;
    found += !sieve[i];
  }
  return found;
}

/* Fletcher's checksum of the text up to its end. */
static __u64 fletcher(void)
{
  __u32 a = 0, b = 0;

  for (__u32 i = 0; i < TEXT && can_loop; i++) {
    if (text[i] == 0)
      break;
    a = (a + (__u8)text[i]) % 255;
    b = (b + a) % 255;
  }
  return b << 8 | a;
}

/* Steps of Collatz' sequence, up to 500. */
static __u64 collatz(__u64 number)
{
  __u64 steps = 0;

  bpf_repeat(500) {
    if (number <= 1)
      break;
    number = number & 1 ? 3 * number + 1 : number / 2;
    steps++;
  }
  return steps;
}

SEC("syscall")
int compute(struct task *task)
{
  switch (task->what) {
  case 0:
    task->answer = primes(task->number);
    return 0;
  case 1:
    task->answer = fletcher();
    return 0;
  case 2:
    task->answer = collatz(task->number);
    return 0;
  }
  return -22;
}

char LICENSE[] SEC("license") = "GPL";

// SPDX-License-Identifier: Apache-2.0
//
// Runs of programs by BPF_PROG_TEST_RUN.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "oracle.h"

void run(const char *name, const char *data, int repeat, const char *context)
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
  /*
   * Syscall programs run once and write into the context that they were given; raw tracepoints run once and only read
   * it.
   */
  if (bpf_program__type(program) == BPF_PROG_TYPE_SYSCALL ||
      bpf_program__type(program) == BPF_PROG_TYPE_RAW_TRACEPOINT) {
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
void run_each(const char *name, int times, int count, char **packets)
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

/* Bare instructions as a syscall program: loaded, run once on a context, forgotten. */
void bare(const char *code, const char *context)
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

/*
 * A program that does nothing but call it: whatever else is wrong with that, the verifier first looks whether it may.
 */
void helper(int type, int id)
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

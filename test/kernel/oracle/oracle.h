// SPDX-License-Identifier: Apache-2.0
//
// What the parts of the oracle share: the object that is loaded, the buffers of one command, how answers are written.
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#define MAX_WORDS 512
#define MAX_BYTES (1 << 16)

extern struct bpf_object *object;
extern char verifier_log[1 << 20];
extern char library_log[1 << 14];

/* The bytes of one command: its first and second word of them, or what comes back. */
extern unsigned char first[MAX_BYTES], second[MAX_BYTES];

/* answer.c */
void print_string(const char *text);
void print_hex(const unsigned char *bytes, size_t length);
void answer(int result);
int from_hex(const char *word, unsigned char *to);

/* object.c */
int keep_log(enum libbpf_print_level level, const char *format, va_list arguments);
void load(int count, char **words);
void unload(void);
void variable(const char *name);
void close_map(const char *name);
void reopen_map(const char *name);
void close_programs(void);

/* run.c */
void run(const char *name, const char *data, int repeat, const char *context);
void run_each(const char *name, int times, int count, char **packets);
void bare(const char *code, const char *context);
void helper(int type, int id);

/* map-call.c */
void map_call(int count, char **words);
void keyless_call(int count, char **words);
void create(char **words);
void records(const char *name);
void drain(const char *name);

/* user-ring.c */
void forget_producer(void);
void reserve(const char *name, unsigned size, unsigned value);
void end_reserved(int which, int submit);

/* scene.c */
void scene(int words, char **word);

/* socket.c */
void socket_call(int words, char **word);

/* machine.c */
void info(void);
void spare(int wanted);
void choose_cpu(int cpu);

// SPDX-License-Identifier: Apache-2.0
// The kernel's string functions (6.17 and later).
#include "helpers.bpf.h"

extern int bpf_strcmp(const char *one, const char *other) __ksym;
extern int bpf_strcasecmp(const char *one, const char *other) __ksym;
extern int bpf_strchr(const char *text, char byte) __ksym;
extern int bpf_strchrnul(const char *text, char byte) __ksym;
extern int bpf_strnchr(const char *text, unsigned long count, char byte) __ksym;
extern int bpf_strrchr(const char *text, int byte) __ksym;
extern int bpf_strlen(const char *text) __ksym;
extern int bpf_strnlen(const char *text, unsigned long count) __ksym;
extern int bpf_strspn(const char *text, const char *accept) __ksym;
extern int bpf_strcspn(const char *text, const char *reject) __ksym;
extern int bpf_strstr(const char *text, const char *part) __ksym;
extern int bpf_strnstr(const char *text, const char *part, unsigned long count) __ksym;

static char hello[] = "hello world";
static char none[] = "";
static char long_text[65600];

SEC("syscall") int lengths(void *ctx)
{
  out[0] = bpf_strlen(hello);
  out[1] = bpf_strlen(none);
  out[2] = bpf_strnlen(hello, 5);
  out[3] = bpf_strnlen(hello, 100);
  out[4] = bpf_strnlen(hello, 0);
  out[5] = bpf_strlen(NULL);
  out[6] = bpf_strnlen(NULL, 3);
  return 0;
}

SEC("syscall") int comparisons(void *ctx)
{
  out[0] = bpf_strcmp(hello, "hello world");
  out[1] = bpf_strcmp(hello, "hello");
  out[2] = bpf_strcmp("hello", hello);
  out[3] = bpf_strcmp("b", "a");
  out[4] = bpf_strcmp("\xff", "\x01");
  out[5] = bpf_strcmp(none, none);
  out[6] = bpf_strcasecmp(hello, "HELLO wOrLD");
  out[7] = bpf_strcasecmp("[", "{");
  out[8] = bpf_strcasecmp("a", "B");
  out[9] = bpf_strcasecmp("\xc0", "\xe0");
  out[10] = bpf_strcmp(NULL, hello);
  out[11] = bpf_strcmp(hello, NULL);
  return 0;
}

SEC("syscall") int places(void *ctx)
{
  out[0] = bpf_strchr(hello, 'o');
  out[1] = bpf_strchr(hello, 'z');
  out[2] = bpf_strchr(hello, 0);
  out[3] = bpf_strchrnul(hello, 'o');
  out[4] = bpf_strchrnul(hello, 'z');
  out[5] = bpf_strchrnul(hello, 0);
  out[6] = bpf_strnchr(hello, 4, 'o');
  out[7] = bpf_strnchr(hello, 5, 'o');
  out[8] = bpf_strnchr(hello, 100, 'z');
  out[9] = bpf_strnchr(hello, 100, 0);
  out[10] = bpf_strrchr(hello, 'o');
  out[11] = bpf_strrchr(hello, 'z');
  out[12] = bpf_strrchr(hello, 0);
  out[13] = bpf_strnchr(hello, 0, 'h');
  out[14] = bpf_strchr(NULL, 'a');
  out[15] = bpf_strchr(none, 'a');
  return 0;
}

SEC("syscall") int spans(void *ctx)
{
  out[0] = bpf_strspn(hello, "ehlo");
  out[1] = bpf_strspn(hello, "x");
  out[2] = bpf_strspn(hello, "");
  out[3] = bpf_strspn(hello, " abcdefghijklmnopqrstuvwxyz");
  out[4] = bpf_strcspn(hello, "ow");
  out[5] = bpf_strcspn(hello, "");
  out[6] = bpf_strcspn(hello, "xyz");
  out[7] = bpf_strspn(none, "a");
  out[8] = bpf_strspn(hello, NULL);
  out[9] = bpf_strcspn(NULL, "a");
  return 0;
}

SEC("syscall") int parts(void *ctx)
{
  out[0] = bpf_strstr(hello, "world");
  out[1] = bpf_strstr(hello, "o");
  out[2] = bpf_strstr(hello, "");
  out[3] = bpf_strstr(hello, "worlds");
  out[4] = bpf_strstr(none, "a");
  out[5] = bpf_strstr(none, "");
  out[6] = bpf_strnstr(hello, "world", 11);
  out[7] = bpf_strnstr(hello, "world", 10);
  out[8] = bpf_strnstr(hello, "hello", 5);
  out[9] = bpf_strnstr(hello, "", 0);
  out[10] = bpf_strnstr(hello, "h", 0);
  out[11] = bpf_strstr("aaab", "aab");
  out[12] = bpf_strstr(NULL, "a");
  out[13] = bpf_strstr(hello, NULL);
  out[14] = bpf_strnstr(hello, "world", 100);
  return 0;
}

static long write_letter(__u32 index, void *ctx)
{
  if (index < sizeof(long_text) - 1)
    long_text[index] = 'a';
  return 0;
}

SEC("syscall") int too_long(void *ctx)
{
  bpf_loop(sizeof(long_text) - 1, write_letter, NULL, 0);
  out[0] = bpf_strlen(long_text);
  out[1] = bpf_strchr(long_text, 'b');
  out[2] = bpf_strcmp(long_text, long_text);
  out[3] = bpf_strnlen(long_text, 4096);
  out[4] = bpf_strnlen(long_text, 65535);
  out[5] = bpf_strnlen(long_text, 65536);
  out[6] = bpf_strspn(long_text, "a");
  out[7] = bpf_strstr(long_text, "b");
  out[8] = bpf_strrchr(long_text, 'b');
  out[9] = bpf_strlen(long_text + 63);
  out[10] = bpf_strlen(long_text + 64);
  out[11] = bpf_strnchr(long_text, 65536, 'b');
  out[12] = bpf_strnstr(long_text, "b", 1000);
  out[13] = bpf_strchrnul(long_text, 'b');
  out[14] = bpf_strcspn(long_text, "b");
  return 0;
}

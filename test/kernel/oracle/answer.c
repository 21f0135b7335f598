// SPDX-License-Identifier: Apache-2.0
//
// Words in, lines of JSON out.
#include <stdio.h>
#include <string.h>

#include "oracle.h"

void print_string(const char *text)
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

void print_hex(const unsigned char *bytes, size_t length)
{
  putchar('"');
  for (size_t i = 0; i < length; i++)
    printf("%02x", bytes[i]);
  putchar('"');
}

void answer(int result)
{
  printf("{\"result\":%d}\n", result);
}

/* The number of bytes written to `to`, -1 for a word that is not hexadecimal or too long. */
int from_hex(const char *word, unsigned char *to)
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

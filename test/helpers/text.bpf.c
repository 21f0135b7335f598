// SPDX-License-Identifier: Apache-2.0
// Text: numbers from it, comparing it, formatting into it, and the kernel's string functions.
#include "helpers.bpf.h"

#define PARSE(helper, at, string, flags)                                                                               \
  ({                                                                                                                   \
    char number[] = string;                                                                                            \
    __s64 value = 77;                                                                                                  \
    out[2 * (at)] = helper(number, sizeof(number) - 1, flags, &value);                                                 \
    out[2 * (at) + 1] = value;                                                                                         \
  })

SEC("syscall") int to_signed(void *ctx)
{
  PARSE(bpf_strtol, 0, "42 rest", 0);
  PARSE(bpf_strtol, 1, "  -17", 10);
  PARSE(bpf_strtol, 2, "0x1fz", 0);
  PARSE(bpf_strtol, 3, "0X1F", 16);
  PARSE(bpf_strtol, 4, "0755", 0);
  PARSE(bpf_strtol, 5, "789", 8);
  PARSE(bpf_strtol, 6, "9223372036854775807", 10);
  PARSE(bpf_strtol, 7, "-9223372036854775808", 10);
  PARSE(bpf_strtol, 8, "9223372036854775808", 10);
  PARSE(bpf_strtol, 9, "-9223372036854775809", 10);
  PARSE(bpf_strtol, 10, "x", 0);
  PARSE(bpf_strtol, 11, "42", 7);
  PARSE(bpf_strtol, 12, "42", 32);
  PARSE(bpf_strtol, 13, "0x", 0);
  PARSE(bpf_strtol, 14, "0x", 16);
  PARSE(bpf_strtol, 15, "-0x10", 0);
  PARSE(bpf_strtol, 16, "-", 0);
  PARSE(bpf_strtol, 17, "+5", 0);
  PARSE(bpf_strtol, 18, "- 5", 0);
  PARSE(bpf_strtol, 19, "\t\n\v 5", 0);
  PARSE(bpf_strtol, 20, "08", 0);
  return 0;
}

SEC("syscall") int to_signed_of_many_digits(void *ctx)
{
  PARSE(bpf_strtol, 0, "0000000000000000000000000000001", 10);
  PARSE(bpf_strtol, 1, "00000000000000000000000000000012", 10);
  PARSE(bpf_strtol, 2, "-000000000000000000000000000000012", 10);
  PARSE(bpf_strtol, 3, "00000000000000000000000000000000000000000001", 10);
  PARSE(bpf_strtol, 4, "0x00000000000000000000000000000000000f", 0);
  PARSE(bpf_strtol, 5, "12\00034", 10);
  PARSE(bpf_strtol, 6, "000000000000000000000000000000000000000000000000000000000000000000000001", 10);
  return 0;
}

SEC("syscall") int to_unsigned(void *ctx)
{
  PARSE(bpf_strtoul, 0, "18446744073709551615", 0);
  PARSE(bpf_strtoul, 1, "18446744073709551616", 0);
  PARSE(bpf_strtoul, 2, "-1", 0);
  PARSE(bpf_strtoul, 3, "   ", 0);
  PARSE(bpf_strtoul, 4, "ffffffffffffffff", 16);
  PARSE(bpf_strtoul, 5, "10000000000000000", 16);
  PARSE(bpf_strtoul, 6, "1777777777777777777777", 8);
  PARSE(bpf_strtoul, 7, "2777777777777777777777", 8);
  PARSE(bpf_strtoul, 8, "7", 64);
  PARSE(bpf_strtoul, 9, "0x", 0);
  return 0;
}

#define COMPARE(at, one, size, other)                                                                                  \
  ({                                                                                                                   \
    char left[] = one;                                                                                                 \
    static const char right[] = other;                                                                                 \
    out[at] = bpf_strncmp(left, size, right);                                                                          \
  })

SEC("syscall") int compare(void *ctx)
{
  COMPARE(0, "same", 5, "same");
  COMPARE(1, "same", 4, "samf");
  COMPARE(2, "same", 5, "sam");
  COMPARE(3, "same", 3, "samx");
  COMPARE(4, "\xff", 2, "\x01");
  COMPARE(5, "", 1, "a");
  COMPARE(6, "b", 1, "a");
  return 0;
}

/* An address that the compiler cannot put into a table: libbpf would not fill it in. */
#define AT(place)                                                                                                      \
  ({                                                                                                                   \
    __u64 at = (__u64)(place);                                                                                         \
    __asm__ volatile("" : "+r"(at));                                                                                    \
    at;                                                                                                                \
  })

#define FORMAT(row, format, ...)                                                                                       \
  ({                                                                                                                   \
    static const char fixed[] = format;                                                                                \
    __u64 values[] = {__VA_ARGS__};                                                                                    \
    out[row] = bpf_snprintf((char *)text + 64 * (row), 64, fixed, values, sizeof(values));                             \
  })

SEC("syscall") int format_numbers(void *ctx)
{
  FORMAT(0, "%d %i %u", -1, 7, -1);
  FORMAT(1, "%x %X", 0xbeef, 0xbeef);
  FORMAT(2, "%ld %lu %lx", -5, -5, -5);
  FORMAT(3, "%lld %llu %llX", -5000000000LL, 1, -1);
  FORMAT(4, "[%5d][%-5d][%05d]", -42, -42, -42);
  FORMAT(5, "[%+d][% d][%+05d][%-+5d]", 1, 1, 1, 1);
  FORMAT(6, "[%+d][% d]", -1, -1);
  FORMAT(7, "[%-05d][%0-5d]", 3, 3);
  FORMAT(8, "[%08x][%8X][%-8x]", 0xabc, 0xabc, 0xabc);
  FORMAT(9, "[%+x][% u]", 5, 5);
  FORMAT(10, "[%c][%3c][%-3c]|", 'a', 'b', 'c');
  FORMAT(11, "%%%d%%", 5);
  FORMAT(12, "%d", -9223372036854775807LL - 1);
  FORMAT(13, "%lld", -9223372036854775807LL - 1);
  FORMAT(14, "[%70d]", 1);
  return 0;
}

SEC("syscall") int format_pointers(void *ctx)
{
  FORMAT(0, "[%px]", 0x1234);
  FORMAT(1, "[%20px]", 0x1234);
  FORMAT(2, "[%-20px]", 0x1234);
  FORMAT(3, "[%020px]", 0x1234);
  FORMAT(4, "[%4px]", 0x123456);
  FORMAT(5, "[%pxab]", 0x1234);
  FORMAT(6, "[%ps][%pS]", 0x1234, 0x1234);
  FORMAT(7, "[%pB]", 0x1234);
  FORMAT(8, "[%10ps][%-10pS]", 0x12, 0x12);
  FORMAT(9, "[%10pB]", 0x12);
  FORMAT(10, "%d %pBxyz %d", 1, 0x12, 3);
  return 0;
}

SEC("syscall") int format_addresses(void *ctx)
{
  static __u8 four[4] = {192, 168, 0, 10};
  static __u8 six[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  static __u8 holes[16] = {0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0};
  static __u8 single[16] = {0, 1, 0, 0, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7};

  FORMAT(0, "[%pI4][%pi4]", AT(four), AT(four));
  FORMAT(1, "[%pI6]", AT(six));
  FORMAT(2, "[%pi6]", AT(six));
  FORMAT(3, "[%20pI4][%-20pI4]", AT(four), AT(four));
  FORMAT(4, "[%pI4c][%pI4]", AT(four), AT(four));
  FORMAT(5, "[%pI6cabc]", AT(six));
  FORMAT(6, "[%pI4]", 0x10);
  FORMAT(7, "[%pI6]", 0x10);
  FORMAT(8, "%d[%pI4]%d", 1, AT(four), 2);
  FORMAT(9, "%pI6%pI6", AT(holes), AT(single));
  return 0;
}

SEC("syscall") int format_strings(void *ctx)
{
  static char word[] = "word";
  static char none[] = "";

  FORMAT(0, "[%s][%6s][%-6s]", AT(word), AT(word), AT(word));
  FORMAT(1, "[%pks]", AT(word));
  FORMAT(2, "[%s]", AT(none));
  FORMAT(3, "[%s]", 0x10);
  FORMAT(4, "[%06s]", AT(word));
  FORMAT(5, "[%2s]", AT(word));
  FORMAT(6, "[%s %s %s %s]", AT(word), AT(word), AT(word), AT(word));
  return 0;
}

SEC("syscall") int format_long_strings(void *ctx)
{
  static char line[400];
  static const char one[] = "%s", two[] = "%s|%s", more[] = "%s|%d|%d|%s|%lld", addresses[] = "%s|%pI6|%pI6";
  __u64 values[5] = {AT(line), AT(line), 7, AT(line), 9};

  for (int at = 0; at < 399; at++)
    line[at] = 'a' + at % 26;
  out[0] = bpf_snprintf((char *)text, 1024, one, values, 8);
  out[1] = bpf_snprintf((char *)text + 1024, 1024, two, values, 16);
  values[1] = 5;
  out[2] = bpf_snprintf((char *)text, 1024, more, values, 40);
  out[3] = bpf_snprintf((char *)text, 1024, addresses, values, 24);
  return 0;
}

SEC("syscall") int format_into_little(void *ctx)
{
  static char word[] = "word";
  static const char format[] = "%s-%d-%pI4", plain[] = "plain";
  static __u8 four[4] = {1, 2, 3, 4};
  __u64 values[3] = {AT(word), 12345, AT(four)};

  out[0] = bpf_snprintf((char *)text, 1, format, values, sizeof(values));
  out[1] = bpf_snprintf((char *)text + 64, 5, format, values, sizeof(values));
  out[2] = bpf_snprintf((char *)text + 128, 12, format, values, sizeof(values));
  out[3] = bpf_snprintf((char *)text + 192, 18, format, values, sizeof(values));
  out[4] = bpf_snprintf((char *)text + 256, 19, format, values, sizeof(values));
  out[5] = bpf_snprintf(NULL, 0, format, values, sizeof(values));
  out[6] = bpf_snprintf((char *)text + 320, 64, plain, NULL, 0);
  return 0;
}

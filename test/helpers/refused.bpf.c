// SPDX-License-Identifier: Apache-2.0
// Programs that the kernel refuses to load for what they give to helpers, each with the end of the verifier's log.
#include "helpers.bpf.h"

extern int bpf_copy_from_user_str(void *to, __u32 size, const void *from, __u64 flags) __ksym;

#define FORMAT(format, ...)                                                                                            \
  ({                                                                                                                   \
    static const char fixed[] = format;                                                                                \
    __u64 values[] = {__VA_ARGS__};                                                                                    \
    bpf_snprintf((char *)text, 64, fixed, values, sizeof(values));                                                     \
  })

SEC("syscall") int floating(void *ctx)
{
  return FORMAT("%f", 1);
}

SEC("syscall") int more_conversions(void *ctx)
{
  return FORMAT("%d %d", 1);
}

SEC("syscall") int letters_behind_string(void *ctx)
{
  return FORMAT("%sx", 1);
}

SEC("syscall") int unknown_pointer(void *ctx)
{
  return FORMAT("%pz", 1);
}

SEC("syscall") int unknown_address(void *ctx)
{
  return FORMAT("%pI5", 1);
}

SEC("syscall") int control_character(void *ctx)
{
  return FORMAT("\x01%d", 1);
}

SEC("syscall") int letter_of_latin_1(void *ctx)
{
  return FORMAT("%s\xe9", 1);
}

SEC("syscall") int long_character(void *ctx)
{
  return FORMAT("%lc", 1);
}

SEC("syscall") int open_end(void *ctx)
{
  return FORMAT("%d %", 1, 2);
}

SEC("syscall") int precision(void *ctx)
{
  return FORMAT("%.5d", 1);
}

SEC("syscall") int fine(void *ctx)
{
  return FORMAT("\x80%d%s\xa1%p\xa0", 1, 2, 3) + FORMAT("%-05lld %pI6c%% %pks. %3c %px %pB%d", 1, 2, 3, 4, 5, 6, 7);
}

SEC("tc") int sleeps(struct __sk_buff *skb)
{
  return bpf_copy_from_user_str(text, 8, (void *)16, 0);
}

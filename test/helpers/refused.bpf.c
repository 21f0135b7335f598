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

/* Legacy packet loads in programs of other types, and in such that have them. */
#define LOAD(section, name)                                                                                            \
  SEC(section) int name(void *ctx)                                                                                     \
  {                                                                                                                    \
    asm volatile("r6 = %0; r0 = *(u16 *)skb[12]" : : "r"(ctx) : "r0", "r1", "r2", "r3", "r4", "r5", "r6");             \
    return 0;                                                                                                          \
  }

LOAD("socket", fine_load_in_socket)
LOAD("tc", fine_load_in_tc)
LOAD("action", fine_load_in_action)
LOAD("xdp", load_in_xdp)
LOAD("cgroup_skb/ingress", load_in_cgroup_skb)
LOAD("syscall", load_in_syscall)
LOAD("raw_tp", load_in_raw_tp)
LOAD("kprobe", load_in_kprobe)
LOAD("tp", load_in_tp)
LOAD("perf_event", load_in_perf_event)

static long loads(__u32 turn, void *ctx)
{
  asm volatile("r6 = %0; r0 = *(u16 *)skb[12]" : : "r"(ctx) : "r0", "r1", "r2", "r3", "r4", "r5", "r6");
  return 0;
}

SEC("xdp") int load_in_callback_of_xdp(struct xdp_md *ctx)
{
  return bpf_loop(1, loads, 0, 0);
}

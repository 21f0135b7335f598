// SPDX-License-Identifier: Apache-2.0
// What a program asks of the kernel that it is loaded into: its version, its configuration, whether types and functions
// exist. On a kernel libbpf answers, here the host does.
// build: - clang-19 -mcpu=v3 -I/usr/include/x86_64-linux-gnu
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#ifndef bpf_ksym_exists
#define bpf_ksym_exists(symbol) (!!(void *)(symbol))
#endif

extern int LINUX_KERNEL_VERSION __kconfig;
extern int CONFIG_HZ __kconfig;
extern _Bool CONFIG_BPF_JIT __kconfig __weak;
extern enum libbpf_tristate CONFIG_NOT_THERE_AT_ALL __kconfig __weak;

extern void bpf_rcu_read_lock(void) __ksym __weak;
extern void bpf_no_such_function(void) __ksym __weak;

struct answers {
  __u32 version;
  __u32 hz;
  __u32 jit;
  __u32 not_there;
  __u32 has_rcu;
  __u32 has_nothing;
};

SEC("syscall")
int ask(struct answers *answers)
{
  answers->version = LINUX_KERNEL_VERSION;
  answers->hz = CONFIG_HZ;
  answers->jit = CONFIG_BPF_JIT;
  answers->not_there = CONFIG_NOT_THERE_AT_ALL;
  answers->has_rcu = bpf_ksym_exists(bpf_rcu_read_lock);
  answers->has_nothing = bpf_ksym_exists(bpf_no_such_function);
  if (bpf_ksym_exists(bpf_no_such_function))
    bpf_no_such_function();
  return LINUX_KERNEL_VERSION >= KERNEL_VERSION(5, 8, 0);
}

char LICENSE[] SEC("license") = "GPL";

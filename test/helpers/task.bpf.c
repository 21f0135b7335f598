// SPDX-License-Identifier: Apache-2.0
// What programs are told of their task and of what they are attached to.
#include "helpers.bpf.h"

SEC("syscall") int task(void *ctx)
{
  struct {
    __u32 pid;
    __u32 tgid;
  } ids = {9, 9};

  out[0] = bpf_get_current_pid_tgid();
  out[1] = bpf_get_current_uid_gid();
  out[2] = bpf_get_current_comm(text, 16);
  out[3] = bpf_get_current_task();
  out[4] = bpf_get_current_cgroup_id();
  out[5] = bpf_get_current_ancestor_cgroup_id(0);
  out[6] = bpf_get_current_ancestor_cgroup_id(1);
  out[7] = bpf_get_current_ancestor_cgroup_id(7);
  out[8] = bpf_get_current_ancestor_cgroup_id(-1);
  out[9] = bpf_get_ns_current_pid_tgid(4, 4026531836, &ids, sizeof(ids));
  out[10] = ids.pid;
  out[11] = ids.tgid;
  out[12] = bpf_get_ns_current_pid_tgid(5, 4026531836, &ids, sizeof(ids));
  out[13] = ids.pid;
  out[14] = bpf_get_ns_current_pid_tgid(4, 4026531836, &ids, 4);
  out[15] = bpf_get_cgroup_classid(ctx);
  return 0;
}

static __always_inline void arguments(void *ctx)
{
  __u64 value = 77;

  out[0] = bpf_get_func_arg_cnt(ctx);
  out[1] = bpf_get_func_arg(ctx, 1, &value);
  out[2] = value;
  out[3] = bpf_get_func_arg(ctx, 2, &value);
  out[4] = bpf_get_func_ret(ctx, &value);
  out[5] = value;
  out[6] = bpf_get_func_ip(ctx);
  out[7] = bpf_get_attach_cookie(ctx);
}

SEC("fentry/nothing") int entered(void *ctx)
{
  arguments(ctx);
  return 0;
}

SEC("fexit/nothing") int left(void *ctx)
{
  arguments(ctx);
  return 0;
}

SEC("kprobe/nothing") int probed(void *ctx)
{
  out[0] = bpf_get_func_ip(ctx);
  out[1] = bpf_get_attach_cookie(ctx);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Whether the task, or the packet's socket, is below a control group of an array.
#include "helpers.bpf.h"

static long (*const bpf_skb_under_cgroup)(void *skb, void *map, __u32 index) = (void *)33;
static long (*const bpf_current_task_under_cgroup)(void *map, __u32 index) = (void *)37;

struct {
  __uint(type, 8 /* BPF_MAP_TYPE_CGROUP_ARRAY */);
  __type(key, __u32);
  __type(value, __u32);
  __uint(max_entries, 3);
} groups SEC(".maps");

SEC("tc") int task_under(struct __sk_buff *skb)
{
  for (int at = 0; at < 4; at++)
    out[at] = bpf_current_task_under_cgroup(&groups, at);
  out[4] = bpf_current_task_under_cgroup(&groups, -1);
  return 0;
}

SEC("tc") int skb_under(struct __sk_buff *skb)
{
  for (int at = 0; at < 4; at++)
    out[at] = bpf_skb_under_cgroup(skb, &groups, at);
  return 0;
}

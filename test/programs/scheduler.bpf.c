// SPDX-License-Identifier: Apache-2.0
// A scheduler in the manner of sched_ext: tasks wait in a queue for each priority, a pinned timer on each CPU is its
// tick and gives the CPU to the next task when the slice of the present one is over.
// build: - clang-19 -mcpu=v3 -I/usr/include/x86_64-linux-gnu
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define CLOCK_MONOTONIC 1
#define BPF_F_TIMER_CPU_PIN 2 /* in the kernel since 6.7 */
#define MAX_CPUS 8

struct task {
  __u32 id;
  __u32 slices; /* how many it needs */
};

struct cpu {
  struct task current;
  __u64 ticks;
  __u64 idle_ticks;
  __u32 strangers; /* ticks on another CPU */
  __u32 finished;
  struct bpf_timer tick;
};

struct task_queue {
  __uint(type, BPF_MAP_TYPE_QUEUE);
  __uint(max_entries, 64);
  __type(value, struct task);
} urgent SEC(".maps"), normal SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, MAX_CPUS);
  __type(key, __u32);
  __type(value, struct cpu);
} cpus SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 128);
  __type(key, __u32);
  __type(value, __u64);
} finished_at SEC(".maps");

const volatile __u64 slice = 5000000;
__u64 epoch;

static int tick(void *map, __u32 *key, struct cpu *cpu)
{
  cpu->ticks++;
  if (*key != bpf_get_smp_processor_id())
    cpu->strangers++;
  if (cpu->current.slices > 0 && --cpu->current.slices > 0)
    bpf_map_push_elem(&normal, &cpu->current, BPF_ANY);
  else if (cpu->current.id) {
    __u64 slices = (bpf_ktime_get_ns() - epoch) / slice;

    bpf_map_update_elem(&finished_at, &cpu->current.id, &slices, BPF_ANY);
    cpu->finished++;
  }
  if (bpf_map_pop_elem(&urgent, &cpu->current) && bpf_map_pop_elem(&normal, &cpu->current)) {
    cpu->current.id = cpu->current.slices = 0;
    cpu->idle_ticks++;
  }
  bpf_timer_start(&cpu->tick, slice, BPF_F_TIMER_CPU_PIN);
  return 0;
}

SEC("syscall")
int start(void *ctx)
{
  __u32 id = bpf_get_smp_processor_id();
  struct cpu *cpu = bpf_map_lookup_elem(&cpus, &id);
  int error;

  if (!cpu)
    return -2;
  if (!epoch)
    epoch = bpf_ktime_get_ns();
  error = bpf_timer_init(&cpu->tick, &cpus, CLOCK_MONOTONIC);
  if (error)
    return error;
  bpf_timer_set_callback(&cpu->tick, tick);
  return bpf_timer_start(&cpu->tick, 0, BPF_F_TIMER_CPU_PIN);
}

struct enqueue {
  struct task task;
  __u32 urgent;
};

SEC("syscall")
int enqueue(struct enqueue *request)
{
  struct task task = request->task;

  if (task.id == 0 || task.slices == 0)
    return -22;
  if (request->urgent)
    return bpf_map_push_elem(&urgent, &task, 0);
  return bpf_map_push_elem(&normal, &task, 0);
}

SEC("syscall")
int stop(void *ctx)
{
  __u32 id = bpf_get_smp_processor_id();
  struct cpu *cpu = bpf_map_lookup_elem(&cpus, &id);

  return cpu ? bpf_timer_cancel(&cpu->tick) : -2;
}

char LICENSE[] SEC("license") = "GPL";

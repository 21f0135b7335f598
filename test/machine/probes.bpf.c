// SPDX-License-Identifier: Apache-2.0
//
// Small programs, each for one behaviour of the machine: contexts, maps, timers, work, printing, and every fault.
#include "skep.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct slot {
  __u64 fired;
  __u64 fired_on;
  __u64 fired_at;
  struct bpf_timer timer;
  struct bpf_wq work;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 8);
  __type(key, __u32);
  __type(value, struct slot);
} slots SEC(".maps");

struct point {
  __s32 x;
  __s64 y;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, struct point);
} points SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, __u32);
} hits SEC(".maps");

struct locked {
  struct bpf_spin_lock lock;
  __u32 value;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct locked);
} guarded SEC(".maps");

const volatile __u32 limit = 10;
__u64 counter = 5;
__s32 table[3] = { 1, -2, 3 };
__u64 zeroed;

/* What a syscall program is asked for. */
struct request {
  __u32 slot;
  __u32 flags;
  __u64 nanoseconds;
  __s64 result;
};

static int on_timer(void *map, __u32 *key, struct slot *slot)
{
  slot->fired++;
  slot->fired_on = bpf_get_smp_processor_id();
  slot->fired_at = bpf_ktime_get_ns();
  return 0;
}

static int on_timer_again(void *map, __u32 *key, struct slot *slot)
{
  slot->fired++;
  bpf_timer_start(&slot->timer, 0, 0);
  return 0;
}

static int on_timer_fault(void *map, __u32 *key, struct slot *slot)
{
  slot->fired++;
  return *(volatile int *)0x10;
}

static int on_timer_refuses(void *map, __u32 *key, struct slot *slot)
{
  return 7;
}

static int on_work(void *map, int *key, void *value)
{
  struct slot *slot = value;

  slot->fired++;
  slot->fired_on = bpf_get_smp_processor_id();
  return 0;
}

static __always_inline long arm(struct request *request, void *callback)
{
  __u32 key = request->slot;
  struct slot *slot = bpf_map_lookup_elem(&slots, &key);
  long error;

  if (!slot)
    return -ENOENT;
  error = bpf_timer_init(&slot->timer, &slots, CLOCK_MONOTONIC);
  if (error && error != -EBUSY)
    return error;
  error = bpf_timer_set_callback(&slot->timer, callback);
  return error ? error : bpf_timer_start(&slot->timer, request->nanoseconds, request->flags);
}

SEC("syscall") int start_timer(struct request *request)
{
  request->result = arm(request, on_timer);
  return 0;
}

SEC("syscall") int start_storm(struct request *request)
{
  request->result = arm(request, on_timer_again);
  return 0;
}

SEC("syscall") int start_faulting_timer(struct request *request)
{
  request->result = arm(request, on_timer_fault);
  return 0;
}

SEC("syscall") int start_refusing_timer(struct request *request)
{
  request->result = arm(request, on_timer_refuses);
  return 0;
}

SEC("syscall") int start_realtime(struct request *request)
{
  __u32 key = request->slot;
  struct slot *slot = bpf_map_lookup_elem(&slots, &key);

  if (!slot)
    return 1;
  bpf_timer_init(&slot->timer, &slots, CLOCK_REALTIME);
  bpf_timer_set_callback(&slot->timer, on_timer);
  request->result = bpf_timer_start(&slot->timer, request->nanoseconds, BPF_F_TIMER_ABS);
  return 0;
}

SEC("syscall") int start_work(struct request *request)
{
  __u32 key = request->slot;
  struct slot *slot = bpf_map_lookup_elem(&slots, &key);

  if (!slot)
    return 1;
  bpf_wq_init(&slot->work, &slots, 0);
  bpf_wq_set_callback(&slot->work, on_work, 0);
  request->result = bpf_wq_start(&slot->work, 0);
  return 0;
}

SEC("xdp") int first_bytes(struct xdp_md *ctx)
{
  __u8 *data = (void *)(long)ctx->data;
  __u8 *end = (void *)(long)ctx->data_end;

  if (data + 14 > end)
    return 0;
  data[0] = 0xab;
  return ctx->ingress_ifindex * 1000 + (end - data);
}

SEC("tc") int mark(struct __sk_buff *skb)
{
  skb->mark += 1;
  skb->cb[2] = skb->protocol;
  return skb->len;
}

SEC("socket") int length(struct __sk_buff *skb)
{
  return skb->len;
}

SEC("raw_tp/sched_switch") int second_argument(__u64 *ctx)
{
  return ctx[1];
}

SEC("syscall") int count(void *ctx)
{
  __u32 key = 1;
  __u32 *value = bpf_map_lookup_elem(&hits, &key);

  if (value)
    *value += 1;
  __sync_fetch_and_add(&counter, 1);
  zeroed += limit;
  return bpf_get_smp_processor_id();
}

SEC("syscall") int print(void *ctx)
{
  bpf_printk("one %d two %05u three %x\n", -1, 42, 0xbeef);
  bpf_printk("%s %c %lld", "text", 'z', -5000000000LL);
  bpf_printk("%016llx|%-4d|%%", 0x1234567890ULL, 7);
  return 0;
}

SEC("syscall") int bad_format(void *ctx)
{
  static const char format[] = "%f";
  return bpf_trace_printk(format, sizeof(format));
}

SEC("syscall") int identity(__u8 *comm)
{
  bpf_get_current_comm(comm, 16);
  return bpf_get_current_pid_tgid() >> 32;
}

SEC("syscall") int random(void *ctx)
{
  return bpf_get_prandom_u32();
}

static long add_index(__u32 index, __u64 *sum)
{
  *sum += index;
  return *sum > 100;
}

SEC("syscall") int loop(__u64 *nr)
{
  __u64 sum = 0;
  long calls = bpf_loop(*nr, add_index, &sum, 0);

  *nr = sum;
  return calls;
}

SEC("syscall") int null_read(void *ctx)
{
  return *(volatile int *)0x18;
}

SEC("syscall") int wild_write(__u64 *ctx)
{
  *(volatile __u32 *)*ctx = 1;
  return 0;
}

SEC("syscall") int misaligned(__u8 *ctx)
{
  return __sync_fetch_and_add((__u64 *)(ctx + 1), 1);
}

SEC("perf_event") int context_of(void *ctx)
{
  __u32 key = 0;
  struct slot *slot = bpf_map_lookup_elem(&slots, &key);

  /* Only NMI context answers -EOPNOTSUPP to a cancel, which may have to wait. */
  return slot ? bpf_timer_cancel(&slot->timer) : 0;
}

SEC("syscall") int endless(void *ctx)
{
  volatile __u64 turns = 0;

  for (;;)
    turns++;
  return 0;
}

static __noinline int deeper(int depth)
{
  volatile __u64 frame[60];

  frame[depth & 31] = depth;
  return depth == 0 ? frame[0] : deeper(depth - 1) + frame[depth & 31];
}

SEC("syscall") int recursion(__u32 *depth)
{
  return deeper(*depth);
}

static long refuses(__u32 index, void *ctx)
{
  return 5;
}

SEC("syscall") int bad_loop_result(void *ctx)
{
  return bpf_loop(10, refuses, NULL, 0);
}

SEC("syscall") int lock_value(__u32 *add)
{
  __u32 key = 0;
  struct locked *locked = bpf_map_lookup_elem(&guarded, &key);

  if (!locked)
    return 0;
  bpf_spin_lock(&locked->lock);
  locked->value += *add;
  bpf_spin_unlock(&locked->lock);
  return locked->value;
}

SEC("syscall") int lock_twice(void *ctx)
{
  __u32 key = 0;
  struct locked *locked = bpf_map_lookup_elem(&guarded, &key);

  if (!locked)
    return 0;
  bpf_spin_lock(&locked->lock);
  bpf_spin_lock(&locked->lock);
  return 0;
}

SEC("syscall") int keep_lock(void *ctx)
{
  __u32 key = 0;
  struct locked *locked = bpf_map_lookup_elem(&guarded, &key);

  if (locked)
    bpf_spin_lock(&locked->lock);
  return 0;
}

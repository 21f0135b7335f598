// SPDX-License-Identifier: Apache-2.0

// Legacy packet loads (BPF_LD with BPF_ABS or BPF_IND): with what in R6, in which functions, and what must not be held
// there. Never run, only loaded.

#include "sample.bpf.h"
#include "socket.bpf.h"

char LICENSE[] SEC("license") = "GPL";

extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern void bpf_preempt_disable(void) __ksym;
extern void bpf_preempt_enable(void) __ksym;
extern void bpf_local_irq_save(unsigned long *flags) __ksym;
extern void bpf_local_irq_restore(unsigned long *flags) __ksym;
static long (*const spin_lock)(struct bpf_spin_lock *lock) = (void *)93;
static long (*const spin_unlock)(struct bpf_spin_lock *lock) = (void *)94;

__u64 load_byte(void *skb, __u64 offset) asm("llvm.bpf.load.byte");
__u64 load_half(void *skb, __u64 offset) asm("llvm.bpf.load.half");
__u64 load_word(void *skb, __u64 offset) asm("llvm.bpf.load.word");

struct locked {
  struct bpf_spin_lock lock;
  __u32 count;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct locked);
} values SEC(".maps");

struct timed {
  struct bpf_timer timer;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct timed);
} timers SEC(".maps");

__u64 sink;

#define LOAD(section, name, body)                                                                                      \
  SEC(section) int name(struct __sk_buff *ctx)                                                                         \
  {                                                                                                                    \
    body;                                                                                                              \
    return 0;                                                                                                          \
  }

/* As the kernel's manual has it: R6 is the context, R0 the result. */
#define IN_R6(what, load) asm volatile("r6 = %0; " load : : "r"(what) : "r0", "r1", "r2", "r3", "r4", "r5", "r6")

LOAD("socket", ok_socket, sink = load_byte(ctx, 0) + load_half(ctx, ctx->mark) + load_word(ctx, 4))
LOAD("tc", ok_tc, sink = load_byte(ctx, 0))
LOAD("action", ok_action, sink = load_byte(ctx, 0))

LOAD("tc", ok_r6, IN_R6(ctx, "r0 = *(u32 *)skb[8]"))
LOAD("tc", bad_r6_number, IN_R6(8, "r0 = *(u32 *)skb[8]"))
LOAD("tc", bad_r6_frame, IN_R6(&ctx, "r0 = *(u32 *)skb[8]"))
LOAD("tc", bad_r6_moved, IN_R6(ctx, "r6 += 8; r0 = *(u32 *)skb[8]"))
LOAD("tc", bad_r6_moved_back, IN_R6(ctx, "r6 += -8; r0 = *(u32 *)skb[8]"))
LOAD("tc", ok_r6_there_and_back, IN_R6(ctx, "r6 += 8; r6 += -8; r0 = *(u32 *)skb[8]"))
LOAD("tc", bad_r6_packet, IN_R6((void *)(long)ctx->data, "r0 = *(u32 *)skb[8]"))
LOAD("tc", bad_r6_value, __u32 zero = 0; struct locked *v = bpf_map_lookup_elem(&values, &zero);
     if (v) IN_R6(v, "r0 = *(u32 *)skb[8]"))
LOAD("tc", bad_r6_maybe_value, __u32 zero = 0; IN_R6(bpf_map_lookup_elem(&values, &zero), "r0 = *(u32 *)skb[8]"))
LOAD("tc", ok_by_frame, IN_R6(ctx, "r7 = r10; r0 = *(u32 *)skb[r7]"))
LOAD("tc", ok_by_context, IN_R6(ctx, "r0 = *(u32 *)skb[r6]"))

static __noinline int in_int(struct __sk_buff *ctx)
{
  return load_byte(ctx, 0);
}

static __noinline _Bool in_bool(struct __sk_buff *ctx)
{
  return load_byte(ctx, 0) == 4;
}

static __noinline __u64 in_wide(struct __sk_buff *ctx)
{
  return load_byte(ctx, 0) << 40;
}

enum answer { NO, YES };

static __noinline enum answer in_enum(struct __sk_buff *ctx)
{
  return load_byte(ctx, 0) == 6 ? YES : NO;
}

static __noinline void in_void(struct __sk_buff *ctx)
{
  sink = load_byte(ctx, 0);
}

static __noinline void *in_pointer(struct __sk_buff *ctx)
{
  return (void *)load_byte(ctx, 0);
}

/* Of these the kernel takes no context for an argument of another name. */
__noinline int in_global(struct __sk_buff *ctx)
{
  return load_byte(ctx, 1);
}

static __noinline int deeper(struct __sk_buff *ctx)
{
  return in_int(ctx) + 1;
}

LOAD("tc", ok_in_int, sink = in_int(ctx))
LOAD("tc", ok_in_bool, sink = in_bool(ctx))
LOAD("tc", ok_in_wide, sink = in_wide(ctx))
LOAD("tc", ok_in_enum, sink = in_enum(ctx))
LOAD("tc", bad_in_void, in_void(ctx))
LOAD("tc", bad_in_pointer, sink = (__u64)in_pointer(ctx))
LOAD("tc", ok_in_global, sink = in_global(ctx))
LOAD("tc", ok_deeper, sink = deeper(ctx))

LOAD("tc", bad_socket_held, struct bpf_sock *sk = lookup(ctx); sink = load_byte(ctx, 0); if (sk) bpf_sk_release(sk))
LOAD("tc", ok_socket_released, struct bpf_sock *sk = lookup(ctx); if (sk) bpf_sk_release(sk); sink = load_byte(ctx, 0))
LOAD("tc", bad_sample_held, __u64 *s = sample(); if (s) { *s = load_byte(ctx, 0); bpf_ringbuf_submit(s, 0); })
/* Out of the packet a function only goes back to its caller, which still has it. */
LOAD("tc", ok_sample_held_in_int, __u64 *s = sample(); if (s) { *s = in_int(ctx); bpf_ringbuf_submit(s, 0); })
LOAD("tc", bad_locked, __u32 zero = 0; struct locked *v = bpf_map_lookup_elem(&values, &zero);
     if (v) { spin_lock(&v->lock); v->count = load_byte(ctx, 0); spin_unlock(&v->lock); })
LOAD("tc", bad_in_rcu, bpf_rcu_read_lock(); sink = load_byte(ctx, 0); bpf_rcu_read_unlock())
LOAD("tc", bad_in_rcu_in_int, bpf_rcu_read_lock(); sink = in_int(ctx); bpf_rcu_read_unlock())
LOAD("tc", ok_behind_rcu, bpf_rcu_read_lock(); bpf_rcu_read_unlock(); sink = load_byte(ctx, 0))
LOAD("tc", bad_not_preempted, bpf_preempt_disable(); sink = load_byte(ctx, 0); bpf_preempt_enable())
LOAD("tc", bad_not_interrupted, unsigned long flags; bpf_local_irq_save(&flags); sink = load_byte(ctx, 0);
     bpf_local_irq_restore(&flags))

static __noinline int then_release(struct __sk_buff *ctx, struct bpf_sock *sk)
{
  bpf_sk_release(sk);
  sink = load_byte(ctx, 0);
  return 1;
}

LOAD("tc", ok_released_before, struct bpf_sock *sk = lookup(ctx); if (sk) sink = then_release(ctx, sk))

/* A function may answer 0 although its code does not: where a load is out of the packet. The kernel follows that. */
static __noinline int then_enter(struct __sk_buff *ctx)
{
  int one = 1;

  sink = load_byte(ctx, 0);
  bpf_rcu_read_lock();
  keep(one);
  return one;
}

/* With 0 the function has not entered, and the program knows. */
LOAD("tc", ok_entered_behind, if (then_enter(ctx)) bpf_rcu_read_unlock())
LOAD("tc", bad_entered_behind, then_enter(ctx); bpf_rcu_read_unlock())

static long each(__u32 index, struct __sk_buff **ctx)
{
  sink += load_byte(*ctx, index);
  return 0;
}

static long each_by_function(__u32 index, struct __sk_buff **ctx)
{
  sink += in_int(*ctx);
  return 0;
}

/* In a callback itself Linux 6.18 takes it for a bug of its own. */
LOAD("tc", bad_loop, struct __sk_buff *skb = ctx; bpf_loop(4, each, &skb, 0))
LOAD("tc", bad_loop_in_rcu, struct __sk_buff *skb = ctx; bpf_rcu_read_lock(); bpf_loop(4, each, &skb, 0);
     bpf_rcu_read_unlock())
LOAD("tc", ok_loop_by_function, struct __sk_buff *skb = ctx; bpf_loop(4, each_by_function, &skb, 0))

static int on_time(void *map, int *key, struct timed *value)
{
  IN_R6(value, "r0 = *(u8 *)skb[0]");
  return 0;
}

LOAD("tc", bad_timer, __u32 zero = 0; struct timed *v = bpf_map_lookup_elem(&timers, &zero);
     if (v) bpf_timer_set_callback(&v->timer, on_time))

// SPDX-License-Identifier: Apache-2.0
//
// Kernel-style C for `skep check file.c`: the accessors and atomics that lock-free kernel code is written with, and the
// macros that say which function is whose operation. docs/own-subjects.md describes how to use it. Every access to memory,
// plain ones too, is a step of the explorer; what has no order in the kernel is in order here (sequential consistency).
#ifndef SKEP_CHECK_H
#define SKEP_CHECK_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef long long s64;
typedef _Bool bool;
#define true 1
#define false 0
#ifndef NULL
#define NULL ((void *)0)
#endif

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - __builtin_offsetof(type, member)))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
/* Steps inside these belong to the line that uses them. */
#define __skep static inline __attribute__((always_inline, nodebug, unused))

/* What is explored. Operations of one CPU run in the order of the file; an NMI may start at any step of one. */
#define SETUP() __attribute__((export_name("setup"))) void setup(void)
#define ON_CPU(n, name) __attribute__((export_name("cpu" #n "_" #name))) long cpu##n##_##name(void)
#define IN_NMI(n, name) __attribute__((export_name("nmi" #n "_" #name))) long nmi##n##_##name(void)
/* At rest, when every CPU is done: use BUG_ON in it. */
#define AT_REST() __attribute__((export_name("at_rest"))) void at_rest(void)
/* This CPU may stop for ever at any step. */
#define MAY_STOP(n) __attribute__((export_name("stop" #n))) void skep_stop##n(void) {}
/* No waiting at all: any cycle in which no operation ends is a violation, not only a livelock under a fair scheduler. */
#define LOCK_FREE() __attribute__((export_name("lock_free"))) void skep_lock_free(void) {}

__attribute__((import_module("check"), import_name("fail"), noreturn)) void skep_fail(const char *what, int line);
__attribute__((import_module("check"), import_name("pause"))) void skep_pause(void);
__attribute__((import_module("check"), import_name("wait"))) void skep_wait(const volatile void *word, int value);
__attribute__((import_module("check"), import_name("freed"))) void skep_freed(const volatile void *from, u32 bytes);
__attribute__((import_module("check"), import_name("reused"))) void skep_reused(const volatile void *from, u32 bytes);

#define BUG_ON(condition) do { if (unlikely(condition)) skep_fail("BUG_ON(" #condition ")", __LINE__); } while (0)
#define BUG() skep_fail("BUG()", __LINE__)
/* From now on (until `reused`) an access to this object is a violation. Whole words of four bytes. */
#define check_freed(object) skep_freed((object), sizeof(*(object)))
#define check_reused(object) skep_reused((object), sizeof(*(object)))
/* In a loop that waits for another CPU. A turn of such a loop may carry nothing into the next one. */
#define cpu_relax() skep_pause()

#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, value) __atomic_store_n(&(x), (value), __ATOMIC_RELAXED)
#define smp_load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define smp_store_release(p, value) __atomic_store_n((p), (value), __ATOMIC_RELEASE)
#define rcu_dereference(p) READ_ONCE(p)
#define rcu_assign_pointer(p, value) smp_store_release(&(p), (value))

#define barrier() __asm__ volatile("" ::: "memory")
#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb() smp_mb()
#define smp_wmb() smp_mb()
#define smp_mb__before_atomic() smp_mb()
#define smp_mb__after_atomic() smp_mb()

#define xchg(p, value) __atomic_exchange_n((p), (value), __ATOMIC_SEQ_CST)
#define xchg_relaxed(p, value) xchg(p, value)
#define xchg_acquire(p, value) xchg(p, value)
#define xchg_release(p, value) xchg(p, value)
#define cmpxchg(p, old, new) \
  ({ __typeof__(*(p)) skep_old = (old); \
     __atomic_compare_exchange_n((p), &skep_old, (new), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
     skep_old; })
#define cmpxchg_relaxed(p, old, new) cmpxchg(p, old, new)
#define cmpxchg_acquire(p, old, new) cmpxchg(p, old, new)
#define cmpxchg_release(p, old, new) cmpxchg(p, old, new)
#define try_cmpxchg(p, oldp, new) \
  __atomic_compare_exchange_n((p), (oldp), (new), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#define try_cmpxchg_relaxed(p, oldp, new) try_cmpxchg(p, oldp, new)
#define try_cmpxchg_acquire(p, oldp, new) try_cmpxchg(p, oldp, new)
#define try_cmpxchg_release(p, oldp, new) try_cmpxchg(p, oldp, new)

/* Waits until the condition holds, for a word of four bytes; VAL is its value. */
#define smp_cond_load_relaxed(p, condition) \
  ({ __typeof__(*(p)) VAL; \
     for (;;) { VAL = READ_ONCE(*(p)); if (condition) break; cpu_relax(); } \
     VAL; })
#define smp_cond_load_acquire(p, condition) smp_cond_load_relaxed(p, condition)

typedef struct { int counter; } atomic_t;
typedef struct { s64 counter; } atomic64_t;
#define ATOMIC_INIT(i) { (i) }
#define ATOMIC64_INIT(i) { (i) }

#define SKEP_ATOMIC(prefix, type, value) \
  __skep value prefix##_read(const type *v) { return READ_ONCE(v->counter); } \
  __skep value prefix##_read_acquire(const type *v) { return smp_load_acquire(&v->counter); } \
  __skep void prefix##_set(type *v, value i) { WRITE_ONCE(v->counter, i); } \
  __skep void prefix##_set_release(type *v, value i) { smp_store_release(&v->counter, i); } \
  __skep void prefix##_add(value i, type *v) { __atomic_fetch_add(&v->counter, i, __ATOMIC_SEQ_CST); } \
  __skep void prefix##_sub(value i, type *v) { __atomic_fetch_sub(&v->counter, i, __ATOMIC_SEQ_CST); } \
  __skep void prefix##_inc(type *v) { prefix##_add(1, v); } \
  __skep void prefix##_dec(type *v) { prefix##_sub(1, v); } \
  __skep void prefix##_or(value i, type *v) { __atomic_fetch_or(&v->counter, i, __ATOMIC_SEQ_CST); } \
  __skep void prefix##_and(value i, type *v) { __atomic_fetch_and(&v->counter, i, __ATOMIC_SEQ_CST); } \
  __skep void prefix##_xor(value i, type *v) { __atomic_fetch_xor(&v->counter, i, __ATOMIC_SEQ_CST); } \
  __skep void prefix##_andnot(value i, type *v) { prefix##_and(~i, v); } \
  __skep value prefix##_fetch_add(value i, type *v) { return __atomic_fetch_add(&v->counter, i, __ATOMIC_SEQ_CST); } \
  __skep value prefix##_fetch_sub(value i, type *v) { return __atomic_fetch_sub(&v->counter, i, __ATOMIC_SEQ_CST); } \
  __skep value prefix##_fetch_inc(type *v) { return prefix##_fetch_add(1, v); } \
  __skep value prefix##_fetch_dec(type *v) { return prefix##_fetch_sub(1, v); } \
  __skep value prefix##_fetch_or(value i, type *v) { return __atomic_fetch_or(&v->counter, i, __ATOMIC_SEQ_CST); } \
  __skep value prefix##_fetch_and(value i, type *v) { return __atomic_fetch_and(&v->counter, i, __ATOMIC_SEQ_CST); } \
  __skep value prefix##_fetch_xor(value i, type *v) { return __atomic_fetch_xor(&v->counter, i, __ATOMIC_SEQ_CST); } \
  __skep value prefix##_fetch_andnot(value i, type *v) { return prefix##_fetch_and(~i, v); } \
  __skep value prefix##_add_return(value i, type *v) { return prefix##_fetch_add(i, v) + i; } \
  __skep value prefix##_sub_return(value i, type *v) { return prefix##_fetch_sub(i, v) - i; } \
  __skep value prefix##_inc_return(type *v) { return prefix##_add_return(1, v); } \
  __skep value prefix##_dec_return(type *v) { return prefix##_sub_return(1, v); } \
  __skep bool prefix##_inc_and_test(type *v) { return prefix##_inc_return(v) == 0; } \
  __skep bool prefix##_dec_and_test(type *v) { return prefix##_dec_return(v) == 0; } \
  __skep bool prefix##_sub_and_test(value i, type *v) { return prefix##_sub_return(i, v) == 0; } \
  __skep bool prefix##_add_negative(value i, type *v) { return prefix##_add_return(i, v) < 0; } \
  __skep value prefix##_xchg(type *v, value new) { return xchg(&v->counter, new); } \
  __skep value prefix##_cmpxchg(type *v, value old, value new) { return cmpxchg(&v->counter, old, new); } \
  __skep bool prefix##_try_cmpxchg(type *v, value *old, value new) { return try_cmpxchg(&v->counter, old, new); } \
  __skep value prefix##_fetch_add_unless(type *v, value a, value u) { \
    value c = prefix##_read(v); \
    do { if (c == u) break; } while (!prefix##_try_cmpxchg(v, &c, c + a)); \
    return c; \
  } \
  __skep bool prefix##_add_unless(type *v, value a, value u) { return prefix##_fetch_add_unless(v, a, u) != u; } \
  __skep bool prefix##_inc_not_zero(type *v) { return prefix##_add_unless(v, 1, 0); } \
  __skep value prefix##_dec_if_positive(type *v) { \
    value c = prefix##_read(v); \
    do { if (c <= 0) break; } while (!prefix##_try_cmpxchg(v, &c, c - 1)); \
    return c - 1; \
  }

SKEP_ATOMIC(atomic, atomic_t, int)
SKEP_ATOMIC(atomic64, atomic64_t, s64)

__skep void set_bit(long nr, volatile u32 *p) { __atomic_fetch_or(&p[nr / 32], 1u << (nr % 32), __ATOMIC_SEQ_CST); }
__skep void clear_bit(long nr, volatile u32 *p) { __atomic_fetch_and(&p[nr / 32], ~(1u << (nr % 32)), __ATOMIC_SEQ_CST); }
__skep bool test_bit(long nr, const volatile u32 *p) { return (READ_ONCE(p[nr / 32]) >> (nr % 32)) & 1; }
__skep bool test_and_set_bit(long nr, volatile u32 *p) {
  return (__atomic_fetch_or(&p[nr / 32], 1u << (nr % 32), __ATOMIC_SEQ_CST) >> (nr % 32)) & 1;
}
__skep bool test_and_clear_bit(long nr, volatile u32 *p) {
  return (__atomic_fetch_and(&p[nr / 32], ~(1u << (nr % 32)), __ATOMIC_SEQ_CST) >> (nr % 32)) & 1;
}

/* A spin lock: who waits for it makes no step until it is free. */
typedef struct { int locked; } spinlock_t;
#define DEFINE_SPINLOCK(name) spinlock_t name
__skep void spin_lock_init(spinlock_t *lock) { WRITE_ONCE(lock->locked, 0); }
__skep bool spin_trylock(spinlock_t *lock) { return xchg(&lock->locked, 1) == 0; }
__skep void spin_lock(spinlock_t *lock) { while (xchg(&lock->locked, 1)) skep_wait(&lock->locked, 1); }
__skep void spin_unlock(spinlock_t *lock) { smp_store_release(&lock->locked, 0); }

#endif

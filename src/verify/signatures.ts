// What the analysis must know of helpers and kfuncs: which take a field of a map value, which call back and with what,
// which answer a plain number, which leave the caller's frame alone. What is not listed answers anything and may have
// written anything.

import type { DynptrType } from './special-slots.js'
import type { ObjectType } from './value.js'

export type Field = 'bpf_timer' | 'bpf_wq' | 'bpf_spin_lock'

/** How a callback is called and what it may return: [0, most]. */
export interface CallbackRule {
  readonly kind: 'timer' | 'work' | 'element' | 'loop' | 'drain'
  readonly most: number
}

/** What a call takes that has to be given back, or gives back; see acquire.ts. */
export type ResourceRule =
  | { readonly does: 'acquire'; readonly type: ObjectType }
  /** r1 is a socket, and so is the result; `keeps`: it lives by the same reference. */
  | { readonly does: 'cast'; readonly type: ObjectType; readonly keeps: boolean }
  | { readonly does: 'use'; readonly argument: number }
  | { readonly does: 'release'; readonly type: 'sock' | 'ringbuf_mem' }
  | {
      readonly does: 'iterator'
      readonly step: 'new' | 'next' | 'end'
      readonly type: string
      readonly bytes: number
      /** Of what an iterator gives. */
      readonly item?: number
    }
  | { readonly does: 'tail-call' }
  | { readonly does: 'enter' | 'leave'; readonly section: 'rcu' | 'preempt' | 'irq' }

/** A dynptr that a call takes; see dynptr.ts. */
export interface DynptrArgument {
  readonly register: number
  readonly does: 'new' | 'use' | 'end'
  /** Of a new one. */
  readonly type?: DynptrType
  /** A new one is as that of r1. */
  readonly clones?: true
}

export interface Signature {
  /** r1 points to this field of a map value. */
  readonly field?: Field
  /** What r2 is. */
  readonly second?: 'map' | 'callback'
  readonly callback?: CallbackRule
  readonly result: 'number' | 'value' | 'kernel' | 'unknown'
  /** The value is there for certain if the index of an array is known. */
  readonly elides?: true
  /**
   * The kernel knows more of the number: the CPU's is below their count, that of bytes at most what there was room for.
   */
  readonly bounded?: boolean
  /** Stores nothing in memory that its arguments point to. */
  readonly quiet: boolean
  /** r3 is a format, r5 the bytes of its values. */
  readonly format?: boolean
  /** Only where sleeping is allowed. */
  readonly sleeps?: boolean
  readonly lock?: 'take' | 'release'
  readonly resource?: ResourceRule
  readonly dynptrs?: readonly DynptrArgument[]
  /** The result is part of the dynptr of r1: what bpf_dynptr_data gives, or _slice, or _slice_rdwr. */
  readonly slice?: 'data' | 'read' | 'write'
  /** r1 is the memory of a new dynptr. */
  readonly backing?: true
}

const number: Signature = { result: 'number', quiet: true }
const TIMER: CallbackRule = { kind: 'timer', most: 0 }
const WORK: CallbackRule = { kind: 'work', most: 0 }

/** Helpers that answer a number and store nothing where their arguments point. */
const NUMBERS = [
  ...[
    2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19, 21, 23, 24, 25, 27, 28, 30, 31, 32, 33, 34, 35, 37, 38, 39, 40,
    41, 43, 44,
  ],
  ...[46, 47, 48, 50, 51, 54, 65, 79, 80, 83, 87, 97, 118, 122, 123, 125, 135, 151, 152, 155, 160, 173, 174, 182, 185],
  ...[188, 190, 192, 208],
]
/** Helpers that answer a number and may store something there. */
const WRITERS = [4, 16, 20, 26, 29, 68, 69, 88, 89, 105, 106, 112, 113, 120, 163, 183, 184, 189]

const HELPERS: ReadonlyMap<number, Signature> = new Map<number, Signature>([
  [1, { result: 'value', quiet: true, elides: true }],
  ...NUMBERS.map((id): [number, Signature] => [id, number]),
  ...WRITERS.map((id): [number, Signature] => [id, { result: 'number', quiet: false }]),
  [8, { ...number, bounded: true }],
  ...[45, 67, 114, 115].map((id): [number, Signature] => [id, { result: 'number', quiet: false, bounded: true }]),
  [12, { result: 'number', quiet: true, resource: { does: 'tail-call' } }],
  [84, { result: 'unknown', quiet: true, resource: { does: 'acquire', type: 'sock' } }],
  [85, { result: 'unknown', quiet: true, resource: { does: 'acquire', type: 'sock' } }],
  [86, { ...number, resource: { does: 'release', type: 'sock' } }],
  [93, { field: 'bpf_spin_lock', result: 'unknown', quiet: true, lock: 'take' }],
  [94, { field: 'bpf_spin_lock', result: 'unknown', quiet: true, lock: 'release' }],
  [95, { result: 'unknown', quiet: true, resource: { does: 'cast', type: 'sock', keeps: true } }],
  [96, { result: 'unknown', quiet: true, resource: { does: 'cast', type: 'tcp_sock', keeps: true } }],
  [98, { result: 'unknown', quiet: true, resource: { does: 'cast', type: 'sock', keeps: false } }],
  [99, { result: 'unknown', quiet: true, resource: { does: 'acquire', type: 'sock_common' } }],
  [124, { ...number, resource: { does: 'use', argument: 2 } }],
  [131, { result: 'unknown', quiet: true, resource: { does: 'acquire', type: 'ringbuf_mem' } }],
  [132, { result: 'unknown', quiet: true, resource: { does: 'release', type: 'ringbuf_mem' } }],
  [133, { result: 'unknown', quiet: true, resource: { does: 'release', type: 'ringbuf_mem' } }],
  [148, { result: 'number', quiet: false, sleeps: true }],
  [158, { result: 'kernel', quiet: true }],
  [164, { second: 'callback', callback: { kind: 'element', most: 1 }, result: 'number', quiet: false }],
  [165, { result: 'number', quiet: false, format: true }],
  [169, { ...number, field: 'bpf_timer', second: 'map' }],
  [170, { ...number, field: 'bpf_timer', second: 'callback', callback: TIMER }],
  [171, { ...number, field: 'bpf_timer' }],
  [172, { ...number, field: 'bpf_timer' }],
  [181, { second: 'callback', callback: { kind: 'loop', most: 1 }, result: 'number', quiet: false }],
  [191, { result: 'number', quiet: false, sleeps: true }],
  [195, { result: 'value', quiet: true }],
  [197, { ...number, dynptrs: [{ register: 4, does: 'new', type: 'local' }], backing: true }],
  [198, { ...number, dynptrs: [{ register: 4, does: 'new', type: 'ringbuf' }] }],
  [199, { result: 'unknown', quiet: true, dynptrs: [{ register: 1, does: 'end' }] }],
  [200, { result: 'unknown', quiet: true, dynptrs: [{ register: 1, does: 'end' }] }],
  [201, { result: 'number', quiet: false, dynptrs: [used(3)] }],
  [202, { ...number, dynptrs: [used(1)] }],
  [203, { result: 'unknown', quiet: true, dynptrs: [used(1)], slice: 'data' }],
  [209, { second: 'callback', callback: { kind: 'drain', most: 1 }, result: 'number', quiet: false }],
])

/** Their first argument is a dynptr. */
const DYNPTR_USERS = [
  'bpf_dynptr_adjust',
  'bpf_dynptr_is_null',
  'bpf_dynptr_is_rdonly',
  'bpf_dynptr_size',
  'bpf_dynptr_memset',
  'bpf_probe_read_kernel_dynptr',
  'bpf_probe_read_kernel_str_dynptr',
]

const KFUNCS: ReadonlyMap<string, Signature> = new Map<string, Signature>([
  ['bpf_timer_cancel_async', { ...number, field: 'bpf_timer' }],
  ['bpf_wq_init', { ...number, field: 'bpf_wq', second: 'map' }],
  ['bpf_wq_set_callback', { ...number, field: 'bpf_wq', second: 'callback', callback: WORK }],
  ['bpf_wq_set_callback_impl', { ...number, field: 'bpf_wq', second: 'callback', callback: WORK }],
  ['bpf_wq_start', { ...number, field: 'bpf_wq' }],
  ['bpf_copy_from_user_str', { result: 'number', quiet: false, sleeps: true }],
  ['bpf_rcu_read_lock', section('enter', 'rcu')],
  ['bpf_rcu_read_unlock', section('leave', 'rcu')],
  ['bpf_preempt_disable', section('enter', 'preempt')],
  ['bpf_preempt_enable', section('leave', 'preempt')],
  ['bpf_local_irq_save', { ...section('enter', 'irq'), quiet: false }],
  ['bpf_local_irq_restore', section('leave', 'irq')],
  ['bpf_dynptr_from_skb', { ...number, dynptrs: [{ register: 3, does: 'new', type: 'skb' }] }],
  ['bpf_dynptr_from_xdp', { ...number, dynptrs: [{ register: 3, does: 'new', type: 'xdp' }] }],
  ['bpf_dynptr_clone', { ...number, dynptrs: [used(1), { register: 2, does: 'new', clones: true }] }],
  ['bpf_dynptr_slice', { result: 'unknown', quiet: false, dynptrs: [used(1)], slice: 'read' }],
  ['bpf_dynptr_slice_rdwr', { result: 'unknown', quiet: false, dynptrs: [used(1)], slice: 'write' }],
  ['bpf_dynptr_copy', { ...number, dynptrs: [used(1), used(3)] }],
  ...DYNPTR_USERS.map((name): [string, Signature] => [name, { ...number, dynptrs: [used(1)] }]),
  ...iterator('iter_num', 8, 4),
  ...iterator('iter_bits', 16, 8),
])

function used(register: number): DynptrArgument {
  return { register, does: 'use' }
}

function section(does: 'enter' | 'leave', name: 'rcu' | 'preempt' | 'irq'): Signature {
  return { result: 'unknown', quiet: true, resource: { does, section: name } }
}

/** Its three functions; what they store is the iterator alone. */
function iterator(type: string, bytes: number, item: number): [string, Signature][] {
  const one = (name: string, step: 'new' | 'next' | 'end', result: 'number' | 'unknown'): [string, Signature] => [
    `bpf_${type}_${name}`,
    { result, quiet: true, resource: { does: 'iterator', step, type, bytes, item } },
  ]
  return [one('new', 'new', 'number'), one('next', 'next', 'unknown'), one('destroy', 'end', 'unknown')]
}

const ANYTHING: Signature = { result: 'unknown', quiet: false }

export function helperSignature(id: number): Signature {
  return HELPERS.get(id) ?? ANYTHING
}

export function kfuncSignature(name: string): Signature {
  return KFUNCS.get(name) ?? ANYTHING
}

/** It takes or makes what is known by its place in a frame. */
export function isInFrame({ dynptrs, resource }: Signature): boolean {
  if (dynptrs || resource?.does === 'iterator') return true
  return (resource?.does === 'enter' || resource?.does === 'leave') && resource.section === 'irq'
}

/** Helpers after which the kernel forgets what it knew of the packet; see mayMovePacket for what only may be one. */
const FORGETS_PACKET = new Set([9, 10, 11, 12, 13, 18, 19, 31, 38, 39, 43, 44, 50, 54, 65])

export function forgetsPacket(id: number): boolean {
  return FORGETS_PACKET.has(id)
}

/** Helpers after which the packet may lie elsewhere. */
const MOVES_PACKET = new Set([9, 10, 11, 13, 18, 19, 31, 38, 39, 43, 44, 50, 51, 54, 65, 73, 74, 75, 90, 91, 142, 143])

/** True also for helpers that nobody here knows. */
export function mayMovePacket(id: number): boolean {
  return MOVES_PACKET.has(id) || id > 211
}

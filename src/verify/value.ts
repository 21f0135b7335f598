// What a register or a stack slot holds, and what is left where two ways meet. Values are immutable; two places that
// hold the same object (not merely an equal one) hold the same thing, so what a branch finds out about one holds for
// the other. Constants and what no branch can narrow may be shared freely.
import { constant, joinScalars, LOOSE, scalar, type Scalar } from './scalar.js'

/**
 * Which address an offset counts from: the index of the instruction that made it, or one of the numbers below 0 for
 * what is there from the start. Each number stands for one address at a time.
 */
export type Base = number

interface Range {
  /** Offset in bytes, between these. */
  readonly min: number
  readonly max: number
}

export interface UnknownValue {
  readonly is: 'unknown'
  /**
   * It may be the address of a structure of the kernel, of which loads give 0 where nothing is mapped; see probes.ts.
   */
  readonly kernel?: true
  /** Nothing was put there since the function began, or since a call: the kernel lets nobody read it. */
  readonly unset?: true
}
export interface MapPointer {
  readonly is: 'map'
  readonly map: string
}
/** Until it was compared with 0; 'mixed': it was on some of the ways that met here, and the kernel knows on which. */
export type Nullable = boolean | 'mixed'
/** Into a value of a map. */
export interface ValuePointer extends Range {
  readonly is: 'value'
  readonly map: string
  readonly nullable: Nullable
}
/** Into a frame, offset from its r10. */
export interface FramePointer extends Range {
  readonly is: 'frame'
  /** Whose: 0 the function's own, 1 its caller's, and so on; ELSEWHERE if nobody knows which caller's. */
  readonly up: number
}
export interface ContextPointer extends Range {
  readonly is: 'ctx'
}
/** `offset` bytes behind `base`, of which `proved` bytes are known to lie before the packet's end. */
export interface PacketPointer {
  readonly is: 'packet'
  readonly base: Base
  readonly offset: number
  readonly proved: number
  /** It was found behind the end, on some way to here: the kernel may remember. */
  readonly beyond?: true
}
/** `offset` bytes behind some address that nobody knows; only where proofs are looked for, see place.ts. */
export interface Place {
  readonly is: 'place'
  readonly base: Base
  readonly offset: number
  /** It should be the program's context. That is no proof of anything. */
  readonly context: boolean
}
/** The key that a callback gets. */
export interface KeyPointer extends Range {
  readonly is: 'key'
  readonly map: string
}
export type ObjectType = 'sock' | 'sock_common' | 'tcp_sock' | 'ringbuf_mem' | 'mem' | 'slice' | 'rdonly_slice'
/** A socket, a sample of a ring, what an iterator gave ('mem'), or bytes that a dynptr shows. */
export interface ObjectPointer extends Range {
  readonly is: 'object'
  readonly type: ObjectType
  /** The reference that it lives by (resources.ts); undefined: none that has to be given back. */
  readonly reference: string | undefined
  /** It is what the reference was taken for: without it (0) there is none. */
  readonly owns: boolean
  readonly nullable: Nullable
  /** Bytes of a sample, an item or a slice; Infinity if nobody knows. */
  readonly size: number
  /** Of a slice: it is gone with this dynptr. */
  readonly dynptr?: string
  /** Of a slice: it is gone where the packet may be moved. */
  readonly ofPacket?: true
}
/** The dynptr that a callback of bpf_user_ringbuf_drain gets. */
interface DynptrPointer extends Range {
  readonly is: 'dynptr'
}
export interface FunctionPointer {
  readonly is: 'function'
  readonly name: string
}

export type Value =
  | UnknownValue
  | Scalar
  | MapPointer
  | ValuePointer
  | FramePointer
  | ContextPointer
  | PacketPointer
  | Place
  | { readonly is: 'packet-end' }
  /**
   * An object after it was given back: some number. `tested`: such a number was compared since, the kernel may know
   * more.
   */
  | { readonly is: 'released'; readonly tested: boolean }
  | ObjectPointer
  | DynptrPointer
  | KeyPointer
  | FunctionPointer

export const UNKNOWN: UnknownValue = { is: 'unknown' }
export const UNSET: UnknownValue = { is: 'unknown', unset: true }
/** UNKNOWN and less: what any value and this one have in common. */
export const KERNEL_POINTER: UnknownValue = { is: 'unknown', kernel: true }

export const RELEASED: Value = { is: 'released', tested: false }
export const TESTED: Value = { is: 'released', tested: true }

export function mayBeKernelPointer(value: Value | undefined): boolean {
  return value?.is === 'unknown' && value.kernel === true
}

function isUnset(value: Value): boolean {
  return value.is === 'unknown' && value.unset === true
}

/** Through which a function or a helper that gets it may come at a frame. */
export function maySeeFrame(value: Value): boolean {
  return value.is === 'frame' || (value.is === 'unknown' && value.unset !== true)
}

const OBJECT_NAMES: Partial<Record<ObjectType, string>> = { slice: 'mem', rdonly_slice: 'rdonly_mem' }

/**
 * Where in the function's own frame it points to, from r10; undefined if it does not, or may point to several places.
 */
export function ownOffset(value: Value): number | undefined {
  return value.is === 'frame' && value.up === 0 && value.min === value.max ? value.min : undefined
}

/** The verifier's names of what a register holds. */
export function typeName(value: Value): string {
  switch (value.is) {
    case 'map':
      return 'map_ptr'
    case 'value':
      return value.nullable ? 'map_value_or_null' : 'map_value'
    case 'frame':
      return 'fp'
    case 'packet':
      return 'pkt'
    case 'packet-end':
      return 'pkt_end'
    case 'key':
      return 'map_key'
    case 'function':
      return 'func'
    case 'object': {
      const name = OBJECT_NAMES[value.type] ?? value.type
      return value.nullable ? `${name}_or_null` : name
    }
    case 'released':
      return 'scalar'
    case 'dynptr':
      return 'dynptr_ptr'
    default:
      return value.is
  }
}

function isRanged(
  value: Value,
): value is ValuePointer | FramePointer | ContextPointer | KeyPointer | ObjectPointer | DynptrPointer {
  const { is } = value
  return is === 'value' || is === 'frame' || is === 'ctx' || is === 'key' || is === 'object' || is === 'dynptr'
}

/**
 * Farthest offset that is followed from a base; and what a packet pointer may be moved by at once, as in the kernel.
 */
const FARTHEST = 2 ** 31
const MOST_PACKET_BYTES = 0xffff

/** A pointer moved by a number; a packet pointer by something that is no constant has the base `fresh` then. */
export function moved(pointer: Value, by: Scalar, fresh: Base): Value {
  if (isRanged(pointer)) {
    // Beyond the exact numbers nothing is claimed.
    const { min, max } = scalar(pointer.min + by.min, pointer.max + by.max)
    return { ...pointer, min, max }
  }
  if (mayBeKernelPointer(pointer)) return KERNEL_POINTER
  if (pointer.is !== 'packet' && pointer.is !== 'place') return UNKNOWN
  if (by.min === by.max) {
    const offset = pointer.offset + by.min
    return Math.abs(offset) <= FARTHEST ? { ...pointer, offset } : UNKNOWN
  }
  const ahead = pointer.offset >= 0 && by.min >= 0 && by.max <= MOST_PACKET_BYTES
  return pointer.is === 'packet' && ahead ? { is: 'packet', base: fresh, offset: 0, proved: 0 } : UNKNOWN
}

/** True if both say the same, whichever objects they are. */
function sameValue(a: Value, b: Value): boolean {
  if (a === b) return true
  switch (a.is) {
    case 'scalar':
      return b.is === 'scalar' && a.min === b.min && a.max === b.max && a.precision === b.precision
    case 'map':
      return b.is === 'map' && a.map === b.map
    case 'function':
      return b.is === 'function' && a.name === b.name
    case 'packet':
      return b.is === 'packet' && samePlace(a, b) && a.proved === b.proved && a.beyond === b.beyond
    case 'place':
      return b.is === 'place' && a.base === b.base && a.offset === b.offset && a.context === b.context
    case 'value':
      return b.is === 'value' && a.map === b.map && a.nullable === b.nullable && sameRange(a, b)
    case 'frame':
      return b.is === 'frame' && a.up === b.up && sameRange(a, b)
    case 'key':
      return b.is === 'key' && a.map === b.map && sameRange(a, b)
    case 'ctx':
      return b.is === 'ctx' && sameRange(a, b)
    case 'dynptr':
      return b.is === 'dynptr' && sameRange(a, b)
    case 'released':
      return b.is === 'released' && a.tested === b.tested
    case 'object':
      return b.is === 'object' && sameObject(a, b) && a.nullable === b.nullable && sameRange(a, b)
    default:
      return a.is === b.is && mayBeKernelPointer(a) === mayBeKernelPointer(b) && isUnset(a) === isUnset(b)
  }
}

function samePlace(a: PacketPointer, b: PacketPointer): boolean {
  return a.base === b.base && a.offset === b.offset
}

function sameObject(a: ObjectPointer, b: ObjectPointer): boolean {
  return (
    a.type === b.type &&
    a.reference === b.reference &&
    a.owns === b.owns &&
    a.size === b.size &&
    a.dynptr === b.dynptr &&
    a.ofPacket === b.ofPacket
  )
}

function sameRange(a: Range, b: Range): boolean {
  return a.min === b.min && a.max === b.max
}

/** What is left of two ways; `a` itself if `b` adds nothing to it. `widen`: ranges that grow lose their bound. */
export function joinValues(a: Value, b: Value, widen: boolean): Value {
  if (a === b || sameValue(a, b)) return a
  const joined = joinOthers(a, b, widen)
  // Of scalars `sameValue` does not see all; joinScalars answers with `a` itself.
  return a.is !== 'scalar' && sameValue(joined, a) ? a : joined
}

function joinOthers(a: Value, b: Value, widen: boolean): Value {
  if (mayBeKernelPointer(a) || mayBeKernelPointer(b)) return KERNEL_POINTER
  if (a.is === 'scalar' && b.is === 'scalar') {
    const joined = joinScalars(a, b)
    if (!widen || (joined.min === a.min && joined.max === a.max)) return joined
    // The kernel counts such loops out; this does not.
    return scalar(joined.min < a.min ? -Infinity : a.min, joined.max > a.max ? Infinity : a.max, LOOSE)
  }
  if (a.is === 'value' && b.is === 'value')
    return a.map === b.map ? { ...a, ...joinRanges(a, b, widen), nullable: joinNullable(a, b) } : UNKNOWN
  if (a.is === 'frame' && b.is === 'frame') return a.up === b.up ? { ...a, ...joinRanges(a, b, widen) } : UNKNOWN
  if (a.is === 'object' && b.is === 'object')
    return sameObject(a, b) ? { ...a, ...joinRanges(a, b, widen), nullable: joinNullable(a, b) } : UNKNOWN
  if (a.is === 'released' && b.is === 'released') return TESTED
  if (a.is === 'dynptr' && b.is === 'dynptr') return { ...a, ...joinRanges(a, b, widen) }
  if (a.is === 'ctx' && b.is === 'ctx') return { ...a, ...joinRanges(a, b, widen) }
  if (a.is === 'key' && b.is === 'key') return a.map === b.map ? { ...a, ...joinRanges(a, b, widen) } : UNKNOWN
  if (a.is === 'packet' && b.is === 'packet' && samePlace(a, b))
    return { ...a, proved: Math.min(a.proved, b.proved), ...((a.beyond || b.beyond) && { beyond: true }) }
  return UNKNOWN
}

function joinNullable(a: { nullable: Nullable }, b: { nullable: Nullable }): Nullable {
  return a.nullable === b.nullable ? a.nullable : 'mixed'
}

const ANYWHERE: Range = { min: -Infinity, max: Infinity }

function joinRanges(a: Range, b: Range, widen: boolean): Range {
  const low = Math.min(a.min, b.min)
  const high = Math.max(a.max, b.max)
  if (!widen) return { min: low, max: high }
  return { min: low < a.min ? -Infinity : low, max: high > a.max ? Infinity : high }
}

/** A text that is the same for values that a function's analysis cannot tell apart. */
export function keyOf(value: Value): string {
  switch (value.is) {
    case 'scalar':
      return `scalar ${value.min} ${value.max} ${value.precision}`
    case 'packet':
      return value.beyond ? 'packet beyond' : 'packet'
    default:
      return JSON.stringify(value, (_, part: unknown) => (part === Infinity ? '+' : part === -Infinity ? '-' : part))
  }
}

const ELSEWHERE = Infinity

/**
 * As an argument: no bound that the caller had proved; of a frame only that it is one, unless `follows`, where the
 * frames are handed over.
 */
export function asArgument(value: Value, follows = false): Value {
  if (value.is === 'frame')
    return follows ? { ...value, up: value.up + 1 } : { is: 'frame', up: ELSEWHERE, ...ANYWHERE }
  if (value.is === 'packet') return { ...value, proved: 0 }
  // Copies: what the caller knows to be equal is no part of keyOf.
  return value.is === 'scalar' || value.is === 'value' || value.is === 'object' ? { ...value } : value
}

export const ZERO = constant(0)

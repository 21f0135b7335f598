// Objects that wait for a grace period before they are reused: control blocks, programs, maps.
// Owns the CPU's two lists: `new` (pushed from any context of this CPU) and `waiting` (one batch and its tag).
// Invariant: an object is in at most one list, and names the CPU that holds it in its DEFERRED_BY word, so that repair
// finds it by scanning the objects and never walks a dead CPU's list.
import { cpu, cpuIndex } from '../cpu'
import { exchange32, load32, note32, note8, peek32, peek64, poke32, poke64 } from '../door'
import {
  CB_DEFERRED_BY,
  CB_DEFERRED_NEXT,
  CPU_DEFERRED_COUNT,
  CPU_DEFERRED_NEW,
  CPU_DEFERRED_UNTIL,
  CPU_DEFERRED_WAITING,
  MAP_DEFERRED_BY,
  MAP_DEFERRED_NEXT,
  PROGRAM_DEFERRED_BY,
  PROGRAM_DEFERRED_NEXT,
} from '../layout'
import { graceOver, graceStart } from './section'

/** Kind of a deferred object, kept in the low bits of the list link (objects are 64-byte aligned). */
export const DEFERRED_CONTROL_BLOCK: u32 = 1
export const DEFERRED_PROGRAM: u32 = 2
export const DEFERRED_MAP: u32 = 3
/** A map whose first grace period is over (run/reclaim.ts). */
export const DEFERRED_MAP_AGAIN: u32 = 0
const KIND_MASK: u32 = 3

function nextField(kind: u32): usize {
  return kind === DEFERRED_CONTROL_BLOCK
    ? CB_DEFERRED_NEXT
    : kind === DEFERRED_PROGRAM
      ? PROGRAM_DEFERRED_NEXT
      : MAP_DEFERRED_NEXT
}

// In a control block, which is one cache line, it is a byte.
function noteHolder(object: usize, kind: u32, holder: u32): void {
  if (kind === DEFERRED_CONTROL_BLOCK) note8(object + CB_DEFERRED_BY, <u8>holder)
  else note32(object + (kind === DEFERRED_PROGRAM ? PROGRAM_DEFERRED_BY : MAP_DEFERRED_BY), holder)
}

/**
 * Hands over a dead, unreachable object. Any context, four steps. The list is broken between the exchange and the link,
 * but only this CPU's outermost code takes lists, and that does not run then.
 */
export function defer(object: usize, kind: u32): void {
  const link = (<u32>object) | kind
  noteHolder(object, kind, cpuIndex() + 1)
  const before = exchange32(cpu() + CPU_DEFERRED_NEW, link)
  poke32(object + nextField(kind), before)
  note32(cpu() + CPU_DEFERRED_COUNT, peek32(cpu() + CPU_DEFERRED_COUNT) + 1)
}

/** True while objects wait for a grace period on this CPU. */
export function deferredPending(): bool {
  return peek32(cpu() + CPU_DEFERRED_WAITING) !== 0 || load32(cpu() + CPU_DEFERRED_NEW) !== 0
}

/**
 * The head of the batch whose grace period is over, or 0. The caller (run/reclaim.ts, outermost code outside any
 * section) walks it with deferredNext. Starts the next batch's grace period when none is waiting.
 */
export function deferredReady(): u32 {
  const area = cpu()
  let ready: u32 = 0
  if (peek32(area + CPU_DEFERRED_WAITING) !== 0 && graceOver(peek64(area + CPU_DEFERRED_UNTIL))) {
    ready = peek32(area + CPU_DEFERRED_WAITING)
    poke32(area + CPU_DEFERRED_WAITING, 0)
  }
  if (peek32(area + CPU_DEFERRED_WAITING) === 0 && load32(area + CPU_DEFERRED_NEW) !== 0) {
    poke32(area + CPU_DEFERRED_WAITING, exchange32(area + CPU_DEFERRED_NEW, 0))
    poke64(area + CPU_DEFERRED_UNTIL, graceStart())
  }
  return ready
}

/**
 * Takes `link` (from deferredReady or deferredNext) off its batch: the next link. Programs and maps name this CPU until
 * their place is used again: their state, which the caller writes next, says that nobody need repair them.
 */
export function deferredNext(link: u32): u32 {
  const kind = link & KIND_MASK
  const object = <usize>(link & ~KIND_MASK)
  if (kind === DEFERRED_CONTROL_BLOCK) noteHolder(object, kind, 0)
  note32(cpu() + CPU_DEFERRED_COUNT, peek32(cpu() + CPU_DEFERRED_COUNT) - 1)
  return peek32(object + nextField(kind))
}

/** Kind of the object that `link` names. */
export function deferredKind(link: u32): u32 {
  return link & KIND_MASK
}

/** Address of the object that `link` names. */
export function deferredObject(link: u32): usize {
  return <usize>(link & ~KIND_MASK)
}

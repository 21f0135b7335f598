// What lies in a function's own frame and only calls may touch: dynptrs, iterators and the flags of bpf_local_irq_save.
// The kernel's verifier knows them by their place; so does this, as long as nothing writes where nobody follows it.
// Immutable; with the same key they are the same. Owned by the walk.
import { access, invalid, type Complaint } from './refusal.js'

export type DynptrType = 'local' | 'ringbuf' | 'skb' | 'xdp'

export type SpecialSlot =
  | {
      readonly what: 'dynptr'
      readonly bytes: 16
      readonly type: DynptrType
      /** Unlike that of every other that is there at the same time. */
      readonly id: string
      /** Of a ring's sample: what it has to be given back for; a clone has that of its original. */
      readonly reference: string | undefined
    }
  | { readonly what: 'iterator' | 'irq'; readonly bytes: number; readonly type: string }

export interface SpecialSlots {
  /** False: there may be others than the entries. */
  readonly known: boolean
  /** By offset from r10. */
  readonly entries: ReadonlyMap<number, SpecialSlot>
  readonly key: string
}

export const NO_SPECIAL_SLOTS: SpecialSlots = { known: true, entries: new Map(), key: '' }
export const UNKNOWN_SPECIAL_SLOTS: SpecialSlots = { known: false, entries: new Map(), key: '?' }

function keyed(known: boolean, entries: ReadonlyMap<number, SpecialSlot>): SpecialSlots {
  if (entries.size === 0) return known ? NO_SPECIAL_SLOTS : UNKNOWN_SPECIAL_SLOTS
  const names = [...entries].map(([at, slot]) => `${at} ${nameOf(slot)}`).sort()
  return { known, entries, key: `${known ? '' : '?'}${names.join()}` }
}

function nameOf(slot: SpecialSlot): string {
  return slot.what === 'dynptr' ? `${slot.type} ${slot.id} ${slot.reference}` : slot.type
}

/** With one more, where none of the others is. */
export function withSpecial({ known, entries }: SpecialSlots, at: number, slot: SpecialSlot): SpecialSlots {
  return keyed(known, new Map([...entries, [at, slot]]))
}

/** Without those that `isGone` says. */
export function withoutSpecial(slots: SpecialSlots, isGone: (slot: SpecialSlot, at: number) => boolean): SpecialSlots {
  const left = [...slots.entries].filter(([at, slot]) => !isGone(slot, at))
  return left.length === slots.entries.size ? slots : keyed(slots.known, new Map(left))
}

/** Those that touch `bytes` at `offset`. */
export function specialAmong({ entries }: SpecialSlots, offset: number, bytes: number): [number, SpecialSlot][] {
  return entries.size === 0 ? [] : [...entries].filter(([at, slot]) => overlaps(at, slot.bytes, offset, bytes))
}

function overlaps(one: number, oneBytes: number, other: number, otherBytes: number): boolean {
  return one < other + otherBytes && other < one + oneBytes
}

/** What is left where two ways meet. */
export function joinSpecial(one: SpecialSlots, other: SpecialSlots): SpecialSlots {
  if (one.key === other.key) return one
  const isSame = (slot: SpecialSlot, at: number): boolean => {
    const there = other.entries.get(at)
    return there !== undefined && nameOf(there) === nameOf(slot)
  }
  const both = new Map([...one.entries].filter(([at, slot]) => isSame(slot, at)))
  return keyed(false, both)
}

/** What is wrong with a load of the frame, or with what a helper reads there through `register`. */
export function readComplaint(
  slots: SpecialSlots,
  offset: number,
  bytes: number,
  register?: number,
): Complaint | undefined {
  const hit = specialAmong(slots, offset, bytes)
  if (hit.length === 0) return undefined
  const through = register === undefined ? '' : `R${register} `
  return access(`invalid read from stack ${through}off ${firstByte(hit, offset)} size ${bytes}`)
}

/** What is wrong with a helper that fills memory there without having looked at it. */
export function fillComplaint(slots: SpecialSlots, offset: number, bytes: number): Complaint | undefined {
  const hit = specialAmong(slots, offset, bytes).filter(([, { what }]) => what === 'dynptr')
  if (hit.length === 0) return undefined
  return access(`potential write to dynptr at off=${Math.max(offset, lowest(hit))} disallowed`)
}

/** What is wrong with a store, or with something new, at `offset`. */
export function overwriteComplaint(slots: SpecialSlots, offset: number, bytes: number): Complaint | undefined {
  return isReferencedAmong(slots, offset, bytes) ? invalid('cannot overwrite referenced dynptr') : undefined
}

/** Whether `bytes` at `offset` touch a dynptr that has to be given back. */
export function isReferencedAmong(slots: SpecialSlots, offset: number, bytes: number): boolean {
  return specialAmong(slots, offset, bytes).some(([, slot]) => slot.what === 'dynptr' && slot.reference !== undefined)
}

function lowest(hit: readonly [number, SpecialSlot][]): number {
  return Math.min(...hit.map(([at]) => at))
}

/** "-16+0": where the access begins, and which of its bytes is the first one that is not to be read. */
function firstByte(hit: readonly [number, SpecialSlot][], offset: number): string {
  return `${offset}+${Math.max(0, lowest(hit) - offset)}`
}

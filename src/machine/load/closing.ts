// Whether a loaded object is open, as threads that joined its machine see it: one word, which goes to them with the
// share. The machine's thread writes it before it lets go of anything of the object; a joined thread reads it inside a
// read-side section (boot/joined-use.ts). Invariant: who has read OPEN there finds the object's maps as long as the
// section lasts, since what is let go of waits for a grace period that begins after the word was written.
import { MAP_TYPE_RINGBUF, MAP_TYPE_USER_RINGBUF } from '../../../core/abi.js'
import { MAP_RING_BELL } from '../../../core/layout.js'
import { SkepError } from '../../error.js'
import type { Memory } from '../cpu/memory.js'
import type { LiveObject } from './object-table.js'

/** The word: open, closed by its owner, closed with its machine. */
export type ClosingWord = Int32Array
const OPEN = 0
export const OBJECT_CLOSED = 1
export const MACHINE_CLOSED = 2

/** The object's word, made when it is first shared. */
export function closingWord(object: LiveObject): ClosingWord {
  return (object.closing ??= new Int32Array(new SharedArrayBuffer(4)))
}

/** Tells joined threads that the object is closed, those too that wait at one of its rings. */
export function tellClosed(memory: Memory, { closing, maps }: LiveObject, why: number): void {
  if (!closing) return
  Atomics.compareExchange(closing, 0, OPEN, why)
  for (const { address, spec } of maps.values())
    if (spec.type === MAP_TYPE_RINGBUF || spec.type === MAP_TYPE_USER_RINGBUF) memory.ring(address + MAP_RING_BELL)
}

/** Throws CLOSED if the object is closed. */
export function checkClosing(closing: ClosingWord, name: string): void {
  const state = Atomics.load(closing, 0)
  if (state !== OPEN) throw closedError(name, state)
}

/** What whoever uses a closed object is told. */
export function closedError(name: string, why = OBJECT_CLOSED): SkepError {
  return new SkepError('CLOSED', why === MACHINE_CLOSED ? 'the machine is closed' : `object '${name}' is closed`)
}

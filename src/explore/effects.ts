// What accesses beyond single words do to the model: fill and copy, poison, the clock. Called by world.ts.
import { DOOR_COPY, DOOR_FILL } from '../../core/abi.js'
import { checkRange, operationOf, perform, Violation } from './access.js'
import { addressName } from './address-name.js'
import { DOOR_CLEANSE, DOOR_POISON, DOOR_SET_CLOCK } from './executor.js'
import type { Stage } from './stage.js'
import type { Subject } from './subject.js'

/** Performs a fill, copy, poison, cleanse or set-clock operation; other operations do nothing here. */
export function special(
  subject: Subject,
  code: number,
  address: number,
  a: number,
  aHigh: number,
  length: number,
): void {
  const { memory, limit, hidden, poison } = subject.stage
  const operation = operationOf(code)
  if (operation === DOOR_FILL || operation === DOOR_COPY) {
    checkRange(address >>> 0, length, 1, limit)
    if (operation === DOOR_COPY) checkRange(a >>> 0, length, 1, limit)
    checkPoison(subject, address, length)
    if (operation === DOOR_COPY) checkPoison(subject, a, length)
    perform(memory, code, address, a, 0, length, 0)
  } else if (operation === DOOR_SET_CLOCK) {
    memory.put(hidden, a)
    memory.put(hidden + 1, aHigh)
  } else if (operation === DOOR_POISON || operation === DOOR_CLEANSE) {
    subject.stage.poisoned = true
    for (let word = address >>> 2; word < (address + a) >>> 2; word++) {
      const index = poison + (word >>> 5)
      const bit = 1 << (word & 31)
      const bits = memory.words[index]!
      memory.put(index, operation === DOOR_POISON ? bits | bit : bits & ~bit)
    }
  }
}

/** Throws if one of the words is poisoned. */
export function checkPoison(subject: Subject, address: number, bytes: number): void {
  if (isPoisoned(subject.stage, address, bytes))
    throw new Violation(`access to freed memory at ${addressName(subject, address)}`)
}

/** Whether one of the words is poisoned. */
export function isPoisoned({ memory: { words }, poison }: Stage, address: number, bytes: number): boolean {
  for (let word = address >>> 2; word * 4 < address + bytes; word++)
    if ((words[poison + (word >>> 5)]! >>> (word & 31)) & 1) return true
  return false
}

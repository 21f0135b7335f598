// What one door access does to the model's memory, and how accesses are classed. Pure functions over Words; the numbers
// are those of core/abi.ts. Called by the world for a step and by the executor for set-up that runs natively.
import {
  DOOR_ADD,
  DOOR_AND,
  DOOR_COMPARE_EXCHANGE,
  DOOR_COPY,
  DOOR_EXCHANGE,
  DOOR_FILL,
  DOOR_GLANCE,
  DOOR_LOAD,
  DOOR_NOTE,
  DOOR_OR,
  DOOR_PEEK,
  DOOR_POKE,
  DOOR_STORE,
  DOOR_XOR,
} from '../../core/abi.js'
import type { Words } from './words.js'

/** A broken rule: what was violated, in words. Thrown by subjects through `cpu.fail`, and by the model's memory. */
export class Violation extends Error {}

/** Operation without the width. */
export const operationOf = (code: number): number => code & 0xff
/** Width in bytes. */
export const widthOf = (code: number): number => (code >>> 8) & 0xff

/** The result of the last `perform`: low and high half of what was there before. */
export const result = { low: 0, high: 0 }

/** A plain access that is claimed not to race. */
export const isPlain = (operation: number): boolean => operation === DOOR_PEEK || operation === DOOR_POKE

/** An access that reads or writes one word of memory of 1 to 8 bytes. */
export const isWordAccess = (operation: number): boolean =>
  (operation >= DOOR_LOAD && operation <= DOOR_NOTE) || operation === DOOR_XOR

/** Whether a word access of this kind may write. */
export const mayWrite = (operation: number): boolean =>
  isWordAccess(operation) && operation !== DOOR_LOAD && operation !== DOOR_PEEK && operation !== DOOR_GLANCE

/** Whether a word access of this kind only writes: its operation is not told what was there before. */
export const onlyWrites = (operation: number): boolean =>
  operation === DOOR_STORE || operation === DOOR_POKE || operation === DOOR_NOTE

/** Whether an access with this outcome left memory as it was (a failed compare-and-exchange, an `or` of set bits …). */
export function changedNothing(
  code: number,
  aLow: number,
  aHigh: number,
  bLow: number,
  bHigh: number,
  low: number,
  high: number,
): boolean {
  const wide = widthOf(code) === 8
  const same = (x: number, y: number): boolean => x === low && (!wide || y === high)
  switch (operationOf(code)) {
    case DOOR_STORE:
    case DOOR_POKE:
    case DOOR_NOTE:
    case DOOR_FILL:
    case DOOR_COPY:
      return false
    case DOOR_EXCHANGE:
      return same(aLow, aHigh)
    case DOOR_COMPARE_EXCHANGE:
      return !same(aLow, aHigh) || same(bLow, bHigh)
    case DOOR_ADD:
      return aLow === 0 && (!wide || aHigh === 0)
    case DOOR_OR:
      return same(low | aLow, high | aHigh)
    case DOOR_AND:
      return same(low & aLow, high & aHigh)
    case DOOR_XOR:
      return aLow === 0 && (!wide || aHigh === 0)
    default:
      return true
  }
}

/** Throws unless [address, address + bytes) lies in memory and the address is aligned. */
export function checkRange(address: number, bytes: number, alignment: number, limit: number): void {
  if (address + bytes > limit || address < 0)
    throw new Violation(`access to ${hex(address)}, outside the memory of ${limit} bytes`)
  if (address % alignment !== 0) throw new Violation(`misaligned access of ${bytes} bytes to ${hex(address)}`)
}

/** Hexadecimal, as traces show numbers. */
export const hex = (value: number): string => '0x' + (value >>> 0).toString(16)

/** Performs a word access, a fill or a copy; what was there before is left in `result`. The range was checked. */
export function perform(
  memory: Words,
  code: number,
  address: number,
  aLow: number,
  aHigh: number,
  bLow: number,
  bHigh: number,
): void {
  const operation = operationOf(code)
  result.high = 0
  if (operation === DOOR_FILL) return fill(memory, address, aLow, bLow)
  if (operation === DOOR_COPY) return copy(memory, address, aLow, bLow)
  const index = address >>> 2
  const width = widthOf(code)
  if (width === 8) return wide(memory, operation, index, aLow, aHigh, bLow, bHigh)
  const word = memory.words[index]!
  if (width === 4) {
    result.low = word
    const value = combine(operation, word, aLow, bLow)
    if (value !== word) memory.put(index, value)
    return
  }
  const shift = (address & 3) * 8
  const mask = width === 1 ? 0xff : 0xffff
  const old = (word >>> shift) & mask
  result.low = old
  const value = combine(operation, old, aLow & mask, bLow & mask) & mask
  if (value !== old) memory.put(index, (word & ~(mask << shift)) | (value << shift))
}

function combine(operation: number, old: number, a: number, b: number): number {
  switch (operation) {
    case DOOR_STORE:
    case DOOR_EXCHANGE:
    case DOOR_POKE:
    case DOOR_NOTE:
      return a
    case DOOR_COMPARE_EXCHANGE:
      return old === a ? b : old
    case DOOR_ADD:
      return (old + a) | 0
    case DOOR_OR:
      return old | a
    case DOOR_AND:
      return old & a
    case DOOR_XOR:
      return old ^ a
    default:
      return old
  }
}

function wide(
  memory: Words,
  operation: number,
  index: number,
  aLow: number,
  aHigh: number,
  bLow: number,
  bHigh: number,
) {
  const low = memory.words[index]!
  const high = memory.words[index + 1]!
  result.low = low
  result.high = high
  switch (operation) {
    case DOOR_STORE:
    case DOOR_EXCHANGE:
    case DOOR_POKE:
    case DOOR_NOTE:
      memory.put(index, aLow)
      memory.put(index + 1, aHigh)
      return
    case DOOR_COMPARE_EXCHANGE:
      if (low !== aLow || high !== aHigh) return
      memory.put(index, bLow)
      memory.put(index + 1, bHigh)
      return
    case DOOR_ADD: {
      const sum = (low >>> 0) + (aLow >>> 0)
      memory.put(index, sum | 0)
      memory.put(index + 1, (high + aHigh + (sum > 0xffffffff ? 1 : 0)) | 0)
      return
    }
    case DOOR_OR:
      memory.put(index, low | aLow)
      memory.put(index + 1, high | aHigh)
      return
    case DOOR_AND:
      memory.put(index, low & aLow)
      memory.put(index + 1, high & aHigh)
      return
    case DOOR_XOR:
      memory.put(index, low ^ aLow)
      memory.put(index + 1, high ^ aHigh)
  }
}

const byteAt = (memory: Words, address: number): number => (memory.words[address >>> 2]! >>> ((address & 3) * 8)) & 0xff

function putByte(memory: Words, address: number, byte: number): void {
  const shift = (address & 3) * 8
  memory.put(address >>> 2, (memory.words[address >>> 2]! & ~(0xff << shift)) | ((byte & 0xff) << shift))
}

function fill(memory: Words, address: number, byte: number, length: number): void {
  result.low = 0
  const word = Math.imul(byte & 0xff, 0x01010101)
  for (let i = 0; i < length >>> 0;)
    if (((address + i) & 3) === 0 && i + 4 <= length >>> 0) {
      memory.put((address + i) >>> 2, word)
      i += 4
    } else putByte(memory, address + i++, byte)
}

function copy(memory: Words, to: number, from: number, length: number): void {
  result.low = 0
  const bytes = new Uint8Array(length >>> 0)
  for (let i = 0; i < bytes.length; i++) bytes[i] = byteAt(memory, (from >>> 0) + i)
  for (let i = 0; i < bytes.length; i++) putByte(memory, to + i, bytes[i]!)
}

// Races of plain accesses by vector clocks: two accesses to a byte, one of them a write and one of them plain, that no
// chain of atomic accesses orders. Says of one execution what the sets of races.ts say of all together: there a race is
// seen in the execution in which the two come right after each other. For walks, which do not see them all, and for
// replays, which name both places; no part of a state.
import {
  DOOR_COMPARE_EXCHANGE,
  DOOR_COPY,
  DOOR_FILL,
  DOOR_GLANCE,
  DOOR_NOTE,
  DOOR_SLEEP,
  DOOR_STORE,
  DOOR_WAIT_WHILE,
  DOOR_WAKE,
} from '../../core/abi.js'
import { isPlain, isWordAccess, mayWrite, operationOf, widthOf } from './access.js'
import { DOOR_STOPPED } from './executor.js'
import type { Observation } from './observation.js'
import type { Raced } from './races.js'

/**
 * A byte: each CPU's time and the caller's number at its last access of each kind, and what an atomic read of it
 * learns.
 */
interface Byte {
  times: Uint32Array
  numbers: Int32Array
  released: Uint32Array | undefined
}

/** The earlier one of two accesses that race, and the byte at which they do. */
export interface Earlier extends Raced {
  /** What the caller said of it. */
  number: number
}

/** Kinds of access: offsets into `Byte.times`, times the number of CPUs. */
const PLAIN_READ = 0
const PLAIN_WRITE = 1
const READ = 2
const WRITE = 3
const KINDS = 4

export class Clocks {
  /** Per CPU: how far it knows each CPU's time. */
  private readonly clocks: Uint32Array[]
  private readonly bytes = new Map<number, Byte>()

  /** An execution begins: everybody knows what was before. `limit` is where addresses end. */
  constructor(
    private readonly cpus: number,
    private readonly limit: number,
  ) {
    this.clocks = Array.from({ length: cpus }, (_, cpu) => new Uint32Array(cpus).fill(1, cpu, cpu + 1))
  }

  /** Takes the next access; says what it races with. `stopped` is the CPU that has stopped for ever, or -1. */
  access(seen: Observation, stopped: number, number: number): Earlier | undefined {
    const { cpu, code, address, aLow, aHigh, bLow, low, high } = seen
    const operation = operationOf(code)
    const clock = this.clocks[cpu]!
    if (operation === DOOR_STOPPED && stopped >= 0) join(clock, this.clocks[stopped]!)
    if (operation === DOOR_WAKE) {
      for (let at = address; at < address + 4; at++)
        join((this.byte(at).released ??= new Uint32Array(this.cpus)), clock)
      clock[cpu]!++
    }
    if (operation === DOOR_FILL || operation === DOOR_COPY) {
      const from = operation === DOOR_COPY ? this.range(cpu, READ, aLow, bLow >>> 0, number) : undefined
      return from ?? this.range(cpu, WRITE, address, bLow >>> 0, number)
    }
    const waits = operation === DOOR_WAIT_WHILE || operation === DOOR_SLEEP
    if (!waits && !isWordAccess(operation)) return undefined
    const width = waits ? 4 : widthOf(code)
    const failed = operation === DOOR_COMPARE_EXCHANGE && (low !== aLow || (width === 8 && high !== aHigh))
    const writes = mayWrite(operation)
    const atomic = !isPlain(operation) && operation !== DOOR_GLANCE && operation !== DOOR_NOTE
    const kind = isPlain(operation) ? (writes ? PLAIN_WRITE : PLAIN_READ) : writes ? WRITE : READ
    let raced: Earlier | undefined
    for (let at = address; at < address + width; at++) {
      const byte = this.byte(at)
      if (atomic && operation !== DOOR_STORE && byte.released) join(clock, byte.released)
      if (operation !== DOOR_GLANCE) raced ??= this.conflict(byte, cpu, kind, at)
      if (operation !== DOOR_GLANCE) this.took(byte, kind * this.cpus + cpu, clock[cpu]!, number)
      if (writes && !failed) byte.released = atomic ? clock.slice() : undefined
    }
    if (writes && atomic) clock[cpu]!++
    return raced
  }

  // What a fill or a copy does to a range: it races with plain accesses only, and orders nothing.
  private range(cpu: number, kind: number, address: number, length: number, number: number): Earlier | undefined {
    let raced: Earlier | undefined
    for (let at = address; at < Math.min(address + length, this.limit); at++) {
      const byte = this.byte(at)
      raced ??= this.conflict(byte, cpu, kind, at)
      this.took(byte, kind * this.cpus + cpu, this.clocks[cpu]![cpu]!, number)
      if (kind === WRITE) byte.released = undefined
    }
    return raced
  }

  private took(byte: Byte, slot: number, time: number, number: number): void {
    byte.times[slot] = time
    byte.numbers[slot] = number
  }

  private conflict({ times, numbers }: Byte, cpu: number, kind: number, address: number): Earlier | undefined {
    const clock = this.clocks[cpu]!
    const against = [PLAIN_WRITE]
    if (kind === PLAIN_WRITE || kind === WRITE) against.push(PLAIN_READ)
    if (kind === PLAIN_READ || kind === PLAIN_WRITE) against.push(WRITE)
    if (kind === PLAIN_WRITE) against.push(READ)
    for (let other = 0; other < this.cpus; other++) {
      if (other === cpu) continue
      const slot = against.map((one) => one * this.cpus + other).find((one) => times[one]! > clock[other]!)
      if (slot !== undefined) return { cpu: other, address, number: numbers[slot]! }
    }
    return undefined
  }

  private byte(at: number): Byte {
    let byte = this.bytes.get(at)
    if (!byte) {
      const length = KINDS * this.cpus
      byte = { times: new Uint32Array(length), numbers: new Int32Array(length), released: undefined }
      this.bytes.set(at, byte)
    }
    return byte
  }
}

function join(to: Uint32Array, from: Uint32Array): void {
  for (let cpu = 0; cpu < to.length; cpu++) if (from[cpu]! > to[cpu]!) to[cpu] = from[cpu]!
}

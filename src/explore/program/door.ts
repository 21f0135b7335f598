// The hook of one CPU that runs BPF programs in the interpreter. The interpreter's registers and its code are functions
// of the operation's other accesses, so they are kept here and are no part of the model's state: a step costs the
// explorer nothing then. Everything else goes on to the explorer, or to a narrator that runs an operation once more.
import { DOOR_PEEK, DOOR_POKE } from '../../../core/abi.js'
import { operationOf } from '../access.js'
import type { Executor } from '../executor.js'

/** What is told of an operation that is run again from the results of its accesses. */
export interface Narrator {
  /** The interpreter is at the instruction at this address. */
  instruction(address: number): void
  /** A register (16 to a frame) was written. */
  register(index: number): void
  /** A register was read. */
  read(index: number): void
  /** Any other access; its result (low half), the high half in `high`. */
  access(code: number, address: number, aLow: number, aHigh: number, bLow: number, bHigh: number): number
  readonly high: number
}

/** Where a CPU's private words lie. */
export interface PrivateWords {
  registers: number
  registersEnd: number
  instruction: number
  image: number
  imageEnd: number
}

export class Door {
  narrator: Narrator | undefined
  /** Address of the instruction that is executed; 0 before the first. */
  at = 0
  /** Two words to a register. */
  readonly registers: Int32Array
  private readonly code: Int32Array
  private highHalf = 0
  private answeredHere = false

  constructor(
    private readonly executor: Executor,
    private readonly places: PrivateWords,
    image: Uint8Array,
  ) {
    this.registers = new Int32Array((places.registersEnd - places.registers) / 4)
    this.code = new Int32Array(Math.ceil(image.length / 4))
    new Uint8Array(this.code.buffer).set(image)
  }

  /** A register as an unsigned number of 64 bits. */
  register(index: number): bigint {
    return (BigInt(this.registers[index * 2 + 1]! >>> 0) << 32n) | BigInt(this.registers[index * 2]! >>> 0)
  }

  /** The word of the image at an address. */
  word(address: number): number {
    return this.code[(address - this.places.image) >> 2] ?? 0
  }

  access32(code: number, address: number, a: number, b: number): number {
    const operation = operationOf(code)
    if (operation === DOOR_PEEK && address >= this.places.image && address < this.places.imageEnd) {
      this.answeredHere = true
      return this.code[(address - this.places.image) >> 2]!
    }
    if (address === this.places.instruction) {
      this.answeredHere = true
      if (operation === DOOR_POKE) {
        this.at = a
        this.narrator?.instruction(a)
      }
      return this.at
    }
    this.answeredHere = false
    return this.narrator ? this.narrator.access(code, address, a, 0, b, 0) : this.executor.access32(code, address, a, b)
  }

  access64(code: number, address: number, aLow: number, aHigh: number, bLow: number, bHigh: number): number {
    const { registers, places } = this
    if (address >= places.registers && address < places.registersEnd) {
      this.answeredHere = true
      const word = (address - places.registers) >> 2
      if (operationOf(code) === DOOR_POKE) {
        registers[word] = aLow
        registers[word + 1] = aHigh
        this.narrator?.register(word >> 1)
      } else this.narrator?.read(word >> 1)
      this.highHalf = registers[word + 1]!
      return registers[word]!
    }
    this.answeredHere = false
    return this.narrator
      ? this.narrator.access(code, address, aLow, aHigh, bLow, bHigh)
      : this.executor.access64(code, address, aLow, aHigh, bLow, bHigh)
  }

  high(): number {
    if (this.answeredHere) return this.highHalf
    return this.narrator ? this.narrator.high : this.executor.high()
  }
}

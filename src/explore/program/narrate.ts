// One operation run once more from the results of its accesses, at the level of BPF: which instruction and C line is at
// work, which accesses to map values are the program's own, which values a store depends on, what a helper returned.
import {
  DOOR_ADD,
  DOOR_AND,
  DOOR_COMPARE_EXCHANGE,
  DOOR_EXCHANGE,
  DOOR_GLANCE,
  DOOR_LOAD,
  DOOR_NOTE,
  DOOR_OR,
  DOOR_RETRY,
  DOOR_STORE,
  DOOR_XOR,
  STACKS_PER_CPU,
  FRAMES,
  FRAME_BYTES,
} from '../../../core/abi.js'
import * as layout from '../../../core/layout.js'
import { operationOf, widthOf } from '../access.js'
import type { Operation } from '../subject.js'
import type { Narrator } from './door.js'
import type { ProgramMachine } from './machine.js'
import { placeOf } from './names.js'

/** An access with its result, as the explorer saw it. */
export interface Answer {
  code: number
  address: number
  low: number
  high: number
}

/** A load of the program itself, as last seen or written by this operation. */
export interface Known {
  low: number
  high: number
  width: number
  /** Address of the instruction. */
  at: number
}

/** The access at which the results end. */
export interface Pending {
  code: number
  address: number
  aLow: number
  aHigh: number
  /** Address of the program's instruction; 0 outside of programs. */
  at: number
  /** It is the program's own access to a map value. */
  own: boolean
  /** The program's own store of a value computed from what it loaded there: that load. */
  depends?: Known
}

export interface NarratedEvent {
  /** Position in the results at which it stands: the access itself, or the last one before. */
  position: number
  at: number
  text: EventText
}

export type EventText =
  | { kind: 'access'; operation: number; width: number; address: number; old: bigint; value: bigint; expected: bigint }
  /** A CPU takes a timer or work that is due: its callback is the next thing it runs. */
  | { kind: 'fires'; block: number }
  | { kind: 'call'; helper: string; args: bigint[] }
  | { kind: 'return'; helper: string; args: bigint[]; result: bigint; began: number }

/** What an operation has done at the level of BPF. */
export interface Narration {
  events: NarratedEvent[]
  pending?: Pending
  /** Map values that the program has loaded or stored itself, as it knows them. */
  known: Map<number, Known>
  /** Words of timers' state that this operation has written by compare-and-exchange, as it left them. */
  states: Map<number, bigint>
}

const ENDED = Symbol('the results end here')

/** Of a control block's state word: a callback runs (core/async/state.ts). */
const RUN = 0x18

const CLASS_LDX = 1
const CLASS_ST = 2
const CLASS_STX = 3
const CLASS_ALU = 4
const CLASS_JMP = 5
const CLASS_ALU64 = 7

/** Runs an operation with these results on its CPU; `answers` has no retries. */
export function narrate(machine: ProgramMachine, cpu: number, operation: Operation, answers: Answer[]): Narration {
  const door = machine.doors[cpu]!
  const teller = new Teller(machine, cpu, answers)
  door.narrator = teller
  try {
    operation.run(machine.stage.cpus[cpu]!)
  } catch (thrown) {
    if (thrown !== ENDED) throw thrown
  } finally {
    door.narrator = undefined
  }
  return teller.narration
}

type Taint = ReadonlySet<number> | undefined

class Teller implements Narrator {
  readonly narration: Narration = { events: [], known: new Map(), states: new Map() }
  high = 0
  private position = 0
  private at = 0
  private opcode = 0
  private target = 0
  private source = 0
  private lastRegister = 0
  private fresh = false
  private loaded: Taint
  private readonly taints: Taint[] = []
  private readonly stack = new Map<number, Taint>()
  private readonly calls: { at: number; helper: string; args?: bigint[]; began: number }[] = []
  private returned: { at: number; helper: string; args?: bigint[]; began: number } | undefined
  private readonly stackFirst: number
  private readonly stackEnd: number
  private readonly door

  constructor(
    private readonly machine: ProgramMachine,
    cpu: number,
    private readonly answers: Answer[],
  ) {
    this.door = machine.doors[cpu]!
    this.stackFirst = machine.stage.memory.words[(machine.areas + cpu * layout.CPU_BYTES + layout.CPU_STACKS) >> 2]!
    this.stackEnd = this.stackFirst + STACKS_PER_CPU * FRAMES * FRAME_BYTES
  }

  instruction(address: number): void {
    const head = this.door.word(address)
    this.at = address
    this.opcode = head & 0xff
    this.target = (head >>> 8) & 15
    this.source = (head >>> 12) & 15
    this.fresh = true
    this.loaded = undefined
    if (!this.isCall()) return
    if (this.calls.at(-1)?.at === address) this.returned = this.calls.pop()
    else {
      const helper = this.source === 0 ? this.machine.helperAt(this.door.word(address + 4)) : ''
      this.calls.push({ at: address, helper, began: this.position })
    }
  }

  private isCall(): boolean {
    return (this.opcode & 7) === CLASS_JMP && (this.opcode & 0xf0) === 0x80
  }

  read(index: number): void {
    this.lastRegister = index
    const call = this.calls.at(-1)
    if (!this.fresh || !call || call.at !== this.at) return
    this.fresh = false
    // The first read of a call's instruction is r1 of the caller's frame.
    const frame = index & ~15
    call.args = [1, 2, 3, 4, 5].map((register) => this.door.register(frame + register))
    if (call.helper !== '') this.tell({ kind: 'call', helper: call.helper, args: call.args })
  }

  register(index: number): void {
    this.lastRegister = index
    if (this.returned) {
      const { helper, args = [], began } = this.returned
      this.returned = undefined
      if (helper !== '') this.tell({ kind: 'return', helper, args, began, result: this.door.register(index) })
      this.taints[index] = undefined
      return
    }
    this.taints[index] = this.taintOf(index & ~15)
  }

  // What the value that the instruction puts into its target was computed from.
  private taintOf(frame: number): Taint {
    const operation = this.opcode & 0xf0
    const bySource = (this.opcode & 8) !== 0 ? this.taints[frame + this.source] : undefined
    switch (this.opcode & 7) {
      case CLASS_LDX:
        return this.loaded
      case CLASS_ALU:
      case CLASS_ALU64: {
        if (operation === 0xb0) return bySource
        const own = this.taints[frame + this.target]
        return own && bySource ? new Set([...own, ...bySource]) : (own ?? bySource)
      }
      default:
        return undefined
    }
  }

  access(code: number, address: number, aLow: number, aHigh: number, bLow: number, bHigh: number): number {
    const operation = operationOf(code)
    if (operation === DOOR_RETRY) return 0
    const own = this.isOwn() && placeOf(this.machine, address) !== undefined
    if (this.position >= this.answers.length) {
      if (this.narration.pending) throw ENDED
      const depends = own && operation === DOOR_NOTE ? this.dependsOn(address, widthOf(code)) : undefined
      this.narration.pending = { code, address, aLow, aHigh, at: this.at, own, ...(depends ? { depends } : {}) }
      throw ENDED
    }
    const answer = this.answers[this.position]!
    if (answer.code !== code || answer.address !== address)
      throw new Error(
        `narrating: access ${this.position} was ${answer.code} at ${answer.address}, is ${code} at ${address}`,
      )
    this.high = answer.high
    if (own) this.ownAccess(operation, widthOf(code), address, answer, wide(aLow, aHigh), wide(bLow, bHigh))
    else if (this.isOwn()) this.stackAccess(operation, address)
    else if (operation === DOOR_COMPARE_EXCHANGE && answer.low === aLow && answer.high === aHigh) {
      const block = this.machine.blockOfState(address)
      if (block !== undefined) this.narration.states.set(address, wide(bLow, bHigh))
      if (block !== undefined && (bLow & RUN) !== 0 && (aLow & RUN) === 0) this.tell({ kind: 'fires', block })
    }
    this.position++
    return answer.low
  }

  // The program's own instruction is a load, a store or an atomic operation.
  private isOwn(): boolean {
    const kind = this.opcode & 7
    return this.at !== 0 && (kind === CLASS_LDX || kind === CLASS_ST || kind === CLASS_STX)
  }

  private storedTaint(): Taint {
    return (this.opcode & 7) === CLASS_STX ? this.taints[(this.lastRegister & ~15) + this.source] : undefined
  }

  private stackAccess(operation: number, address: number): void {
    if (address < this.stackFirst || address >= this.stackEnd) return
    if (operation === DOOR_GLANCE) this.loaded = this.stack.get(address)
    if (operation === DOOR_NOTE) this.stack.set(address, this.storedTaint())
  }

  private dependsOn(address: number, width: number): Known | undefined {
    const known = this.narration.known.get(address)
    return known && known.width === width && this.storedTaint()?.has(address) ? known : undefined
  }

  private ownAccess(operation: number, width: number, address: number, answer: Answer, a: bigint, b: bigint): void {
    const old = width === 8 ? wide(answer.low, answer.high) : BigInt(answer.low >>> 0)
    const value = afterwards(operation, width, old, a, b)
    this.narration.known.set(address, {
      low: Number(BigInt.asIntN(32, value)),
      high: Number(BigInt.asIntN(32, value >> 32n)),
      width,
      at: this.at,
    })
    if (operation === DOOR_GLANCE) this.loaded = new Set([address])
    this.tell({ kind: 'access', operation, width, address, old, value, expected: a })
  }

  private tell(text: EventText): void {
    this.narration.events.push({ position: this.position, at: this.at, text })
  }
}

const wide = (low: number, high: number): bigint => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)

function afterwards(operation: number, width: number, old: bigint, a: bigint, b: bigint): bigint {
  const bits = width * 8
  switch (operation) {
    case DOOR_NOTE:
    case DOOR_STORE:
    case DOOR_EXCHANGE:
      return BigInt.asUintN(bits, a)
    case DOOR_COMPARE_EXCHANGE:
      return old === BigInt.asUintN(bits, a) ? BigInt.asUintN(bits, b) : old
    case DOOR_ADD:
      return BigInt.asUintN(bits, old + a)
    case DOOR_OR:
      return BigInt.asUintN(bits, old | a)
    case DOOR_AND:
      return BigInt.asUintN(bits, old & a)
    case DOOR_XOR:
      return BigInt.asUintN(bits, old ^ a)
    case DOOR_GLANCE:
    case DOOR_LOAD:
    default:
      return old
  }
}

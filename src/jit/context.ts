// What the code of one function is made from besides its instructions: what its calls call, what is known about it and
// the rest of the module; and what comes out. Types only, for the files of this folder.
import type { Instruction } from '../isa/decode.js'
import type { CoreCode } from './core-code.js'
import type { CountedLoop } from './counted.js'
import type { FunctionEmitter } from './function.js'
import type { ArrayShape, HashShape, HelperImport, KnownFacts, SlotShape } from './link.js'
import type { CodePosition } from './positions.js'

/** What a call instruction calls, resolved. */
export type Callee =
  /** `frame`, of a tail call: as for 'tail'. `slot`, or `map`, an address: what the last i32 says. */
  | {
      kind: 'import'
      index: number
      helper: HelperImport
      slot?: SlotShape | undefined
      map?: number | undefined
      frame?: number
      atOnce?: AtOnce | undefined
    }
  /** `charges`: it, or what it calls, spends of the loop budget. */
  | { kind: 'function'; index: number; charges: boolean; inline: InlinedFunction | undefined }
  /**
   * A lookup in an array that is known; where the key is, if it lies in the frame, and what it is, if that is a
   * constant.
   */
  | { kind: 'array'; shape: ArrayShape; key: number | undefined; number: number | undefined }
  /**
   * A tail call into an array of programs that is known; the place, if that is a constant, and who most likely stands
   * there; what says in which frame that goes on, if it may be another than the function's.
   */
  | {
      kind: 'tail'
      shape: ArrayShape
      place: number | undefined
      likely: LikelyTarget | undefined
      frame: number | undefined
    }
  /** A lookup in a hash map that is known; `index`: the helper that goes on where it does not end at once. */
  | { kind: 'hash'; shape: HashShape; key: number | undefined; index: number }
  /** bpf_loop with that function as callback; the others as for 'function'. */
  | { kind: 'loop'; callback: string; index: number; charges: boolean; inline: InlinedFunction | undefined }
  /** A weak reference that nothing satisfies: calling it is a fault. */
  | { kind: 'missing'; name: string }

/** What a helper mostly does, as the core has it: in-place.ts. */
export interface AtOnce {
  readonly core: CoreCode
  /** Number of the function in the core. */
  readonly index: number
  /** Its parameters behind the helper's. */
  readonly constants: readonly (number | bigint)[]
  /** What it calls of the core's exports: their numbers in the core and in the module. */
  readonly imports: ReadonlyMap<number, number>
  /** It stands not in place of each call, but is a function of the module: which one of these. */
  readonly own?: number | undefined
}

/** Where a tail call most likely goes on: a function of the module, by its name, number and table index. */
export interface LikelyTarget {
  readonly name: string
  readonly index: number
  readonly entry: number
}

/** A function that is written in place of its calls; see inline.ts. */
export interface InlinedFunction {
  readonly name: string
  readonly context: FunctionContext
  readonly instructions: number
  /** Writes its code, which ends in exits or faults. */
  emit(f: FunctionEmitter): void
}

/** What the emitter must know about the rest of the module. */
export interface FunctionContext {
  readonly guestBase: number
  readonly guestEnd: number
  /** Table indices, [first, end), that a call by register may call; see LinkTarget. */
  readonly callable: { readonly first: number; readonly end: number }
  /** Number of the function in the module. */
  readonly index: number
  /** Number of the first function that the module has of the core. */
  readonly own: number
  /** Registers from r6 up that it mentions, without the frame pointer. */
  readonly saved: readonly number[]
  /** Some function of the object makes tail calls. */
  readonly tails: boolean
  readonly facts: KnownFacts | undefined
  /** Loads that read 0 outside of guest memory. */
  readonly probes: ReadonlySet<number> | undefined
  /** By index of the call instruction. */
  readonly callees: ReadonlyMap<number, Callee>
  /** Address of a byte of a map's only value. */
  valueAddress(map: string, offset: number): number
  /** Value that an `lddw` at this index loads. */
  wideValue(instruction: Instruction): bigint
}

export interface EmittedFunction {
  /** What goes into the code section. */
  readonly body: Uint8Array
  /**
   * Pairs (offset in body, instruction), ascending by offset; each holds up to the next. -1 - n: entry n of `inlined`.
   */
  readonly positions: readonly number[]
  readonly inlined?: readonly CodePosition[]
}

/** A check that was emitted for a range of addresses from a register: address - guestBase of `low` lies in `local`. */
export interface Window {
  /** Offsets from the register's present value that are known to lie in the guest window: [low, high). */
  low: number
  high: number
  readonly local: number
}

/**
 * One of several turns that are written in a row; `start`: local of the counting register at the head of the first one.
 */
export interface CountedTurn {
  readonly loop: CountedLoop
  readonly turn: number
  readonly start: number
}

/** Whose code is being emitted: the function's own, or that of one written in place of a call. */
export interface Scope {
  readonly context: FunctionContext
  /** Local of the frame's upper end, i32. */
  readonly frame: number
  /**
   * In place of a call: the name of the function, the depth of the block that its exits leave, calls around it in
   * place.
   */
  readonly inlined: { readonly name: string; readonly exit: number; readonly level: number } | undefined
}

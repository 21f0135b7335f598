// What the compiler asks of whoever loads an object: where maps lie, which helpers exist, which table slot a callback
// has.
import type { Instruction } from '../isa/decode.js'
import type { FunctionSpec } from '../object/spec.js'
import type { CoreCode, CoreFunction } from './core-code.js'

/** How a helper or kfunc is called: an export of the core. */
export interface HelperImport {
  /** The core's export. */
  readonly name: string
  /** Parameters taken from r1 up, 0 to 5. */
  readonly parameters: number
  /** It also takes the caller's frame as a last i32 (helpers that call back). */
  readonly frame: boolean
  /** False: r0 is 0 after the call. */
  readonly returns: boolean
  /**
   * The core's export for a timer or work that is known to be a field of a map's values; it takes the slot as a last
   * i32. `atOnce`: the function that may then stand in place of the call.
   */
  readonly inSlot?: { readonly field: 'timer' | 'work'; readonly name: string; readonly atOnce?: string }
  /** The core's export for a map that is known; it takes the address of the map as a last i32. */
  readonly ofMap?: string
  /** The core's function that may stand in place of the call if the ring or the map is known: in-place.ts. */
  readonly atOnce?: string
  /** Of what is no helper: its types. */
  readonly signature?: Pick<CoreFunction, 'parameters' | 'result'>
  /** It takes an address of the core as a last i32. */
  readonly takesAddress?: boolean
  /** Its result, unless 0, is the table index of the function that takes the caller's place (bpf_tail_call). */
  readonly tail?: boolean
}

/** Where the values of an array or per-CPU array lie. */
export interface ArrayShape {
  /** Guest address of the first value (of CPU 0). */
  readonly elements: number
  /** Bytes from one value to the next, and from one CPU's values to the next CPU's (0 in a plain array). */
  readonly stride: number
  readonly cpuStride: number
  readonly entries: number
}

/** Where the words lie that decide about the timers or work of a map's elements (core/async/slot.ts). */
export interface SlotShape {
  /** Address of the first element's word; one of 4 bytes for each element. */
  readonly slots: number
  /** Guest address of the first element's field, bytes from one to the next. */
  readonly first: number
  readonly stride: number
  readonly entries: number
}

/** A hash map: all that its lookup needs (core/map/record.ts). */
export interface HashShape {
  readonly keyBytes: number
  /** Of the hash of keys of more than 8 bytes. */
  readonly seed: number
  readonly multiplier: bigint
  readonly shift: number
  /** Buckets, less 1. */
  readonly mask: number
  readonly buckets: number
  readonly records: number
  readonly recordBytes: number
  /** Offset in a record of the reference mark of a map that evicts. */
  readonly reference: number | undefined
  /** Guest address of the first value (of CPU 0), bytes from one to the next, and from CPU to CPU (0: not per CPU). */
  readonly values: number
  readonly stride: number
  readonly cpuStride: number
}

/** A ring buffer that stays as long as the code (core/helper/ring-at-once.ts). */
export interface RingShape {
  readonly map: number
  readonly headers: number
  readonly samples: number
  /** Units, less 1. */
  readonly mask: number
}

/** A hash map whose changes mostly go the short way: what the core's functions for that take. */
export interface ShortShape {
  readonly update: readonly (number | bigint)[]
  readonly delete: readonly (number | bigint)[]
}

/** What is known about a function before it runs; see verify/prove.ts. */
export interface KnownFacts {
  /** Accesses that certainly lie in guest memory, by instruction. */
  readonly accesses: ReadonlyMap<number, KnownAccess>
  /** Loads of packet bounds, on which some of those rest: what they give is compared with the guest window. */
  readonly guards: ReadonlyMap<number, 'start' | 'end'>
  /** By call: r1 is the address of this byte of a value of the map. */
  readonly places: ReadonlyMap<number, { readonly map: string; readonly offset: number }>
}

export type KnownAccess =
  | { readonly kind: 'frame'; readonly offset: number | undefined }
  | {
      readonly kind: 'value'
      readonly map: string
      readonly offset: number | undefined
      /** In the map's only value the register is at this byte or a later one. */
      readonly least: number | undefined
    }
  | { readonly kind: 'packet' | 'checked' }

export interface LinkTarget {
  /**
   * Address of the map's structure, what a program sees as the map pointer. Throws SkepError if there is no such map.
   */
  mapAddress(name: string): number
  /** Where the values of a map lie that is an array and stays as long as the code: its lookups need no call. */
  arrayShape?(name: string): ArrayShape | undefined
  /** Where the places of a map lie that is an array of programs and stays as long as the code: tail calls in place. */
  programArrayShape?(name: string): ArrayShape | undefined
  /**
   * The function in whose program a tail call into that place of the array most likely goes on; asked again when it
   * runs.
   */
  programAt?(map: string, index: number): string | undefined
  /** A hash map whose lookups begin in place; it stays as long as the code. */
  hashShape?(name: string): HashShape | undefined
  ringShape?(name: string): RingShape | undefined
  /** The numbers of a hash map whose changes mostly go the short way, as core/map/short.ts takes them. */
  shortShape?(name: string): ShortShape | undefined
  /** The core whose functions may stand in place of their calls. */
  core?(): CoreCode
  /** The slots of a map's timers or work, if that field lies at `offset` of its values. */
  slotShape?(name: string, field: 'timer' | 'work', offset: number): SlotShape | undefined
  /** The instructions of a function, if someone has decoded them already. */
  decoded?(fn: FunctionSpec): Instruction[]
  /** What is proved about a function of the object; without it every access is checked. */
  facts?(fn: FunctionSpec): KnownFacts
  /** By index: the loads of a function that read 0 outside of guest memory; without it all of them fault there. */
  probes?(fn: FunctionSpec): ReadonlySet<number> | undefined
  /** Guest address of a byte in the value of a single-element data map. */
  mapValueAddress(name: string, offset: number): number
  /** Throws SkepError for a helper that does not exist, naming function and instruction. */
  helperImport(id: number, functionName: string, instruction: number): HelperImport
  /** undefined: not there, which only a weak reference may survive. */
  kfuncImport(name: string): HelperImport | undefined
  /** Value of a kernel symbol or configuration variable; undefined: not there. */
  externValue?(name: string): bigint | undefined
  /** Index in every CPU's function table of a function of this object. */
  callbackIndex(functionName: string): number
  /** Table indices of this object's functions, [first, end): what a call by register may call. */
  readonly callable: { readonly first: number; readonly end: number }
  /** Window of guest addresses: [guestBase, guestEnd). */
  readonly guestBase: number
  readonly guestEnd: number
  /** For messages. */
  readonly fileName: string
}

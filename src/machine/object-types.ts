// What load<T>() is told of an object: the names and types of its programs, maps and variables, as `skep types` writes
// them (report/declaration.ts). Types only; nothing here is there at run time, and nothing is checked against the
// object.

/** An object whose names and types are not known: what load() assumes if it is told nothing. */
export interface ObjectTypes {
  /** Names of the programs: 'on_packet' | 'on_close'. */
  programs: string
  /** By name. */
  maps: { [name: string]: MapTypes }
  /** What `variables.x.get()` gives. */
  variables: { [name: string]: unknown }
}

/** Of one map. */
export interface MapTypes {
  /** The kernel's name in lower case: 'hash', 'percpu_array'. */
  type: string
  /** What `keys()` gives; never for maps without keys. */
  key: unknown
  /** What `get()` gives of a key that is there: of a per-CPU map an array. */
  value: unknown
  /** Ring buffer, perf event array: what a record is given as if nothing else is asked for. */
  record?: unknown
  /** What it is given as, by the name that `as` has. */
  records?: { [name: string]: unknown }
}

type PerCpuType = 'percpu_hash' | 'percpu_array' | 'lru_percpu_hash'

/**
 * What is taken where a value of type T is set. Bytes always; of a structure some members, the others are 0; integers
 * as number or bigint; arrays of one-byte integers also as bytes or text. Bytes and text for other arrays are
 * BAD_VALUE.
 */
export type Given<T> = [T] extends [never] ? never : Uint8Array | Inside<T>

/**
 * The same inside of a value, where a structure cannot be bytes; unknown for unknown. T stands on the left of `extends`
 * only: else TypeScript would take no typed map for a map.
 */
type Inside<T> = T extends boolean
  ? boolean | number | bigint
  : T extends number | bigint
    ? number | bigint
    : T extends Uint8Array
      ? Uint8Array
      : T extends readonly (infer Element)[]
        ? readonly Inside<Element>[] | (Element extends number | boolean ? Uint8Array | string : never)
        : T extends object
          ? { readonly [Name in keyof T]?: Inside<T[Name]> }
          : unknown

/** What `set` takes as a value: one for each CPU, a program, an inner map or its id, or the value itself. */
export type GivenValue<T extends MapTypes> = T extends { type: PerCpuType }
  ? Uint8Array | readonly Given<OneValue<T>>[]
  : T extends { type: 'prog_array' }
    ? { readonly name: string; readonly section: string; readonly sleepable: boolean }
    : T extends { type: 'array_of_maps' | 'hash_of_maps' }
      ? number | { readonly id: number; readonly keySize: number; readonly maxEntries: number }
      : Given<T['value']>

/** The value of one CPU. */
export type OneValue<T extends MapTypes> = T extends { type: PerCpuType; value: readonly (infer One)[] }
  ? One
  : T['value']

/** What a record is given as, by what the options ask for (ConsumeOptions). */
export type RecordOf<T extends MapTypes, Options> = Options extends { bytes: true }
  ? Uint8Array
  : Options extends { as: infer Name }
    ? Named<T['records'], Name>
    : [Extract<keyof Options, 'as' | 'bytes'>] extends [never]
      ? Untold<T>
      : unknown

type Named<Records, Name> = Name extends keyof Records ? Records[Name] : unknown

type Untold<T> = T extends { record: infer Record } ? Record : unknown

/** What is asked for where no options are given. */
export type NoOptions = Record<never, never>

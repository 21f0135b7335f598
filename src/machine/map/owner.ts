// What a map handle (handle.ts) is told of its map, and what it asks of whoever made it: the table of maps (table.ts)
// on the thread that booted the machine, a joined CPU (boot/share.ts) on another.
import type { Btf } from '../../object/btf.js'
import type { MapReferences } from './references.js'
import type { PerfEvents } from './perf-events.js'

/** What a handle needs to know about its map. */
export interface MapDescription {
  /** Stays the same as long as the map lives; machine.map(id) gives another handle. */
  readonly id: number
  readonly name: string
  readonly btf: Btf | undefined
  readonly keyType: number
  readonly valueType: number
  /** BPF_F_RDONLY or BPF_F_WRONLY: what this handle may do; other handles on the map may have other flags. */
  readonly access: number
}

/**
 * Does `work`, an operation on a map: its memory stays until that is over. Throws CLOSED if the machine is closed; on a
 * thread that joined also if the map's object is.
 */
export type Use = <T>(work: () => T) => T

/** What a handle asks of its machine. */
export interface MapOwner {
  readonly use: Use
  /** Called once when the handle is closed. */
  release(): void
  /** After operations that may have freed something. */
  settle(): void
  /** Pins of the map; undefined on threads that joined. */
  readonly pins?: MapPins
  /** Takes a user reference; what gives it back. A thread that leaves its machine calls `ended` before. */
  hold(ended: () => void): () => void
  /**
   * As hold, for what ends with the handle: nothing on the machine's thread, where the handle has a reference itself.
   */
  holdBesideHandle(ended: () => void): () => void
  /** Of a map whose values are programs or maps; undefined also on threads that joined, which cannot write those. */
  readonly references?: MapReferences | undefined
  /** The name of the program with this id, which stands in an array of programs; undefined if it is not known. */
  programNamed(id: number): string | undefined
  /** Opens the buffers of a perf event array, so many bytes for each CPU; not there on threads that joined. */
  readonly perfEvents?: (bytes: number) => PerfEvents
}

/** The pins of one map. */
export interface MapPins {
  add(name: string): void
  /** Throws ENOENT if that is no pin of this map. */
  remove(name: string): void
  names(): string[]
}

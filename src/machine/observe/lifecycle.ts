// The event 'lifecycle' of a machine: what happened to its timers and work, with map, key and function instead of the
// addresses and numbers that the core records (lifecycle-rings.ts).
import { keyOf } from './control-blocks.js'
import type { Kernel } from '../boot/kernel.js'
import { LifecycleReader, type LifecycleKind, type RawLifecycleEvent } from './lifecycle-rings.js'

export type { LifecycleKind } from './lifecycle-rings.js'

/** What happened to one timer or work item: an operation on it, a firing, its end. */
export interface LifecycleEvent {
  /** Nanoseconds since the machine's epoch. */
  readonly time: number
  /** CPU on which it happened. */
  readonly cpu: number
  /**
   * 'init', 'set_callback', 'start', 'cancel', 'cancel_async': the operation; 'fire': the callback; 'free': the end.
   */
  readonly kind: LifecycleKind
  /** What it happened to. */
  readonly of: 'timer' | 'work'
  /** Undefined if the program's pointer was into no map. */
  readonly map: string | undefined
  /** Decoded by BTF; the index for arrays; undefined if the pointer was to no timer or work. */
  readonly key: unknown
  /** What the operation answered, as the program saw it. fire: 0; free: 1 if it was armed, else 0. */
  readonly result: number
  /** set_callback and fire: the function. */
  readonly callback?: string
  /** start of a timer: what the program passed (relative or absolute). */
  readonly nanoseconds?: bigint
  /** fire of a timer: how long after its expiry, in nanoseconds. */
  readonly lateness?: number
}

/** Reads and describes the events of one machine, from its making on. */
export class Lifecycle {
  readonly #kernel: Kernel
  readonly #reader: LifecycleReader
  /**
   * Keys of elements that have a timer or work, by map address and element: when its end is read, the element may
   * already have another key. What begins and ends between two reads may still show a later key.
   */
  readonly #keys = new Map<string, unknown>()

  constructor(kernel: Kernel) {
    this.#kernel = kernel
    this.#reader = new LifecycleReader(kernel.memory)
  }

  /** Events that were overwritten before they were read. */
  get lost(): number {
    return this.#reader.lost
  }

  /** New events in order of time. `still`: no other thread runs, so all are complete; `dead`: those of this CPU are. */
  read(still: boolean, dead?: number): LifecycleEvent[] {
    return this.#reader.read(still, dead).map((raw) => this.#describe(raw))
  }

  stop(): void {
    this.#reader.stop()
  }

  #describe(raw: RawLifecycleEvent): LifecycleEvent {
    const { time, cpu, kind, of, result, argument } = raw
    const index = kind === 'fire' ? result : kind === 'set_callback' ? Number(argument) : undefined
    const callback = index === undefined ? undefined : this.#functionAt(index)
    return {
      time,
      cpu,
      kind,
      of,
      map: this.#kernel.maps.knownAt(raw.map)?.name,
      key: this.#keyOf(raw),
      result: kind === 'fire' ? 0 : result,
      ...(callback === undefined ? {} : { callback }),
      ...(kind === 'start' && of === 'timer' ? { nanoseconds: argument } : {}),
      ...(kind === 'fire' && of === 'timer' ? { lateness: Math.max(0, time - Number(argument << 3n)) } : {}),
    }
  }

  #keyOf({ map: address, element, kind, of }: RawLifecycleEvent): unknown {
    const map = this.#kernel.maps.knownAt(address)
    if (!map || element < 0) return undefined
    const name = `${address} ${element} ${of}`
    if (kind === 'init' || !this.#keys.has(name)) this.#keys.set(name, keyOf(this.#kernel, map, element))
    const key = this.#keys.get(name)
    if (kind === 'free') this.#keys.delete(name)
    return key
  }

  #functionAt(index: number): string | undefined {
    for (const { spec, code } of this.#kernel.objects.loaded)
      if (index >= code.tableFirst && index < code.tableFirst + code.exports.length)
        return [...spec.functions.keys()][index - code.tableFirst]
    return undefined
  }
}

// The loaded objects of a machine: compiled code with its range of the function table, programs in the core, and the
// plain references on maps that loaded code holds. Code stays until every program of the object is unloaded, which is
// when the last binding of a timer or work has let go of it.
import { MAX_PROGRAMS } from '../../../core/abi.js'
import { PROGRAM_ID, PROGRAM_NEEDS_NO_READING, PROGRAM_STATE, PROGRAM_TYPE } from '../../../core/layout.js'
import { SkepError } from '../../error.js'
import type { ObjectSpec, ProgramSpec } from '../../object/spec.js'
import type { Codes } from '../../verify/blocks.js'
import { clockUses } from '../../verify/clock.js'
import type { CodeRoom, LinkedCode } from './code.js'
import type { ObjectCode } from '../cpu/cpu.js'
import type { Kernel } from '../boot/kernel.js'
import type { LiveMap } from '../map/table.js'
import { programTypeNumbers } from '../program-types.js'

const STATE_UNLOADED = 3
/** `loads` of a closed machine. */
export const NO_MORE_LOADS = -1

export interface LiveProgram {
  /** No other program of the machine has, or had, the same. */
  readonly id: number
  readonly spec: ProgramSpec
  /** Address of its structure in the core. */
  readonly address: number
  readonly object: LiveObject
}

/** Code that is installed on every CPU. */
export interface LiveObject {
  readonly spec: ObjectSpec
  readonly compiled: LinkedCode
  readonly code: ObjectCode
  readonly room: CodeRoom
  /** By the name in the spec. */
  readonly maps: ReadonlyMap<string, LiveMap>
  /** BPF_F_RDONLY, BPF_F_WRONLY of the handles on the maps. */
  readonly access: ReadonlyMap<string, number>
  readonly programs: Map<string, LiveProgram>
  /** Prepared runs of its programs that are open; they end with its handle. */
  readonly prepared: Set<{ close(): void }>
  /** What tells joined threads that the object is closed, once it was shared with any (closing.ts). */
  closing?: Int32Array
}

export class ObjectTable {
  readonly #kernel: Kernel
  readonly #live = new Set<LiveObject>()
  readonly #dead = new Set<LiveObject>()
  /**
   * One number: counts loads, so that a thread which joins sees whether it was told of all objects; NO_MORE_LOADS when
   * the machine is closed.
   */
  readonly loads = new Int32Array(new SharedArrayBuffer(4))
  /** Called when an object's code has gone, with its table range. */
  onUninstall: (code: ObjectCode) => void = () => {}
  #nextId = 1

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  /** Objects that are open. */
  get live(): Iterable<LiveObject> {
    return this.#live
  }

  /** Objects whose code is still there, closed ones included. */
  get loaded(): LiveObject[] {
    return [...this.#live, ...this.#dead]
  }

  get dying(): boolean {
    return this.#dead.size > 0
  }

  /**
   * Enters installed code: creates its programs, takes its references on maps. If it throws, the object is closed: what
   * it has is taken back when a grace period is over.
   */
  add(object: LiveObject, codes: Codes): void {
    const { core } = this.#kernel.host
    const { tableFirst, functions } = object.code
    const names = [...object.spec.functions.keys()]
    const bits = needingNoReading(object.spec, names, codes)
    for (const map of object.maps.values()) this.#kernel.maps.get(map)
    this.#live.add(object)
    try {
      for (const spec of object.spec.programs.values()) {
        const entry = tableFirst + names.indexOf(spec.entry)
        const created = this.#kernel.withRoom(() => {
          const result = core.program_create(entry, tableFirst, tableFirst + functions)
          return result < 0 && result > -4096 ? undefined : result
        })
        if (created === undefined)
          throw new SkepError(
            'NO_MEMORY',
            `program '${spec.name}': a machine has at most ${MAX_PROGRAMS} programs; close objects`,
          )
        const address = created >>> 0
        const id = this.#nextId++
        this.#kernel.memory.setWord(address + PROGRAM_ID, id)
        this.#kernel.memory.setWord(address + PROGRAM_TYPE, programTypeNumbers[spec.type])
        this.#kernel.memory.setLong(address + PROGRAM_NEEDS_NO_READING, bits)
        object.programs.set(spec.name, { id, spec, address, object })
      }
    } catch (error) {
      this.close(object)
      throw error
    }
  }

  /** Drops the handle's reference on every program; code goes when the last binding has gone too. */
  close(object: LiveObject): void {
    if (!this.#live.delete(object)) return
    this.#dead.add(object)
    for (const { address } of object.programs.values()) this.#kernel.host.core.program_close(address)
  }

  /**
   * Takes a reference on a program for a run that is queued or goes on, so that its code outlives a close() of the
   * object; what it gives drops it. Throws CLOSED.
   */
  hold({ address, object: { spec } }: LiveProgram): () => void {
    const { core } = this.#kernel.host
    if (core.program_get(address) === 0) throw new SkepError('CLOSED', `object '${spec.name}' is closed`)
    return () => core.program_put(address)
  }

  /** The program at an address of the core, loaded or still waiting to be unloaded. */
  byAddress(address: number): LiveProgram | undefined {
    return this.#find((program) => program.address === address)
  }

  /** The same with an id. */
  byId(id: number): LiveProgram | undefined {
    return this.#find((program) => program.id === id)
  }

  #find(wanted: (program: LiveProgram) => boolean): LiveProgram | undefined {
    for (const object of this.loaded)
      for (const program of object.programs.values()) if (wanted(program)) return program
    return undefined
  }

  /** Takes back table ranges and map references of objects whose programs are all unloaded. */
  reclaim(): void {
    const { memory, maps, host } = this.#kernel
    for (const object of this.#dead) {
      const programs = [...object.programs.values()]
      if (programs.some(({ address }) => memory.word(address + PROGRAM_STATE) !== STATE_UNLOADED)) continue
      this.#dead.delete(object)
      this.onUninstall(object.code)
      for (const { address } of programs) host.core.program_release(address)
      object.room.release()
      for (const map of object.maps.values()) maps.put(map)
    }
  }
}

/** The functions that need no reading of the clock at their start, one bit each (the first 64). */
function needingNoReading(spec: ObjectSpec, names: readonly string[], codes: Codes): bigint {
  const uses = clockUses(spec, codes)
  let bits = 0n
  names.slice(0, 64).forEach((name, index) => {
    if (uses.get(name) !== 'uses') bits |= 1n << BigInt(index)
  })
  return bits
}

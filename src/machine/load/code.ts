// The code of an object on a machine, for either engine: room in the function table (and in core memory for the
// interpreter's image), references resolved, a module ready to be installed on every CPU. Called by load.ts.
import {
  MAP_TYPE_ARRAY,
  MAP_TYPE_HASH,
  MAP_TYPE_LRU_HASH,
  MAP_TYPE_LRU_PERCPU_HASH,
  MAP_TYPE_PERCPU_ARRAY,
  MAP_TYPE_PERCPU_HASH,
  MAP_TYPE_PROG_ARRAY,
  MAP_TYPE_RINGBUF,
} from '../../../core/abi.js'
import {
  MAP_CPU_STRIDE,
  MAP_ELEMENTS,
  MAP_MAX_ENTRIES,
  MAP_STRIDE,
  MAP_BUCKETS,
  MAP_BUCKET_MASK,
  MAP_BUCKET_SHIFT,
  MAP_ELEMENT_COUNT,
  MAP_MULTIPLIER,
  MAP_RECORDS,
  MAP_RECORD_BYTES,
  MAP_KEY_SIZE,
  MAP_SEED,
  MAP_SHARES,
  MAP_SHORT,
  MAP_TIMER_SLOTS,
  MAP_VALUE_SIZE,
  MAP_WORK_SLOTS,
  RECORD_REFERENCED,
} from '../../../core/layout.js'
import { SkepError } from '../../error.js'
import { buildImage, imageBytes, stubLimit, type InterpretedObject } from '../../interp/image.js'
import { compile, type CompiledObject } from '../../jit/compile.js'
import { LONGEST_KEY } from '../../jit/hash-key.js'
import type { ArrayShape, HashShape, LinkTarget, RingShape, ShortShape, SlotShape } from '../../jit/link.js'
import type { ObjectSpec } from '../../object/spec.js'
import type { Codes } from '../../verify/blocks.js'
import type { Probes } from '../../verify/probes.js'
import { prover } from '../../verify/prove.js'
import type { ObjectCode } from '../cpu/cpu.js'
import { coreCode } from '../cpu/core-module.js'
import { compileOptimised } from '../cpu/optimised.js'
import { helperById, kfuncByName, requireHelper } from '../helpers.js'
import type { Kernel } from '../boot/kernel.js'
import type { LiveMap } from '../map/table.js'
import { allocateBoth } from '../cpu/ranges.js'

/** What runs a program. */
export type Engine = 'jit' | 'interp'

/** Room that an object's code takes as long as a binding needs it. */
export interface CodeRoom {
  readonly engine: Engine
  readonly tableFirst: number
  /** Address of the interpreter's image; 0 without one. */
  readonly image: number
  release(): void
}

/** Reserves table slots and memory. Throws NO_MEMORY. */
export function reserveCode(kernel: Kernel, spec: ObjectSpec, engine: Engine): CodeRoom {
  const functions = [...spec.functions.values()]
  const count = functions.length + (engine === 'interp' ? stubLimit(functions) : 0)
  const bytes = engine === 'interp' ? imageBytes(functions) : 0
  const room = kernel.withRoom(() => {
    if (bytes > 0) return allocateBoth(kernel.table, count, kernel.heap, bytes)
    const first = kernel.table.allocate(count)
    return first === undefined ? undefined : ([first, 0] as const)
  })
  if (!room)
    throw new SkepError(
      'NO_MEMORY',
      `object '${spec.name}': no room for its code, ${count} places in the function table` +
        (bytes === 0 ? '' : ` and ${bytes} bytes of core memory`),
    )
  const [tableFirst, image] = room
  return {
    engine,
    tableFirst,
    image,
    release() {
      kernel.table.release(tableFirst, count)
      if (bytes > 0) kernel.heap.release(image, bytes)
    },
  }
}

/** Compiled code, or the interpreter's: what faults and the function table need of it. */
export type LinkedCode = CompiledObject | InterpretedObject

/** Resolves every reference and makes the module; the interpreter's image is written to memory. Throws SkepError. */
export function linkCode(
  kernel: Kernel,
  spec: ObjectSpec,
  maps: ReadonlyMap<string, LiveMap>,
  room: CodeRoom,
  codes: Codes,
  probes: Probes,
): { compiled: LinkedCode; code: ObjectCode } {
  const functions = [...spec.functions.values()]
  const roots = [...spec.programs.values()].map(({ entry }) => entry)
  const target = linkTarget(kernel, spec, maps, room.tableFirst, codes, probes)
  if (room.engine === 'jit') {
    const compiled = compile(functions, target, roots)
    return { compiled, code: objectCode(spec, compiled, [], room.tableFirst) }
  }
  const interpreted = buildImage(functions, target, roots, room.image, room.tableFirst + functions.length)
  kernel.memory.write(room.image, interpreted.image)
  return { compiled: interpreted, code: objectCode(spec, interpreted, interpreted.helperStubs, room.tableFirst) }
}

function objectCode(spec: ObjectSpec, compiled: LinkedCode, stubs: readonly string[], tableFirst: number): ObjectCode {
  const names = [...spec.functions.keys()].map((name) => compiled.exports.get(name) ?? '')
  let module: WebAssembly.Module
  try {
    module = compileOptimised(compiled.bytes)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new SkepError(
      'COMPILE',
      `object '${spec.name}': the engine refuses the compiled code: ${reason}`,
      {},
      { cause },
    )
  }
  return { module, tableFirst, exports: [...names, ...stubs], functions: names.length }
}

function linkTarget(
  kernel: Kernel,
  spec: ObjectSpec,
  maps: ReadonlyMap<string, LiveMap>,
  tableFirst: number,
  codes: Codes,
  probes: Probes,
): LinkTarget {
  const names = [...spec.functions.keys()]
  const mapNamed = (name: string): LiveMap => {
    const map = maps.get(name)
    if (!map) throw new SkepError('UNRESOLVED', `object '${spec.name}' has no map '${name}'`)
    return map
  }
  return {
    mapAddress: (name) => mapNamed(name).address,
    mapValueAddress: (name, offset) => (kernel.host.core.map_element_value(mapNamed(name).address, 0) >>> 0) + offset,
    arrayShape: (name) => arrayShape(kernel, mapNamed(name), MAP_TYPE_ARRAY, MAP_TYPE_PERCPU_ARRAY),
    programArrayShape: (name) => arrayShape(kernel, mapNamed(name), MAP_TYPE_PROG_ARRAY),
    programAt: (name, index) => spec.programs.get(mapNamed(name).spec.initial?.get(index) ?? '')?.entry,
    hashShape: (name) => hashShape(kernel, mapNamed(name)),
    ringShape: (name) => ringShape(kernel, mapNamed(name)),
    shortShape: (name) => shortShape(kernel, mapNamed(name)),
    core: coreCode,
    slotShape: (name, field, offset) => slotShape(kernel, mapNamed(name), field, offset),
    decoded: (fn) => codes(fn).instructions,
    facts: prover(spec, codes, probes),
    probes: ({ name }) => probes.get(name),
    helperImport: (id, fn, instruction) =>
      requireHelper(helperById(id), `function '${fn}', instruction ${instruction}: helper ${id}`),
    kfuncImport: (name) => kfuncByName(name),
    callbackIndex: (name) => tableFirst + names.indexOf(name),
    callable: { first: tableFirst, end: tableFirst + names.length },
    guestBase: kernel.memory.guestBase,
    guestEnd: kernel.memory.guestEnd,
    fileName: spec.name,
  }
}

/** Arrays are looked up in place: their shape is known, and the object holds a reference on them. */
function arrayShape({ memory }: Kernel, { address, spec }: LiveMap, ...types: number[]): ArrayShape | undefined {
  if (!types.includes(spec.type)) return undefined
  return {
    elements: memory.word(address + MAP_ELEMENTS) >>> 0,
    stride: memory.word(address + MAP_STRIDE) >>> 0,
    cpuStride: memory.word(address + MAP_CPU_STRIDE) >>> 0,
    entries: memory.word(address + MAP_MAX_ENTRIES) >>> 0,
  }
}

/** Hash maps that keep values are looked up in place as far as that goes. */
function hashShape({ memory }: Kernel, { address, spec }: LiveMap): HashShape | undefined {
  const evicts = spec.type === MAP_TYPE_LRU_HASH || spec.type === MAP_TYPE_LRU_PERCPU_HASH
  const perCpu = spec.type === MAP_TYPE_PERCPU_HASH || spec.type === MAP_TYPE_LRU_PERCPU_HASH
  if ((!evicts && !perCpu && spec.type !== MAP_TYPE_HASH) || spec.keySize > LONGEST_KEY) return undefined
  const word = (field: number): number => memory.word(address + field) >>> 0
  return {
    keyBytes: spec.keySize,
    seed: word(MAP_SEED),
    multiplier: memory.long(address + MAP_MULTIPLIER),
    shift: word(MAP_BUCKET_SHIFT),
    mask: word(MAP_BUCKET_MASK),
    buckets: word(MAP_BUCKETS),
    records: word(MAP_RECORDS),
    recordBytes: word(MAP_RECORD_BYTES),
    reference: evicts ? word(MAP_RECORD_BYTES) - RECORD_REFERENCED : undefined,
    values: word(MAP_ELEMENTS),
    stride: word(MAP_STRIDE),
    cpuStride: perCpu ? word(MAP_CPU_STRIDE) : 0,
  }
}

/** Where a ring buffer lies. */
function ringShape({ memory }: Kernel, { address, spec }: LiveMap): RingShape | undefined {
  if (spec.type !== MAP_TYPE_RINGBUF) return undefined
  return {
    map: address,
    headers: memory.word(address + MAP_RECORDS) >>> 0,
    samples: memory.word(address + MAP_ELEMENTS) >>> 0,
    mask: (memory.word(address + MAP_MAX_ENTRIES) >>> 3) - 1,
  }
}

/** A map whose changes mostly go the short way (core/map/short.ts). */
function shortShape({ memory }: Kernel, { address, spec }: LiveMap): ShortShape | undefined {
  const word = (field: number): number => memory.word(address + field)
  if ((spec.type !== MAP_TYPE_HASH && spec.type !== MAP_TYPE_LRU_HASH) || word(MAP_SHORT) === 0) return undefined
  const [shares, keySize, valueSize] = [MAP_SHARES, MAP_KEY_SIZE, MAP_VALUE_SIZE].map(word) as [number, number, number]
  const table = [
    ...[address, word(MAP_BUCKETS), word(MAP_BUCKET_MASK), memory.long(address + MAP_MULTIPLIER)],
    ...[word(MAP_BUCKET_SHIFT), word(MAP_RECORDS), word(MAP_RECORD_BYTES)],
  ]
  const evicts = spec.type === MAP_TYPE_LRU_HASH ? 1 : 0
  return {
    update: [...table, word(MAP_ELEMENTS), word(MAP_STRIDE), shares, keySize, valueSize, evicts],
    delete: [...table, shares, keySize],
  }
}

/** The slots of the timers or work in a map, if that is what lies at `offset` of its values. */
function slotShape(
  { memory }: Kernel,
  { address, spec }: LiveMap,
  field: 'timer' | 'work',
  offset: number,
): SlotShape | undefined {
  if ((field === 'timer' ? spec.timerOffset : spec.workOffset) !== offset) return undefined
  const word = (at: number): number => memory.word(address + at) >>> 0
  return {
    slots: word(field === 'timer' ? MAP_TIMER_SLOTS : MAP_WORK_SLOTS),
    first: word(MAP_ELEMENTS) + offset,
    stride: word(MAP_STRIDE),
    entries: word(MAP_ELEMENT_COUNT),
  }
}

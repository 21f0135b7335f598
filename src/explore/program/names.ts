// Addresses of the model's guest memory as a person knows them: map, key, field by BTF. And the other way round: what
// the maps hold. Reads the words of the model; changes nothing.
import * as layout from '../../../core/layout.js'
import { KIND_WORK, MAP_TYPE_HASH, MAP_TYPE_LRU_HASH, MAP_TYPE_PERCPU_ARRAY } from '../../../core/abi.js'
import { codec } from '../../machine/map/codec.js'
import type { Btf } from '../../object/btf.js'
import type { MapSpec } from '../../object/spec.js'
import { plainText, typedText } from '../../object/typed-text.js'
import type { Words } from '../words.js'
import type { ProgramMachine } from './machine.js'
import type { ModelMap } from './maps.js'

/** A place in the value of a map's element. */
export interface Place {
  map: ModelMap
  element: number
  /** Bytes from the start of the value. */
  offset: number
}

/** Bytes of the model. */
function bytesAt(words: Words, address: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => words.words[(address + at) >> 2]! >> (((address + at) & 3) * 8))
}

/** Whether an address lies in the elements of a map. */
export function isIn(machine: ProgramMachine, map: ModelMap, address: number): boolean {
  const bytes = map.cpuStride === 0 ? map.stride * map.count : map.cpuStride * machine.cpus
  return address >= map.elements && address < map.elements + bytes
}

function addressOf(map: ModelMap, element: number): number {
  if (map.cpuStride === 0) return map.elements + element * map.stride
  const { maxEntries } = map.spec
  return map.elements + Math.floor(element / maxEntries) * map.cpuStride + (element % maxEntries) * map.stride
}

/** The element to which a guest address belongs; undefined if it belongs to no map. */
export function placeOf(machine: ProgramMachine, address: number): Place | undefined {
  for (const map of machine.maps) {
    if (!isIn(machine, map, address)) continue
    // The values of one CPU lie together; numbers of elements go on from CPU to CPU.
    const at = address - map.elements
    const cpu = map.cpuStride === 0 ? 0 : Math.floor(at / map.cpuStride)
    const own = at - cpu * map.cpuStride
    const element = cpu * map.spec.maxEntries + Math.floor(own / map.stride)
    return { map, element, offset: own % map.stride }
  }
  return undefined
}

const isHash = ({ spec }: ModelMap): boolean => spec.type === MAP_TYPE_HASH || spec.type === MAP_TYPE_LRU_HASH

/** The key of an element as text: what its element says now. */
function keyText(machine: ProgramMachine, map: ModelMap, element: number): string {
  const { spec } = map
  if (spec.type === MAP_TYPE_PERCPU_ARRAY)
    return `${element % spec.maxEntries}, CPU ${Math.floor(element / spec.maxEntries)}`
  if (!isHash(map)) return String(element)
  const bytes = bytesAt(machine.stage.memory, map.keys + element * map.keyStride, spec.keySize)
  const { btf } = machine.spec
  return typedText(btf, spec.key, codec(btf, spec.key, spec.keySize, 'key').decode(bytes))
}

/** `flows[7].packets`, `count` (a global variable); undefined for what is in no map. */
export function nameOf(machine: ProgramMachine, address: number, width = 0): string | undefined {
  const place = placeOf(machine, address)
  if (!place) return undefined
  const { map, element, offset } = place
  const { spec } = map
  const { btf } = machine.spec
  if (spec.section !== undefined) {
    for (const variable of machine.spec.variables.values())
      if (variable.map === spec.name && offset >= variable.offset && offset < variable.offset + variable.size)
        return variable.name + fieldOf(btf, variable.type, offset - variable.offset, width)
    return `${spec.name}+${offset}`
  }
  return `${spec.name}[${keyText(machine, map, element)}]` + fieldOf(btf, spec.value, offset, width)
}

// The path to the member at an offset: `.timer`, `.address[2]`; '' for a scalar, `+4` where no type tells.
function fieldOf(btf: Btf | undefined, id: number, offset: number, width: number): string {
  if (!btf || id === 0) return offset === 0 ? '' : `+${offset}`
  const type = btf.resolved(id)
  if (type.kind === 'struct' || type.kind === 'union') {
    if (width >= type.size && offset === 0) return ''
    for (const member of type.members) {
      const first = member.bitOffset >> 3
      if (offset < first || offset >= first + btf.sizeOf(member.type)) continue
      return (member.name === '' ? '' : `.${member.name}`) + fieldOf(btf, member.type, offset - first, width)
    }
  }
  if (type.kind === 'array' && btf.hasSize(type.type)) {
    const size = btf.sizeOf(type.type)
    return `[${Math.floor(offset / size)}]` + fieldOf(btf, type.type, offset % size, width)
  }
  return offset === 0 ? '' : `+${offset}`
}

/** Elements that are in the map now, by index. Runs the core natively; the model is as before afterwards. */
function liveElements(machine: ProgramMachine, map: ModelMap): number[] {
  if (!isHash(map)) {
    const number = map.cpuStride === 0 ? map.count : map.spec.maxEntries * machine.cpus
    return Array.from({ length: number }, (_, element) => element)
  }
  const { memory, cpus } = machine.stage
  const mark = memory.mark()
  const found: number[] = []
  for (let at = 0; ;) {
    const element = cpus[0]!.exports.map_next(map.address, at) as number
    if (element < 0) break
    found.push(element)
    at = element + 1
  }
  memory.rollback(mark)
  return found
}

/** What a map, or a global variable, holds. */
export interface Contents {
  /** A line for each value, in an order that tells equal contents; of arrays not for those that are 0. */
  readonly lines: readonly string[]
  /** Of arrays: the elements that have a line, and what to say of the others. */
  readonly array?: {
    readonly name: string
    readonly shown: readonly number[]
    readonly count: number
    zeroLine(element: number): string
  }
}

/** So many elements that are 0 have a line each; of more it is said how many they are. */
const FEW_ZEROS = 4

/** Every map and global variable with its contents. */
export function contents(machine: ProgramMachine): Contents[] {
  const { memory } = machine.stage
  const { btf, variables } = machine.spec
  return machine.maps.flatMap((map): Contents[] => {
    const { spec } = map
    if (spec.section !== undefined) {
      if (spec.section.startsWith('.rodata')) return []
      const own = [...variables.values()].filter((variable) => variable.map === spec.name)
      const lines = own.map(
        ({ name, offset, size, type }) =>
          `${name} = ${valueText(btf, type, bytesAt(memory, map.elements + offset, size))}`,
      )
      return [{ lines }]
    }
    if (spec.valueSize === 0) return []
    const lineOf = (element: number, value: Uint8Array): string =>
      `${spec.name}[${keyText(machine, map, element)}] = ${valueText(btf, spec.value, value, spec)}`
    const live = liveElements(machine, map)
    const valueOf = (element: number): Uint8Array => bytesAt(memory, addressOf(map, element), spec.valueSize)
    const lineNow = (element: number): string => lineOf(element, valueOf(element)) + timerText(machine, map, element)
    if (isHash(map)) {
      const lines = live.map(lineNow).sort()
      return [{ lines: lines.length === 0 ? [`${spec.name} is empty`] : lines }]
    }
    const shown = live.filter((element) => !isZero(spec, valueOf(element)) || timerText(machine, map, element) !== '')
    const zeros = new Uint8Array(spec.valueSize)
    return [
      {
        lines: shown.map(lineNow),
        array: { name: spec.name, shown, count: live.length, zeroLine: (element) => lineOf(element, zeros) },
      },
    ]
  })
}

/**
 * Lines for each of several contents of the same machine: of arrays what is not 0 or not alike in all of them, and
 * how many elements there are besides.
 */
export function contentLines(all: readonly (readonly Contents[])[]): string[][] {
  const told = (all[0] ?? []).map((_, at) => {
    const shown = new Set(all.flatMap((one) => one[at]!.array?.shown ?? []))
    const { count } = all[0]![at]!.array ?? { count: 0 }
    for (let element = 0; count - shown.size <= FEW_ZEROS && element < count; element++) shown.add(element)
    return [...shown].sort((a, b) => a - b)
  })
  return all.map((one) => one.flatMap((part, at) => linesOf(part, told[at]!)))
}

function linesOf({ lines, array }: Contents, told: readonly number[]): readonly string[] {
  if (!array) return lines
  const { name, shown, count } = array
  const own = new Map(shown.map((element, at) => [element, lines[at]!]))
  const rest = count - told.length
  return [
    ...told.map((element) => own.get(element) ?? array.zeroLine(element)),
    ...(rest === 0 ? [] : [`${name}: ${told.length === 0 ? 'all' : 'the other'} ${rest} are 0`]),
  ]
}

// Timers, work and locks are always zeros to a reader.
function isZero({ timerOffset, workOffset, lockOffset }: MapSpec, value: Uint8Array): boolean {
  const fields = [
    [timerOffset, SLOT_BYTES],
    [workOffset, SLOT_BYTES],
    [lockOffset, LOCK_BYTES],
  ] as const
  return value.every(
    (byte, at) => byte === 0 || fields.some(([offset, size]) => offset >= 0 && at >= offset && at < offset + size),
  )
}

function valueText(btf: Btf | undefined, type: number, bytes: Uint8Array, special?: ModelMap['spec']): string {
  const value = codec(btf, type, bytes.length, 'value').decode(bytes)
  if (special && typeof value === 'object' && value !== null && btf && type !== 0) {
    // Timers, work and locks are always zeros to a reader.
    const struct = btf.resolved(type)
    const hidden = [special.timerOffset, special.workOffset, special.lockOffset].filter((offset) => offset >= 0)
    if (struct.kind === 'struct')
      for (const { name, bitOffset } of struct.members)
        if (hidden.includes(bitOffset >> 3)) delete (value as Record<string, unknown>)[name]
  }
  return btf && type !== 0 ? typedText(btf, type, value) : plainText(value)
}

function timerText(machine: ProgramMachine, map: ModelMap, element: number): string {
  const { words } = machine.stage.memory
  const states: string[] = []
  for (const [field, kind] of [
    [layout.MAP_TIMER_SLOTS, 'timer'],
    [layout.MAP_WORK_SLOTS, 'work'],
  ] as const) {
    const slots = words[(map.address + field) >> 2]!
    if (slots === 0) continue
    const block = words[(slots >> 2) + element]!
    if (block <= layout.SLOT_CLOSED) continue
    const high = words[(block + layout.CB_STATE + 4) >> 2]!
    const low = words[(block + layout.CB_STATE) >> 2]! >>> 11
    states.push(`${kind} ${high === 0 && low === 0 ? 'idle' : 'armed'}`)
  }
  return states.length === 0 ? '' : ` (${states.join(', ')})`
}

/** The timer or work of a control block: `flows[7].timer`. */
export function nameOfBlock(machine: ProgramMachine, block: number): string {
  const { words } = machine.stage.memory
  const owner = words[(block + layout.CB_MAP) >> 2]!
  const map = machine.maps.find(({ address }) => address === (owner & ~layout.OWNER_LOW) >>> 0)
  if (!map) return 'a timer'
  const { timerOffset, workOffset } = map.spec
  const work = (owner & layout.OWNER_KIND) === KIND_WORK
  const element = map.elements + words[(block + layout.CB_ELEMENT) >> 2]! * map.stride
  return nameOf(machine, element + (work ? workOffset : timerOffset), SLOT_BYTES) ?? 'a timer'
}

const SLOT_BYTES = 16
const LOCK_BYTES = 4

// Where timer, work and spin lock stand in a map value, by the kernel's rules: at most one of each, in structs and
// arrays of one, never in a union, aligned, and no bit field that begins inside a byte. A value that breaks a rule is
// no error here; it has no special field at all, and a program that uses one is refused with the kernel's words
// (MapSpec.problems).
// Used by maps.ts.
import type { Btf } from './btf.js'
import { KPTR_TAGS, SUPPORTED_SPECIAL, UNSUPPORTED_SPECIAL } from './special-types.js'
import type { MapSpec } from './spec.js'

/** What a value type holds, whether the rules allow it or not. */
export interface SpecialFields {
  /** Byte offsets that count; -1 = none. */
  timer: number
  work: number
  lock: number
  /** Names of the structures that occur anywhere in the value but do not count. */
  invalid: Set<string>
  /** Kinds in the value that are not supported, by the kernel's name: 'bpf_task_work', 'kptr' … */
  unsupported: Set<string>
}

interface Found {
  readonly name: string
  readonly offset: number
}

/** More fields than the kernel looks at; a value that has more has none that count. */
const MOST_FIELDS = 11

/** Finds the special fields of a value type (a struct, or the type of a data section). */
function findSpecialFields(btf: Btf, id: number): SpecialFields {
  const finder = new Finder(btf)
  const found = finder.in(btf.resolve(id))
  const fields: SpecialFields = {
    timer: -1,
    work: -1,
    lock: -1,
    invalid: new Set(),
    unsupported: finder.mentions(id, UNSUPPORTED_SPECIAL),
  }
  if (found !== 'broken') {
    const offset = (name: string) => found.find((field) => field.name === name)?.offset ?? -1
    fields.timer = offset('bpf_timer')
    fields.work = offset('bpf_wq')
    fields.lock = offset('bpf_spin_lock')
  }
  const counted = new Set(found === 'broken' ? [] : found.map((field) => field.name))
  for (const name of finder.mentions(id, new Set(SUPPORTED_SPECIAL.keys())))
    if (!counted.has(name)) fields.invalid.add(name)
  return fields
}

/** Walks a value type; what a struct holds is found once, however often it occurs. */
class Finder {
  private readonly known = new Map<number, readonly Found[] | 'broken'>()

  constructor(private readonly btf: Btf) {}

  /** The fields that count, by offset in the type; 'broken' if one rule of the kernel is hurt for the whole value. */
  in(id: number): readonly Found[] | 'broken' {
    const known = this.known.get(id)
    if (known) return known
    const type = this.btf.type(id)
    const members =
      type.kind === 'struct'
        ? type.members.map((member) => ({ type: member.type, offset: member.bitOffset / 8, bits: member.bits }))
        : type.kind === 'section'
          ? type.variables.map((variable) => ({ type: variable.type, offset: variable.offset, bits: 0 }))
          : []
    const found: Found[] = []
    let broken = false
    for (const member of members) {
      if (broken) break
      // The kernel gives a value up at a bit field that begins inside a byte, wherever it stands.
      if (member.offset % 1 !== 0) broken = true
      if (member.bits > 0) continue
      const inner = this.at(member.type, member.offset)
      if (inner === 'broken') broken = true
      else found.push(...inner)
      if (found.length > MOST_FIELDS) broken = true
    }
    if (new Set(found.map((field) => field.name)).size < found.length) broken = true
    const result = broken ? 'broken' : found
    this.known.set(id, result)
    return result
  }

  private at(id: number, offset: number): readonly Found[] | 'broken' {
    let elements = 1
    let at = this.btf.resolve(id)
    for (let type = this.btf.type(at); type.kind === 'array'; type = this.btf.type(at)) {
      elements *= type.length
      at = this.btf.resolve(type.type)
    }
    const type = this.btf.type(at)
    if (elements === 0 || type.kind !== 'struct') return []
    const special = SUPPORTED_SPECIAL.get(type.name)
    if (special) {
      if (special.size !== type.size || offset % special.align !== 0) return []
      return elements > 1 ? 'broken' : [{ name: type.name, offset }]
    }
    const inner = this.in(at)
    if (inner === 'broken' || inner.length === 0) return inner
    if (elements > 1) return 'broken'
    // The inner struct itself may lie where its field is no longer aligned: such a field does not count.
    return inner
      .map((field) => ({ name: field.name, offset: field.offset + offset }))
      .filter((field) => field.offset % (SUPPORTED_SPECIAL.get(field.name)?.align ?? 1) === 0)
  }

  /**
   * Which of `names` occur by value anywhere, unions included; and kptr tags, if the names are the unsupported ones.
   */
  mentions(id: number, names: ReadonlySet<string>): Set<string> {
    const result = new Set<string>()
    const seen = new Set<number>()
    const open = [id]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (seen.has(at)) continue
      seen.add(at)
      const type = this.btf.type(at)
      if ((type.kind === 'struct' || type.kind === 'union') && names.has(type.name) && at !== id) result.add(type.name)
      if (type.kind === 'struct' || type.kind === 'union') open.push(...type.members.map((member) => member.type))
      else if (type.kind === 'section') open.push(...type.variables.map((variable) => variable.type))
      else if (type.kind === 'pointer') {
        if (names === UNSUPPORTED_SPECIAL) for (const tag of this.tags(type.type)) result.add(tag)
      } else if (type.kind !== 'function' && type.kind !== 'prototype' && 'type' in type) open.push(type.type)
    }
    return result
  }

  private tags(id: number): string[] {
    const tags: string[] = []
    for (let type = this.btf.type(id); ; type = this.btf.type(type.type)) {
      if (type.kind === 'type-tag' && KPTR_TAGS.has(type.name)) tags.push(type.name)
      if (!['type-tag', 'const', 'volatile', 'restrict', 'typedef'].includes(type.kind) || !('type' in type))
        return tags
    }
  }
}

const MAP_HASH = 1
const MAP_ARRAY = 2
const MAP_LRU_HASH = 9
const LOCAL_STORAGE = [19, 24, 28, 29, 32]
const F_RDONLY_PROG = 1 << 7
const F_WRONLY_PROG = 1 << 8

/**
 * Sets the offsets and problems of a map from its value type. `btf` must hold `map.value`, if that is not 0.
 * Returns the unsupported kinds that the value holds.
 */
export function setSpecialFields(map: MapSpec, btf: Btf | undefined): ReadonlySet<string> {
  if (!btf || map.value === 0) {
    needBtf(map)
    return new Set()
  }
  const fields = findSpecialFields(btf, map.value)
  const present = fields.timer >= 0 || fields.work >= 0 || fields.lock >= 0
  if (present && !mayHold(map, btf, fields)) needBtf(map)
  else {
    map.timerOffset = fields.timer
    map.workOffset = fields.work
    map.lockOffset = fields.lock
    for (const name of SUPPORTED_SPECIAL.keys())
      if (fields.invalid.has(name)) map.problems.push(`map '${map.name}' has no valid ${name}`)
  }
  return fields.unsupported
}

/** Takes the types of key and value from a map, and with them its special fields. */
export function withoutTypes(map: MapSpec): void {
  map.key = map.value = 0
  map.timerOffset = map.workOffset = map.lockOffset = -1
  map.problems = []
  needBtf(map)
}

/** The kernel refuses such a map its BTF; libbpf then creates it without, and a program's use is refused. */
function needBtf(map: MapSpec): void {
  for (const name of SUPPORTED_SPECIAL.keys())
    map.problems.push(`map '${map.name}' has to have BTF in order to use ${name}`)
}

function mayHold(map: MapSpec, btf: Btf, fields: SpecialFields): boolean {
  if ((map.flags & (F_RDONLY_PROG | F_WRONLY_PROG)) !== 0) return false
  const async = fields.timer >= 0 || fields.work >= 0
  if (async && ![MAP_HASH, MAP_ARRAY, MAP_LRU_HASH].includes(map.type)) return false
  if (fields.lock >= 0 && ![MAP_HASH, MAP_ARRAY, ...LOCAL_STORAGE].includes(map.type)) return false
  if (map.section !== undefined) return true
  if (map.key === 0) return false
  if (map.type !== MAP_ARRAY) return true
  const key = btf.resolved(map.key)
  return key.kind === 'int' && key.bits === 32
}

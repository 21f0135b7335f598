// Maps defined by BTF in the section `.maps`: the struct's members are the attributes, its pointers' types the values.
// Used by read.ts; data sections, which are maps too, are in data-sections.ts.
import { SkepError } from '../error.js'
import type { Btf, BtfMember, BtfType } from './btf.js'
import { failAt, globalOffsets, type ReadContext } from './context.js'
import type { Section } from './elf.js'
import { setSpecialFields } from './special-fields.js'
import type { MapSpec } from './spec.js'

export const MAPS_SECTION = '.maps'
/** The largest map type number that a kernel knows (BPF_MAP_TYPE_INSN_ARRAY). */
const LAST_MAP_TYPE = 34
const MAP_PROG_ARRAY = 3
/** Perf event arrays and ring buffers, and the size of their values. */
const RECORD_MAP_VALUES = new Map([
  [4, 4],
  [27, 0],
])
/** The one type that has a map_extra here. */
const MAP_BLOOM_FILTER = 30
const R_ABS64 = 2

/**
 * The type of a map's records: the struct that `__type(value, …)` of a ring buffer or perf event array names, as for
 * cilium/ebpf (libbpf would hand its size on, and the kernel refuse it). 0 if there is none.
 */
export function recordType(btf: Btf | undefined, mapType: number, value: number): number {
  return btf && value !== 0 && RECORD_MAP_VALUES.has(mapType) && btf.resolved(value).kind === 'struct' ? value : 0
}

/** For messages about a struct of records that BTF does not have. */
export function howToKeep(struct: string): string {
  return `the compiler keeps a type of records only if something global has it, such as \`struct ${struct} *unused __attribute__((unused));\``
}

/** A new map with nothing set. */
export function emptyMap(name: string, type: number): MapSpec {
  return {
    name,
    type,
    keySize: 0,
    valueSize: 0,
    maxEntries: 0,
    flags: 0,
    extra: 0,
    pinning: 0,
    key: 0,
    value: 0,
    timerOffset: -1,
    workOffset: -1,
    lockOffset: -1,
    problems: [],
  }
}

/** Reads all maps of `.maps` into the spec, and refuses the legacy section `maps` by name. */
export function readMaps(context: ReadContext): void {
  const { elf, spec } = context
  if (elf.section('maps'))
    context.unsupported.add(
      'section \'maps\': legacy map definitions; define maps by BTF, struct { __uint(type, …); … } name SEC(".maps"), as libbpf since 1.0 requires',
    )
  const section = elf.section(MAPS_SECTION)
  if (!section || section.size === 0) return
  const btf = spec.btf
  if (!btf)
    failAt(
      context,
      section,
      0,
      "expected the maps' types in section '.BTF', but the object has none: clang writes them with -g",
    )
  const id = btf.find('section', MAPS_SECTION)
  const type = btf.type(id)
  if (type.kind !== 'section') failAt(context, section, 0, "expected BTF to describe section '.maps'")
  const valuesAt = new Map<string, { start: number; end: number }>()
  const offsets = globalOffsets(context, section)
  for (const described of type.variables) {
    const { name } = btf.type(described.type)
    const variable = { ...described, offset: offsets.get(name) ?? described.offset }
    if (name === '') failAt(context, section, variable.offset, 'expected the map to have a name')
    if (spec.maps.has(name)) failAt(context, section, variable.offset, `expected one map '${name}', found two`)
    const definition = btf.resolved(variable.type)
    if (definition.kind !== 'struct')
      failAt(context, section, variable.offset, `map '${name}': expected a struct, found '${btf.name(variable.type)}'`)
    const map = new MapReader(context, btf, section, name, variable.offset).read(definition)
    spec.maps.set(name, map)
    context.mapsByOffset.set(variable.offset, name)
    const values = definition.members.find((member) => member.name === 'values')
    if (values)
      valuesAt.set(name, {
        start: variable.offset + values.bitOffset / 8,
        end: variable.offset + Math.max(variable.size, definition.size),
      })
  }
  readInitialValues(context, section, valuesAt)
}

class MapReader {
  constructor(
    private readonly context: ReadContext,
    private readonly btf: Btf,
    private readonly section: Section,
    private readonly name: string,
    private readonly offset: number,
  ) {}

  read(definition: BtfType & { kind: 'struct' | 'union' }): MapSpec {
    const map = emptyMap(this.name, 0)
    for (const member of definition.members) this.attribute(map, member)
    if (map.type === 0) this.fail("expected the attribute 'type'")
    const { unsupported } = this.context
    if (map.extra !== 0 && map.type !== MAP_BLOOM_FILTER) unsupported.add(`map '${map.name}': attribute 'map_extra'`)
    if (map.type > LAST_MAP_TYPE) unsupported.add(`map '${map.name}': map type ${map.type}, which no kernel knows`)
    if (recordType(this.btf, map.type, map.value) !== 0) map.valueSize = RECORD_MAP_VALUES.get(map.type)!
    else for (const what of setSpecialFields(map, this.btf)) unsupported.add(`map '${map.name}': ${what} in the value`)
    return map
  }

  private attribute(map: MapSpec, member: BtfMember): void {
    switch (member.name) {
      case 'type':
        map.type = this.number(member)
        return
      case 'max_entries':
        map.maxEntries = this.number(member)
        return
      case 'map_flags':
        map.flags = this.number(member)
        return
      case 'key_size':
        map.keySize = this.size(member.name, map.keySize, this.number(member))
        return
      case 'value_size':
        map.valueSize = this.size(member.name, map.valueSize, this.number(member))
        return
      case 'key':
        map.key = this.pointee(member)
        map.keySize = this.size(member.name, map.keySize, this.btf.sizeOf(map.key))
        return
      case 'value':
        map.value = this.pointee(member)
        map.valueSize = this.size(member.name, map.valueSize, this.btf.sizeOf(map.value))
        return
      case 'map_extra':
        map.extra = this.number(member)
        return
      case 'pinning':
        map.pinning = this.number(member)
        if (map.pinning > 1) this.context.unsupported.add(`map '${map.name}': pinning ${map.pinning}`)
        return
      case 'values':
        this.values(map, member)
        return
      case 'numa_node':
        // There is one memory; where the kernel would put the map means nothing here.
        this.number(member)
        return
      default:
        this.context.unsupported.add(`map '${map.name}': attribute '${member.name}'`)
    }
  }

  /** `__uint`: a pointer to an array whose length is the number; `__ulong`: an enum whose enumerator is. */
  private number(member: BtfMember): number {
    const type = this.btf.resolved(member.type)
    if (type.kind === 'enum' && type.values.length === 1) return Number(type.values[0]?.value)
    const array = type.kind === 'pointer' ? this.btf.resolved(type.type) : type
    if (type.kind !== 'pointer' || array.kind !== 'array')
      this.fail(`attribute '${member.name}': expected __uint, found '${this.btf.name(member.type)}'`)
    return array.length
  }

  /** `__type`: a pointer to the type. */
  private pointee(member: BtfMember): number {
    const type = this.btf.resolved(member.type)
    if (type.kind !== 'pointer' || !this.btf.hasSize(type.type))
      this.fail(
        `attribute '${member.name}': expected __type of a type with a size, found '${this.btf.name(member.type)}'`,
      )
    return type.type
  }

  private size(attribute: string, known: number, size: number): number {
    if (known !== 0 && known !== size) this.fail(`attribute '${attribute}': expected ${known} bytes, found ${size}`)
    return size
  }

  /** `__array(values, …)`: of pointers to the definition of an inner map, or to programs. */
  private values(map: MapSpec, member: BtfMember): void {
    const array = this.btf.resolved(member.type)
    const pointer = array.kind === 'array' ? this.btf.resolved(array.type) : array
    const target = pointer.kind === 'pointer' ? this.btf.resolved(pointer.type) : pointer
    if (
      array.kind !== 'array' ||
      pointer.kind !== 'pointer' ||
      (target.kind !== 'struct' && target.kind !== 'prototype')
    )
      this.fail(`attribute 'values': expected __array of maps or programs, found '${this.btf.name(member.type)}'`)
    map.initial = new Map()
    map.keySize ||= 4
    map.valueSize ||= 4
    if (target.kind === 'prototype') return
    if (target.members.some((inner) => inner.name === 'values'))
      this.fail("attribute 'values': expected an inner map without 'values' of its own")
    map.inner = new MapReader(this.context, this.btf, this.section, `${map.name}.inner`, this.offset).read(target)
  }

  private fail(problem: string): never {
    failAt(this.context, this.section, this.offset, `map '${this.name}': ${problem}`)
  }
}

/** Relocations in `.maps` name what stands in a map of maps or a program array at first. */
function readInitialValues(
  context: ReadContext,
  section: Section,
  valuesAt: ReadonlyMap<string, { start: number; end: number }>,
): void {
  for (const { offset, type, symbol } of context.elf.relocations(section)) {
    if (type !== R_ABS64) failAt(context, section, offset, `expected relocation type ${R_ABS64}, found ${type}`, symbol)
    const entry = [...valuesAt].find(([, range]) => offset >= range.start && offset < range.end)
    if (!entry || (offset - entry[1].start) % 8 !== 0)
      failAt(context, section, offset, "expected it inside the 'values' of a map", symbol)
    const [name, range] = entry
    const map = context.spec.maps.get(name)
    if (!map?.initial) throw new SkepError('BAD_OBJECT', `map '${name}': expected initial values`)
    const isProgram = symbol.type === 'function'
    if (isProgram !== (map.type === MAP_PROG_ARRAY))
      failAt(context, section, offset, `map '${name}': expected ${isProgram ? 'a map' : 'a program'}`, symbol)
    if (map.keySize !== 4)
      failAt(
        context,
        section,
        offset,
        `map '${name}': values are numbered; expected keys of 4 bytes, found ${map.keySize}`,
      )
    const target = isProgram ? symbol.name : context.mapsByOffset.get(symbol.value)
    if (target === undefined || (!isProgram && symbol.section !== section))
      failAt(context, section, offset, `map '${name}': expected a map of '.maps'`, symbol)
    map.initial.set((offset - range.start) / 8, target)
  }
}

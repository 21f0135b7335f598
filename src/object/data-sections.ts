// Global data: each of `.data`, `.bss`, `.rodata` and their named variants is one map with one element, the section's
// image, and its variables are known by name. Used by read.ts.
import { failAt, globalOffsets, Names, type ReadContext } from './context.js'
import { SectionType, SHF_ALLOC, SHF_EXECINSTR, type Section } from './elf.js'
import { emptyMap } from './maps.js'
import { setSpecialFields } from './special-fields.js'

const MAP_ARRAY = 2
const F_RDONLY_PROG = 1 << 7
const F_MMAPABLE = 1 << 10
/** No map value is larger; also keeps a hostile size from being believed. */
const LARGEST = 2 ** 31 - 1

/** Whether a section of that name holds global data. */
function isDataSection(name: string): boolean {
  return ['.data', '.bss', '.rodata'].some((base) => name === base || name.startsWith(`${base}.`))
}

/** Adds a map for every data section, and its variables. */
export function readDataSections(context: ReadContext): void {
  const { elf, spec } = context
  const mapNames = new Names()
  const variableNames = new Names()
  for (const name of spec.maps.keys()) mapNames.unique(name)
  for (const section of elf.sections) {
    if ((section.flags & SHF_ALLOC) === 0 || (section.flags & SHF_EXECINSTR) !== 0) continue
    if (!isDataSection(section.name) || section.size === 0) continue
    if (section.type !== SectionType.ProgBits && section.type !== SectionType.NoBits)
      failAt(context, section, 0, `expected data or zeros, found section type ${section.type}`)
    if (section.size > LARGEST) failAt(context, section, 0, `expected at most ${LARGEST} bytes, found ${section.size}`)
    const name = mapNames.unique(section.name)
    const map = emptyMap(name, MAP_ARRAY)
    map.keySize = 4
    map.valueSize = section.size
    map.maxEntries = 1
    map.section = section.name
    if (section.name === '.rodata' || section.name.startsWith('.rodata.')) map.flags = F_RDONLY_PROG
    if (section.type === SectionType.ProgBits) map.contents = section.bytes.data.slice()
    map.value = spec.btf?.find('section', section.name) ?? 0
    for (const what of setSpecialFields(map, spec.btf)) context.unsupported.add(`section '${section.name}': ${what}`)
    if (map.timerOffset < 0 && map.workOffset < 0 && map.lockOffset < 0) map.flags |= F_MMAPABLE
    spec.maps.set(name, map)
    context.dataMaps.set(section.index, name)
    for (const { symbol } of elf.relocations(section))
      context.unsupported.add(`section '${section.name}': the address of '${symbol.name}' as initial value`)
    readVariables(context, section, name, map.value, variableNames)
  }
}

function readVariables(context: ReadContext, section: Section, map: string, sectionType: number, names: Names): void {
  const { elf, spec } = context
  const known = new Set<number>()
  const type = spec.btf?.type(sectionType)
  if (spec.btf && type?.kind === 'section') {
    const offsets = globalOffsets(context, section)
    for (const { type: id, offset: described, size } of type.variables) {
      const variable = spec.btf.type(id)
      const offset = offsets.get(variable.name) ?? described
      if (variable.kind !== 'variable')
        failAt(context, section, offset, `expected a variable, found '${variable.name}'`)
      if (spec.btf.hasSize(id) && spec.btf.sizeOf(id) > size)
        failAt(
          context,
          section,
          offset,
          `'${variable.name}': expected at least ${spec.btf.sizeOf(id)} bytes, found ${size}`,
        )
      known.add(offset)
      const name = names.unique(variable.name)
      const isStatic = variable.linkage === 'static'
      spec.variables.set(name, { name, section: section.name, map, offset, size, type: variable.type, isStatic })
    }
  }
  for (const symbol of elf.symbolsIn(section)) {
    if (symbol.type !== 'object' || symbol.name === '' || known.has(symbol.value)) continue
    const { value: offset, size } = symbol
    if (offset + size > section.size)
      failAt(context, section, offset, `expected ${size} bytes inside the section's ${section.size}`, symbol)
    const name = names.unique(symbol.name)
    const isStatic = symbol.binding === 'local'
    spec.variables.set(name, { name, section: section.name, map, offset, size, type: 0, isStatic })
  }
}

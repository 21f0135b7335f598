// Functions and programs: each code section is cut along its function symbols; a global function outside `.text` is a
// program whose type the section's name says. Used by read.ts; what the instructions refer to is in relocate.ts.
import { failAt, Names, type ReadContext } from './context.js'
import { SectionType, SHF_EXECINSTR, type ElfSymbol, type Section } from './elf.js'
import { sectionHint, sectionMeaning } from './sections.js'
import type { FunctionSpec, LineInfo } from './spec.js'

export const INSTRUCTION_SIZE = 8
export const CALL = 0x85
export const LDDW = 0x18
export const PSEUDO_CALL = 1

/** Functions of these sections are never programs; `.text.name` is what -ffunction-sections makes. */
function isText(section: string): boolean {
  return section === '.text' || section.startsWith('.text.')
}

/** Whether a section holds instructions. */
export function isCode(section: Section): boolean {
  return section.type === SectionType.ProgBits && (section.flags & SHF_EXECINSTR) !== 0 && section.size > 0
}

/** Reads functions and programs of every code section into the spec; relocations are left empty. */
export function readFunctions(context: ReadContext): void {
  const names = new Names()
  for (const section of context.elf.sections) {
    if (!isCode(section)) continue
    if (section.size % INSTRUCTION_SIZE !== 0)
      failAt(context, section, section.size, `expected whole instructions of ${INSTRUCTION_SIZE} bytes`)
    const symbols = context.elf
      .symbolsIn(section)
      .filter((symbol) => symbol.type === 'function')
      .sort((a, b) => a.value - b.value)
    if (symbols.length === 0) failAt(context, section, 0, 'expected a function symbol for the code')
    const btfIds = functionTypes(context, section)
    const lines = new Lines(context, section)
    if (context.functionsBySection.has(section.name))
      failAt(context, section, 0, 'expected one code section of that name')
    const atOffset = new Map<number, string>()
    context.functionsBySection.set(section.name, atOffset)
    const nextStarts = startsAfter(symbols, section.size)
    const inner = innerStarts(context, section, symbols)
    let end = 0
    for (const [index, symbol] of symbols.entries()) {
      const size = symbol.size || (nextStarts[index] ?? section.size) - symbol.value
      const previous = symbols[index - 1]
      if (symbol.value % INSTRUCTION_SIZE !== 0 || size % INSTRUCTION_SIZE !== 0 || size === 0)
        failAt(context, section, symbol.value, `expected a function of whole instructions, found ${size} bytes`, symbol)
      if (symbol.value + size > section.size)
        failAt(context, section, symbol.value, `expected ${size} bytes inside the section's ${section.size}`, symbol)
      const isAlias = previous?.value === symbol.value && symbol.value + size === end
      if (symbol.value < end && !isAlias)
        failAt(context, section, symbol.value, `expected it to begin after '${previous?.name}'`, symbol)
      end = symbol.value + size
      const name = names.unique(symbol.name)
      const entered = isAlias ? [] : inner.filter((start) => start > symbol.value && start < end)
      const cuts = [symbol.value, ...entered, end]
      const pieces = cuts.slice(0, -1).map((start, place): FunctionSpec => {
        const stop = cuts[place + 1] ?? end
        return {
          name: place === 0 ? name : names.unique(`${name}+${(start - symbol.value) / INSTRUCTION_SIZE}`),
          section: section.name,
          sectionOffset: start,
          code: section.bytes.slice(start, stop - start, `function '${symbol.name}'`).slice(),
          relocations: [],
          lines: lines.between(start, stop),
          isStatic: place > 0 || symbol.binding === 'local',
          btfId: place > 0 ? 0 : (btfIds.get(start) ?? context.spec.btf?.find('function', symbol.name) ?? 0),
        }
      })
      for (const piece of pieces) {
        context.spec.functions.set(piece.name, piece)
        if (!atOffset.has(piece.sectionOffset)) atOffset.set(piece.sectionOffset, piece.name)
      }
      const [spec] = pieces
      if (spec && !isText(section.name)) addProgram(context, spec)
    }
  }
}

/**
 * Where calls without a relocation enter the middle of a function, in order: a label of inline assembly that is called.
 * As in the kernel a subprogram begins there, which nothing may jump into.
 */
function innerStarts(context: ReadContext, section: Section, symbols: readonly ElfSymbol[]): number[] {
  const code = section.bytes.slice(0, section.size, `section '${section.name}'`)
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength)
  const relocated = new Set(Array.from(context.elf.relocations(section), ({ offset }) => offset))
  const named = new Set(symbols.map(({ value }) => value))
  const starts = new Set<number>()
  for (let at = 0; at < code.length; at += INSTRUCTION_SIZE) {
    const opcode = view.getUint8(at)
    const source = view.getUint8(at + 1) >> 4
    if (opcode === CALL && source === PSEUDO_CALL && !relocated.has(at)) {
      const target = at + (view.getInt32(at + 4, true) + 1) * INSTRUCTION_SIZE
      if (target >= 0 && target < section.size && !named.has(target)) starts.add(target)
    }
    if (opcode === LDDW) at += INSTRUCTION_SIZE
  }
  return [...starts].sort((a, b) => a - b)
}

/** The function that an offset lies in; `functions` are those of one section, in order. */
export function functionAround(functions: readonly FunctionSpec[], offset: number): FunctionSpec | undefined {
  let low = 0
  let high = functions.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((functions[middle]?.sectionOffset ?? Infinity) <= offset) low = middle + 1
    else high = middle
  }
  const fn = functions[low - 1]
  return fn && offset < fn.sectionOffset + fn.code.length ? fn : undefined
}

/** For every symbol where the next one with a larger offset begins. */
function startsAfter(symbols: readonly ElfSymbol[], end: number): number[] {
  const starts: number[] = []
  let next = end
  for (let index = symbols.length - 1; index >= 0; index--) {
    const { value } = symbols[index] ?? { value: end }
    const after = symbols[index + 1]?.value ?? end
    if (after > value) next = after
    starts[index] = next
  }
  return starts
}

function addProgram(context: ReadContext, spec: FunctionSpec): void {
  const { name, section } = spec
  if (spec.isStatic) {
    context.unsupported.add(`section '${section}': static function '${name}' (a program has to be global)`)
    return
  }
  // libbpf leaves such a program out unless it is asked for.
  const optional = section.startsWith('?')
  const { kernelType, ...meaning } = sectionMeaning(optional ? section.slice(1) : section)
  const refused =
    kernelType === undefined
      ? `unknown program section (${sectionHint(section.replace(/^\?/, ''))})`
      : `program type ${kernelType}`
  context.spec.programs.set(name, {
    name,
    section,
    ...meaning,
    ...(meaning.type === 'unsupported' ? { refused } : {}),
    ...(optional ? { autoload: false } : {}),
    entry: name,
  })
}

/** BTF ids of a section's functions by byte offset. */
function functionTypes(context: ReadContext, section: Section): Map<number, number> {
  const { btf } = context.spec
  const result = new Map<number, number>()
  for (const { offset, type } of context.ext?.functions.get(section.name) ?? []) {
    if (btf?.types[type]?.kind !== 'function')
      failAt(context, section, offset, `expected the function's type in '.BTF.ext', found type ${type}`)
    result.set(offset, type)
  }
  return result
}

/** The line records of a section, in order. */
class Lines {
  private readonly records: readonly { offset: number; file: string; line: number; column: number; text: string }[]

  constructor(context: ReadContext, section: Section) {
    const records = context.ext?.lines.get(section.name) ?? []
    for (const { offset } of records)
      if (offset % INSTRUCTION_SIZE !== 0 || offset >= section.size)
        failAt(context, section, offset, "expected a line record of '.BTF.ext' to name an instruction of the section")
    // Line 0 marks what the compiler made up itself; it counts to the line before.
    this.records = records.filter(({ line }) => line > 0).sort((a, b) => a.offset - b.offset)
  }

  /** Those from `start` to before `end`, counted in instructions from `start`. */
  between(start: number, end: number): LineInfo[] {
    const lines: LineInfo[] = []
    for (let at = this.firstFrom(start); ; at++) {
      const record = this.records[at]
      if (!record || record.offset >= end) return lines
      const { offset, file, line, column, text } = record
      lines.push({ instruction: (offset - start) / INSTRUCTION_SIZE, file, line, column, text })
    }
  }

  private firstFrom(offset: number): number {
    let low = 0
    let high = this.records.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.records[middle]?.offset ?? Infinity) < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}

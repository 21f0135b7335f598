// What the instructions refer to: relocations of the code sections, and calls between functions of one section, which
// need none. Gives every function its list of Relocation. Used by read.ts after maps, data and functions are known.
import { failAt, type ReadContext } from './context.js'
import { CALL, functionAround, INSTRUCTION_SIZE, isCode, LDDW, PSEUDO_CALL } from './functions.js'
import type { ElfRelocation, ElfSymbol, Section } from './elf.js'
import { KCONFIG } from './kconfig.js'
import { MAPS_SECTION } from './maps.js'
import type { FunctionSpec, Relocation } from './spec.js'

const R_BPF_64_64 = 1
const R_BPF_64_32 = 10
const PSEUDO_FUNC = 4

/** Fills `relocations` of every function of the spec. */
export function readRelocations(context: ReadContext): void {
  const { elf, spec } = context
  const inSection = new Map<string, FunctionSpec[]>()
  for (const fn of spec.functions.values()) {
    const list = inSection.get(fn.section)
    if (list) list.push(fn)
    else inSection.set(fn.section, [fn])
  }
  const externs = externsIn(context, '.ksyms')
  for (const section of elf.sections) {
    if (!isCode(section)) continue
    const relocations = new Map<number, ElfRelocation>()
    for (const relocation of elf.relocations(section)) {
      if (relocations.has(relocation.offset))
        failAt(context, section, relocation.offset, 'expected one relocation', relocation.symbol)
      relocations.set(relocation.offset, relocation)
    }
    const functions = inSection.get(section.name) ?? []
    for (const fn of functions) new CodeReader(context, section, fn, relocations, externs).read()
    for (const { offset, symbol } of relocations.values())
      // Where no function is, a linker left a weak one that another took the place of.
      if (offset >= section.size || functionAround(functions, offset))
        failAt(context, section, offset, 'expected the relocation at an lddw or call instruction of a function', symbol)
  }
}

/** Walks one function's instructions; takes what it uses out of `relocations`. */
class CodeReader {
  private readonly view: DataView

  constructor(
    private readonly context: ReadContext,
    private readonly section: Section,
    private readonly fn: FunctionSpec,
    private readonly relocations: Map<number, ElfRelocation>,
    private readonly externs: ReadonlySet<string>,
  ) {
    this.view = new DataView(fn.code.buffer, fn.code.byteOffset, fn.code.byteLength)
  }

  read(): void {
    const { code, sectionOffset } = this.fn
    for (let at = 0; at < code.length; at += INSTRUCTION_SIZE) {
      const opcode = code[at]
      const source = (code[at + 1] ?? 0) >> 4
      const immediate = this.view.getInt32(at + 4, true)
      const relocation = this.relocations.get(sectionOffset + at)
      const instruction = at / INSTRUCTION_SIZE
      if (opcode === LDDW) {
        if (at + 2 * INSTRUCTION_SIZE > code.length) this.fail(at, 'expected both halves of an lddw')
        if (code[at + INSTRUCTION_SIZE] !== 0) this.fail(at + INSTRUCTION_SIZE, 'expected the second half of an lddw')
        if (relocation) this.add({ instruction, ...this.load(at, relocation, immediate) })
        else if (source === PSEUDO_FUNC)
          this.add({ instruction, kind: 'function-pointer', function: this.near(at, immediate) })
        at += INSTRUCTION_SIZE
      } else if (opcode === CALL) {
        if (relocation) this.add({ instruction, ...this.call(at, relocation, immediate, source) })
        else if (source === PSEUDO_CALL) this.add({ instruction, kind: 'call', function: this.near(at, immediate) })
      } else if (relocation)
        this.fail(at, `expected an lddw or call instruction, found opcode 0x${opcode?.toString(16)}`, relocation.symbol)
      if (relocation) this.relocations.delete(relocation.offset)
    }
  }

  private add(relocation: Relocation): void {
    this.fn.relocations.push(relocation)
  }

  /** The address that an lddw loads: symbol plus the bytes that stand in its immediate. */
  private load(at: number, { type, symbol }: ElfRelocation, addend: number): Target {
    if (type !== R_BPF_64_64)
      this.fail(at, `expected relocation type ${R_BPF_64_64} (R_BPF_64_64), found ${type}`, symbol)
    if (symbol.undefined) return this.extern(at, symbol)
    const { section } = symbol
    if (!section) this.fail(at, 'expected a symbol in a section', symbol)
    const offset = symbol.value + addend
    const dataMap = this.context.dataMaps.get(section.index)
    if (dataMap !== undefined) {
      if (offset < 0 || offset > section.size)
        this.fail(
          at,
          `expected an address inside the ${section.size} bytes of '${section.name}', found ${offset}`,
          symbol,
        )
      return { kind: 'map-value', map: dataMap, offset }
    }
    if (isCode(section))
      return { kind: 'function-pointer', function: this.functionAt(at, section.name, offset, symbol) }
    if (section.name === MAPS_SECTION) {
      const map = this.context.mapsByOffset.get(offset)
      return map === undefined ? this.fail(at, "expected the start of a map in '.maps'", symbol) : { kind: 'map', map }
    }
    if (section.name === 'maps') return { kind: 'map', map: symbol.name }
    this.context.unsupported.add(
      `function '${this.fn.name}': the address of '${symbol.name}' in section '${section.name}'`,
    )
    return { kind: 'extern', name: symbol.name, weak: false }
  }

  private call(at: number, { type, symbol }: ElfRelocation, immediate: number, source: number): Target {
    if (type !== R_BPF_64_32)
      this.fail(at, `expected relocation type ${R_BPF_64_32} (R_BPF_64_32), found ${type}`, symbol)
    if (source !== PSEUDO_CALL) this.fail(at, `expected a call of a function, found source register ${source}`, symbol)
    if (symbol.undefined) return this.kfunc(symbol)
    const { section } = symbol
    if (!section || !isCode(section)) this.fail(at, 'expected a function', symbol)
    // The immediate counts instructions from the symbol, less one.
    const offset = symbol.value + (immediate + 1) * INSTRUCTION_SIZE
    return { kind: 'call', function: this.functionAt(at, section.name, offset, symbol) }
  }

  private kfunc(symbol: ElfSymbol): Target {
    const { name } = symbol
    const weak = symbol.binding === 'weak'
    if (this.externs.has(name)) return { kind: 'kfunc', name, weak }
    this.context.unsupported.add(`function '${name}' is called but not defined (and is no __ksym)`)
    return { kind: 'extern', name, weak }
  }

  /** Data or an address from outside; a weak one that stays unknown is 0, as in the kernel. */
  private extern(at: number, symbol: ElfSymbol): Target {
    const { name } = symbol
    if (name === '') this.fail(at, 'expected the undefined symbol to have a name', symbol)
    const weak = symbol.binding === 'weak'
    const setting = this.context.spec.kconfig?.get(name)
    if (setting) return { kind: 'map-value', map: KCONFIG, offset: setting.offset }
    if (!weak) {
      const what = this.externs.has(name) ? ' (a symbol of the kernel, which is not here)' : ''
      this.context.unsupported.add(`extern '${name}'${what}`)
    }
    return { kind: 'extern', name, weak }
  }

  /** The function that a relative distance in instructions names, as without a relocation. */
  private near(at: number, distance: number): string {
    const offset = this.fn.sectionOffset + at + (distance + 1) * INSTRUCTION_SIZE
    return this.functionAt(at, this.fn.section, offset)
  }

  private functionAt(at: number, section: string, offset: number, symbol?: ElfSymbol): string {
    const name = this.context.functionsBySection.get(section)?.get(offset)
    return name ?? this.fail(at, `expected the start of a function in '${section}', found offset ${offset}`, symbol)
  }

  private fail(at: number, problem: string, symbol?: ElfSymbol): never {
    const { name, sectionOffset } = this.fn
    const place = `function '${name}', instruction ${at / INSTRUCTION_SIZE}: ${problem}`
    failAt(this.context, this.section, sectionOffset + at, place, symbol)
  }
}

type Target = Relocation extends infer Each ? (Each extends Relocation ? Omit<Each, 'instruction'> : never) : never

/** Names of the externs that BTF places in a section which only it has: `.ksyms`. */
function externsIn({ spec: { btf } }: ReadContext, section: string): Set<string> {
  const type = btf?.type(btf.find('section', section))
  return new Set(type?.kind === 'section' ? type.variables.map(({ type: id }) => btf?.type(id).name ?? '') : [])
}

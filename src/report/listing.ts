// The code of one function as a person reads it: instructions with names for what they refer to, under the C lines
// that they were made from.
import { decode, type Instruction } from '../isa/decode.js'
import { disassemble } from '../isa/disassemble.js'
import { helperName } from '../isa/helper-names.js'
import type { FunctionSpec, ObjectSpec, Relocation } from '../object/spec.js'
import { baseName, lineAt } from './places.js'
import type { Style } from './style.js'

/** One instruction of a listing. */
export interface ListedInstruction {
  /** In 8-byte units from the function's start. */
  instruction: number
  text: string
  /** Instruction that it may jump to. */
  target?: number
  file?: string
  line?: number
  /** The C line, as in the object. */
  source?: string
}

/** Throws SkepError BAD_INSTRUCTION if the function's code cannot be decoded. */
export function listFunction(spec: ObjectSpec, fn: FunctionSpec): ListedInstruction[] {
  const relocations = new Map(fn.relocations.map((relocation) => [relocation.instruction, relocation]))
  const symbols = {
    helper: helperName,
    reference: ({ index }: Instruction) => {
      const relocation = relocations.get(index)
      return relocation && referenceText(spec, relocation)
    },
  }
  return decode(fn.code, fn.name).map((instruction) => {
    const line = lineAt(fn.lines, instruction.index)
    return {
      instruction: instruction.index,
      text: disassemble(instruction, symbols),
      ...(instruction.target < 0 ? {} : { target: instruction.target }),
      ...(line ? { file: line.file, line: line.line, source: line.text } : {}),
    }
  })
}

function referenceText(spec: ObjectSpec, relocation: Relocation): string {
  switch (relocation.kind) {
    case 'map':
      return `map ${relocation.map}`
    case 'map-value':
      return `&${valueText(spec, relocation.map, relocation.offset)}`
    case 'call':
      return relocation.function
    case 'function-pointer':
      return `function ${relocation.function}`
    case 'kfunc':
    case 'extern':
      return relocation.name
    case 'poison':
      return relocation.words
  }
}

/** The variable at that place, or '.bss + 16'. */
function valueText(spec: ObjectSpec, map: string, offset: number): string {
  for (const variable of spec.variables.values())
    if (variable.map === map && offset >= variable.offset && offset < variable.offset + variable.size)
      return offset === variable.offset ? variable.name : `${variable.name} + ${offset - variable.offset}`
  return offset === 0 ? map : `${map} + ${offset}`
}

/** Lines of text: a C line in front of the instructions that belong to it. */
export function listingText(instructions: readonly ListedInstruction[], style: Style): string[] {
  const lines: string[] = []
  const digits = String(instructions.at(-1)?.instruction ?? 0).length
  const targets = new Set(instructions.flatMap(({ target }) => (target === undefined ? [] : [target])))
  let shown = ''
  for (const { instruction, text, target, file, line, source } of instructions) {
    const place = file === undefined ? '' : `${baseName(file)}:${line}`
    if (place !== shown) {
      shown = place
      if (place !== '')
        lines.push(`  ; ${style.source((source ?? '').trim() || '(no text)')} ${style.faint(`@ ${place}`)}`)
    }
    const number = String(instruction).padStart(digits)
    const mark = targets.has(instruction) ? '›' : ' '
    const arrow = target === undefined ? '' : style.faint(`  → ${target}`)
    lines.push(`    ${style.faint(number)} ${mark} ${text}${arrow}`)
  }
  return lines
}

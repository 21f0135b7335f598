// Bare instructions without an object file around them -> a spec: functions are found by the calls and the addresses
// taken inside, as the kernel finds subprograms. For the conformance plugin, tests and generated programs.
import { SkepError } from '../error.js'
import type { FunctionSpec, Relocation } from './spec.js'

const INSTRUCTION_BYTES = 8
const CALL = 0x85
const CALL_REGISTER = 0x8d
const LDDW = 0x18
/** Value of `src`: of a call, a function of this code; of an lddw, the address of one. */
const PSEUDO_CALL = 1
const PSEUDO_FUNCTION = 4

interface Link {
  readonly at: number
  readonly target: number
  readonly kind: 'call' | 'function-pointer'
}

/**
 * The functions of `code`, the entry first: it is named `main`, the others `main+N` by their first instruction.
 * Throws BAD_INSTRUCTION for a call out of the code.
 */
export function functionsOf(code: Uint8Array): FunctionSpec[] {
  const units = Math.floor(code.length / INSTRUCTION_BYTES)
  const plain = code.slice()
  const view = new DataView(plain.buffer)
  const links: Link[] = []
  for (let at = 0; at < units; at += 1) {
    const place = at * INSTRUCTION_BYTES
    const opcode = view.getUint8(place)
    const source = view.getUint8(place + 1) >> 4
    const immediate = view.getInt32(place + 4, true)
    if (opcode === CALL_REGISTER) takeRegisterFromImmediate(view, place, immediate)
    if (opcode === CALL && source === PSEUDO_CALL) links.push({ at, target: at + 1 + immediate, kind: 'call' })
    if (opcode === LDDW && source === PSEUDO_FUNCTION)
      links.push({ at, target: at + 1 + immediate, kind: 'function-pointer' })
    if (opcode === LDDW) at += 1
  }
  for (const { at, target } of links)
    if (target < 0 || target >= units)
      throw new SkepError('BAD_INSTRUCTION', `instruction ${at}: it refers to a function at ${target} of ${units}`)
  const starts = [...new Set([0, ...links.map(({ target }) => target)])].sort((a, b) => a - b)
  const nameOf = (start: number): string => (start === 0 ? 'main' : `main+${start}`)
  return starts.map((start, index): FunctionSpec => {
    const end = starts[index + 1] ?? units
    const relocations = links
      .filter(({ at }) => at >= start && at < end)
      .map(({ at, target, kind }): Relocation => ({ instruction: at - start, kind, function: nameOf(target) }))
    return {
      name: nameOf(start),
      section: 'syscall',
      sectionOffset: start * INSTRUCTION_BYTES,
      code: plain.slice(start * INSTRUCTION_BYTES, index + 1 < starts.length ? end * INSTRUCTION_BYTES : code.length),
      relocations,
      lines: [],
      isStatic: start !== 0,
      btfId: 0,
    }
  })
}

// Compilers before clang 19 wrote the register of a call by register into the immediate.
function takeRegisterFromImmediate(view: DataView, place: number, immediate: number): void {
  if (view.getUint8(place + 1) !== 0 || immediate < 1 || immediate > 9) return
  view.setUint8(place + 1, immediate)
  view.setInt32(place + 4, 0, true)
}

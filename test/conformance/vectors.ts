// The vectors of vectors.txt as programs in the conformance protocol: bytes of code, memory, and the r0 that must come
// out.
// A vector whose outcome is more than a register folds what is left into r0: 1 if all of it is as expected.
import { readFileSync } from 'node:fs'
import * as asm from '../../src/isa/assemble.js'
import type { Line, Register } from '../../src/isa/assemble.js'
import { formNamed } from '../../src/isa/table.js'

export interface Vector {
  /** The line of vectors.txt. */
  readonly name: string
  readonly lines: readonly Line[]
  readonly code: Uint8Array
  readonly memory: Uint8Array
  readonly r0: bigint
}

const file = new URL('../../../test/conformance/vectors.txt', import.meta.url)
const CELL = -8

const big = (word: string): bigint => (word.startsWith('-') ? -BigInt(word.slice(1)) : BigInt(word))
const small = (word: string): number => Number(BigInt.asIntN(32, big(word)))
const wide = (register: Register, word: string): Line => asm.loadImmediate(register, BigInt.asUintN(64, big(word)))
const bytesOf = (word: string): Uint8Array => new Uint8Array(Buffer.from(word, 'hex'))

/** All vectors, in the file's order. */
export function vectors(): Vector[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((name) => {
      const [left, right] = name.split(' = ') as [string, string]
      const parts = left.split(' ')
      const form = parts[1] === 'reg' || parts[1] === 'imm' ? `${parts.shift()!} ${parts.shift()!}` : parts.shift()!
      const { lines, memory = '', r0 = right } = programOf(form, parts, right)
      return { name, lines, code: asm.assemble(lines).code, memory: bytesOf(memory), r0: BigInt(r0) }
    })
}

function programOf(form: string, given: string[], wanted: string): { lines: Line[]; memory?: string; r0?: string } {
  const [first, second, third, fourth] = given as [string, string, string, string]
  if (form === 'lddw') return { lines: [wide('r0', first), asm.exit()] }
  const { kind, source, fixed } = formNamed(form)
  const offset = fixed.offset ?? 0
  switch (kind) {
    case 'alu':
    case 'endian':
      return {
        lines: [
          wide('r0', first),
          ...(source === 'register' ? [wide('r2', second)] : []),
          asm.instruction(form, {
            offset,
            src: source === 'register' ? 2 : 0,
            imm: fixed.imm ?? (source === 'immediate' ? small(second) : 0),
          }),
          asm.exit(),
        ],
      }
    case 'jump':
      return {
        lines: [
          wide('r1', first),
          ...(source === 'register' ? [wide('r2', second)] : []),
          asm.mov('r0', 1),
          asm.instruction(form, {
            dst: 1,
            to: 'taken',
            ...(source === 'register' ? { src: 2 } : { imm: small(second) }),
          }),
          asm.mov('r0', 0),
          asm.label('taken'),
          asm.exit(),
        ],
      }
    case 'load':
      return {
        lines: [asm.instruction(form, { dst: 0, src: 1, offset: Number(first) }), asm.exit()],
        memory: second,
      }
    case 'store':
      return {
        lines: [
          asm.mov('r6', 'r1'),
          ...(source === 'register' ? [wide('r2', second)] : []),
          asm.instruction(form, {
            dst: 6,
            offset: Number(first),
            ...(source === 'register' ? { src: 2 } : { imm: small(second) }),
          }),
          ...compared(wanted),
        ],
        memory: third,
        r0: '1',
      }
    case 'atomic':
      return { lines: atomicLines(form, given, wanted.split(' ')), r0: '1' }
    default:
      throw new Error(`no vector of ${form} ${fourth}`)
  }
}

/** r0 = 1 if the memory behind r6 is as wanted. */
function compared(wanted: string): Line[] {
  const words = Array.from({ length: wanted.length / 16 }, (_, at) =>
    Buffer.from(wanted.slice(16 * at, 16 * at + 16), 'hex').readBigUInt64LE(),
  )
  return [
    asm.mov('r0', 0),
    ...words.flatMap((word, at) => [
      asm.load(64, 'r3', 'r6', 8 * at),
      asm.loadImmediate('r4', word),
      asm.jump('ne', 'r3', 'r4', 'differs'),
    ]),
    asm.mov('r0', 1),
    asm.label('differs'),
    asm.exit(),
  ]
}

function atomicLines(form: string, given: string[], wanted: string[]): Line[] {
  const [cell, source, r0] = given as [string, string, string]
  const { fixed } = formNamed(form)
  const check = (register: Register, word: string): Line[] => [
    wide('r4', word),
    asm.jump('ne', register, 'r4', 'differs'),
  ]
  return [
    wide('r1', cell),
    asm.store(64, 'r10', CELL, 'r1'),
    wide('r2', source),
    wide('r0', r0),
    asm.instruction(form, { dst: 10, src: 2, offset: CELL, imm: fixed.imm ?? 0 }),
    asm.load(64, 'r3', 'r10', CELL),
    asm.mov('r5', 'r0'),
    asm.mov('r0', 0),
    ...check('r3', wanted[0]!),
    ...check('r2', wanted[1]!),
    ...check('r5', wanted[2]!),
    asm.mov('r0', 1),
    asm.label('differs'),
    asm.exit(),
  ]
}

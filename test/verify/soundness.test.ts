// Random programs: whatever the analysis says of a register holds in every step of a run, for any control flow, and the
// analysis of thousands of blocks ends soon. Proofs: proofs.test.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as asm from '../../src/isa/assemble.js'
import type { Line } from '../../src/isa/assemble.js'
import type { Instruction } from '../../src/isa/decode.js'
import { decode } from '../../src/isa/decode.js'
import { codeOf } from '../../src/verify/blocks.js'
import type { CallSurroundings } from '../../src/verify/call.js'
import { NO_SUMMARY, type Entry } from '../../src/verify/entry.js'
import { NOTHING_HELD } from '../../src/verify/resources.js'
import { prove } from '../../src/verify/prove.js'
import { UNKNOWN, type Value } from '../../src/verify/value.js'
import { review, walk } from '../../src/verify/walk.js'
import { DATA, functionSpec, MEMORY_BYTES, STACK_TOP } from '../jit/harness.js'
import { drafts, programOf } from '../jit/random-programs.js'
import { Evaluator } from '../jit/reference.js'
import { specOf } from './programs.js'

/** SKEP_RUNS: more of them. */
const RUNS = Number(process.env['SKEP_RUNS'] ?? 1500)

const ENTRY: Entry = {
  arguments: [UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN],
  lock: 'free',
  resources: NOTHING_HELD,
  sure: true,
  sleepable: false,
}

/** What holds before each instruction that the analysis reaches: one of these states. */
function statesOf(lines: readonly Line[], trusting: boolean) {
  const states = new Map<number, Value[][]>()
  const around: CallSurroundings = {
    spec: specOf([]),
    code: codeOf(functionSpec('main', lines)),
    program: undefined,
    trusting,
    kernelPointers: true,
    role: 'function',
    sleepable: false,
    movesPacket: false,
    makesSpecial: () => true,
    enter: () => NO_SUMMARY,
    enterLater: () => NO_SUMMARY,
  }
  const walked = walk(around, ENTRY)
  const reporting: CallSurroundings = {
    ...around,
    report: ({ index }, { words }) => assert.fail(`refused at ${index}: ${words}`),
  }
  review(reporting, walked, ({ index }, { registers }) => {
    const known = states.get(index)
    if (known) known.push([...registers])
    else states.set(index, [[...registers]])
  })
  if (!trusting) for (const each of states.values()) assert.equal(each.length, 1)
  return { states, gaveUp: walked.states.length === 0 }
}

function holds(value: Value, register: bigint): boolean {
  const inside = (min: number, max: number, number: bigint): boolean => {
    const signed = BigInt.asIntN(64, number)
    return (min === -Infinity || signed >= BigInt(min)) && (max === Infinity || signed <= BigInt(max))
  }
  if (value.is === 'scalar') return inside(value.min, value.max, register)
  if (value.is === 'frame') return value.up === 0 && inside(value.min, value.max, register - BigInt(STACK_TOP))
  return value.is === 'unknown' || value.is === 'place'
}

/** How the registers are not as a state says; undefined: they are. */
function differs(registers: readonly bigint[], state: readonly Value[]): string | undefined {
  const holders = new Map<Value, bigint>()
  const bases = new Map<number, bigint>()
  for (const [number, register] of registers.entries()) {
    const value = state[number]!
    if (!holds(value, register)) return `r${number} is ${register}, said was ${JSON.stringify(value)}`
    if (value.is === 'place') {
      const address = BigInt.asUintN(64, register - BigInt(value.offset))
      if ((bases.get(value.base) ?? address) !== address) return `r${number} counts from another address than was said`
      bases.set(value.base, address)
    }
    if (value.is !== 'scalar') continue
    if ((holders.get(value) ?? register) !== register) return `r${number} is not equal to what it was said to equal`
    holders.set(value, register)
  }
  return undefined
}

/** Runs the program and compares every step; answers how many were compared. */
function check(lines: readonly Line[], values: readonly bigint[], trusting: boolean): number {
  const { states, gaveUp } = statesOf(lines, trusting)
  if (gaveUp) return 0
  const spec = functionSpec('main', lines)
  const evaluator = new Evaluator(decode(spec.code, 'main'), new DataView(new ArrayBuffer(MEMORY_BYTES)))
  let steps = 0
  evaluator.observe = (instruction: Instruction) => {
    const known = states.get(instruction.index)
    assert.ok(known, `instruction ${instruction.index} is reached, the analysis says it is not`)
    const found = known.map((state) => differs(evaluator.registers, state))
    assert.ok(found.includes(undefined), `before instruction ${instruction.index}: ${found.join('; or ')}`)
    steps += 1
  }
  evaluator.run(400, ...values)
  return steps
}

const value = fc.oneof(
  fc.constant(BigInt(DATA)),
  fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }),
  fc.bigInt({ min: 0n, max: 100n }),
)

for (const trusting of [false, true])
  test(`what is known of registers holds in every step of random programs${trusting ? ', own frames trusted' : ''}`, () => {
    let steps = 0
    fc.assert(
      fc.property(drafts, fc.array(value, { minLength: 3, maxLength: 3 }), (list, [r3, r4, r5]) => {
        steps += check(programOf(list), [BigInt(DATA), BigInt(DATA + 512), r3!, r4!, r5!], trusting)
      }),
      { numRuns: Math.ceil(RUNS / 2) },
    )
    assert.ok(steps > 1000, `only ${steps} steps`)
  })

test('numbers that only arithmetic and comparisons bound are bounded rightly', () => {
  const operation = fc.constantFrom(
    'mov',
    'add',
    'sub',
    'mul',
    'div',
    'mod',
    'and',
    'or',
    'xor',
    'lsh',
    'rsh',
    'arsh',
  ) as fc.Arbitrary<asm.Arithmetic>
  const comparison = fc.constantFrom(
    'eq',
    'ne',
    'gt',
    'ge',
    'lt',
    'le',
    'sgt',
    'sge',
    'slt',
    'sle',
    'set',
  ) as fc.Arbitrary<asm.Comparison>
  const small = fc.oneof(
    fc.integer({ min: -4, max: 4 }),
    fc.integer({ min: -70, max: 70 }),
    fc.integer({ min: -0x80000000, max: 0x7fffffff }),
  )
  const width = fc.constantFrom(32, 64) as fc.Arbitrary<32 | 64>
  const number = fc.oneof(
    value,
    fc.bigInt({ min: -6n, max: 6n }).map((near) => BigInt.asUintN(64, near)),
  )
  const piece = fc.oneof(
    fc.record({ operation, width, imm: small, register: fc.boolean() }),
    fc.record({ comparison, width, imm: small, register: fc.boolean() }),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), number, number, (pieces, one, other) => {
      const lines: Line[] = []
      const taken: Line[] = []
      pieces.forEach(({ imm, width: bits, register, ...what }, at) => {
        if ('operation' in what) lines.push(asm.alu(what.operation, 'r1', register ? 'r2' : imm, bits))
        else {
          lines.push(asm.jump(what.comparison, register ? 'r2' : 'r1', register ? 'r1' : imm, `taken${at}`, bits))
          taken.push(asm.label(`taken${at}`), asm.mov('r0', 'r1'), asm.exit())
        }
      })
      lines.push(asm.mov('r0', 'r1'), asm.exit(), ...taken)
      check(lines, [one, other], false)
    }),
    { numRuns: 6 * RUNS },
  )
})

test('the analysis of any graph ends soon', () => {
  const visits = (list: Parameters<typeof programOf>[0]): void => {
    const lines = programOf(list)
    prove(specOf([]), functionSpec('main', lines))
    statesOf(lines, true)
  }
  fc.assert(
    fc.property(fc.array(drafts, { minLength: 10, maxLength: 20 }), (lists) => visits(lists.flat())),
    {
      numRuns: 10,
    },
  )
})

test('thousands of nested and crossing loops end soon', () => {
  const lines: Line[] = [asm.mov('r1', 0)]
  const count = 2000
  for (let at = 0; at < count; at += 1)
    lines.push(
      asm.label(`l${at}`),
      asm.alu('add', `r${1 + (at % 5)}` as asm.Register, 'r3'),
      asm.store(64, 'r10', -8 * (1 + (at % 60)), 'r1'),
    )
  for (let at = count - 1; at >= 0; at -= 1) lines.push(asm.jump('gt', 'r2', at, `l${(at * 7) % count}`))
  lines.push(asm.exit())
  prove(specOf([]), functionSpec('main', lines))
  statesOf(lines, true)
})

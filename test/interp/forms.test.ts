// Every row of the instruction table on both engines against the reference evaluator: results, r0, operands, memory.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { boot, SkepError, type ObjectSpec } from '../../src/index.js'
import * as asm from '../../src/isa/assemble.js'
import type { Line } from '../../src/isa/assemble.js'
import { decode } from '../../src/isa/decode.js'
import type { Form } from '../../src/isa/form.js'
import { FORMS } from '../../src/isa/table.js'
import type { FunctionSpec } from '../../src/object/spec.js'
import { DATA, functionSpec, MEMORY_BYTES } from '../jit/harness.js'
import { Evaluator } from '../jit/reference.js'

const ENGINES = ['jit', 'interp'] as const
const CELL = 48
const CONTEXT_BYTES = 64
/** Forms that are more than operands in, results out; each has a test of its own. */
const ELSEWHERE = ['call helper', 'call function', 'call kfunc', 'call register', 'exit', 'ja', 'gotol', 'may_goto']

const VALUES = [
  0n,
  1n,
  2n,
  7n,
  31n,
  32n,
  33n,
  63n,
  64n,
  0x7fn,
  0x80n,
  0x8000n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  0x7fffffffffffffffn,
  0x8000000000000000n,
  0x8000000080000000n,
  0x1122334455667788n,
  0xfffffffffffffffen,
  0xffffffffffffffffn,
]
const IMMEDIATES = [0, 1, 2, 31, 63, -1, -2, 0x12345678, 0x7fffffff, -0x80000000]

/** Operands from the context into r2, r3 and r0, the instruction, all of them back into the context. */
function program(form: Form, imm: number): Line[] {
  const memory = form.kind === 'load' || form.kind === 'store' || form.kind === 'atomic'
  const reads = form.kind === 'load' || form.operation === 'load_acquire'
  const line: Line = {
    form,
    dst: form.uses.has('dst') ? (memory && !reads ? 6 : 2) : 0,
    src: form.fixed.src ?? (form.uses.has('src') ? (reads ? 6 : 3) : 0),
    offset: form.fixed.offset ?? (memory ? CELL : 0),
    imm: form.fixed.imm ?? (form.uses.has('imm') ? imm : 0),
    high: form.kind === 'wide' ? imm ^ 0x5a5a5a5a : 0,
    ...(form.kind === 'jump' ? { to: 'taken' } : {}),
  }
  return [
    asm.mov('r6', 'r1'),
    asm.load(64, 'r2', 'r6', 0),
    asm.load(64, 'r3', 'r6', 8),
    asm.load(64, 'r0', 'r6', 16),
    line,
    ...(form.kind === 'jump' ? [asm.alu('xor', 'r0', 0x55)] : []),
    asm.label('taken'),
    asm.store(64, 'r6', 24, 'r2'),
    asm.store(64, 'r6', 32, 'r3'),
    asm.store(64, 'r6', 40, 'r0'),
    asm.exit(),
  ]
}

function objectOf(functions: readonly FunctionSpec[]): ObjectSpec {
  return {
    name: 'forms',
    license: 'GPL',
    maps: new Map(),
    programs: new Map(
      functions.map(({ name }) => [name, { name, section: 'syscall', type: 'syscall', sleepable: true, entry: name }]),
    ),
    functions: new Map(functions.map((fn) => [fn.name, fn])),
    variables: new Map(),
    btf: undefined,
    unsupported: [],
  }
}

function contextOf(left: bigint, right: bigint): Uint8Array {
  const bytes = new Uint8Array(CONTEXT_BYTES).fill(0xa5)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, left, true)
  view.setBigUint64(8, right, true)
  view.setBigUint64(16, right ^ 3n, true)
  // So that compare-and-exchange both succeeds and fails.
  view.setBigUint64(CELL, left === 1n ? right ^ 3n : left ^ (right << 1n), true)
  return bytes
}

function expectedOf({ code, name }: FunctionSpec, context: Uint8Array): Uint8Array {
  const model = new Uint8Array(MEMORY_BYTES)
  model.set(context, DATA)
  const outcome = new Evaluator(decode(code, name), new DataView(model.buffer)).run(100, BigInt(DATA))
  assert.equal(outcome.kind, 'exit', name)
  return model.slice(DATA, DATA + CONTEXT_BYTES)
}

function usable(form: Form): boolean {
  return (
    form.kind !== 'legacy' &&
    form.kind !== 'cast' &&
    !ELSEWHERE.includes(form.name) &&
    (form.kind !== 'wide' || form.fixed.src === 0)
  )
}

describe('every instruction form', () => {
  const functions = FORMS.filter(usable).flatMap((form) =>
    (form.uses.has('imm') && form.fixed.imm === undefined ? IMMEDIATES : [0]).map((imm) =>
      functionSpec(`${form.name} ${imm}`, program(form, imm)),
    ),
  )
  for (const engine of ENGINES)
    test(`does on ${engine} what the RFC says`, () => {
      for (let first = 0; first < functions.length; first += 50) {
        const some = functions.slice(first, first + 50)
        using machine = boot.virtual({ memory: '8 MiB' })
        const { programs } = machine.load(objectOf(some), { engine })
        for (const fn of some)
          VALUES.forEach((left, at) => {
            const rights = [0, 3, 7, 12].map((step) => VALUES[(at + step) % VALUES.length]!)
            for (const right of fn.name.includes('imm') ? [left ^ 5n] : rights) {
              const context = contextOf(left, right)
              const { ctx } = programs[fn.name]!.run({ ctx: context })
              assert.deepEqual(
                Buffer.from(ctx as Uint8Array).toString('hex'),
                Buffer.from(expectedOf(fn, context)).toString('hex'),
                `${fn.name} of 0x${left.toString(16)}, 0x${right.toString(16)}`,
              )
            }
          })
      }
    })
})

const answer = (functions: readonly FunctionSpec[], engine: 'jit' | 'interp'): number => {
  using machine = boot.virtual({ memory: '8 MiB' })
  const spec = objectOf(functions)
  const entry = new Map([...spec.programs].filter(([name]) => name === 'main'))
  return machine.load({ ...spec, programs: entry }, { engine, checks: false }).programs['main']!.run().retval
}

for (const engine of ENGINES)
  describe(`on ${engine}`, () => {
    test('jumps go where they say, near and far, and may_goto goes on', () => {
      const lines = [
        asm.mov('r0', 1),
        asm.goto('far'),
        asm.exit(),
        asm.label('near'),
        asm.alu('add', 'r0', 2),
        asm.mayGoto('out'),
        asm.alu('add', 'r0', 4),
        asm.label('out'),
        asm.exit(),
        asm.label('far'),
        asm.alu('add', 'r0', 8),
        asm.gotol('near'),
      ]
      assert.equal(answer([functionSpec('main', lines)], engine), 15)
    })

    const callee = functionSpec('callee', [
      asm.mov('r0', 'r1'),
      asm.alu('mul', 'r0', 'r2'),
      asm.mov('r6', 0),
      asm.exit(),
    ])
    const caller = (...middle: Line[]): FunctionSpec =>
      functionSpec('main', [
        asm.mov('r6', 100),
        asm.mov('r1', 6),
        asm.mov('r2', 7),
        ...middle,
        asm.alu('add', 'r0', 'r6'),
        asm.exit(),
      ])
    const address = asm.loadReference('r3', { kind: 'function-pointer', function: 'callee' })
    const callx = asm.instruction('call register', { dst: 3 })

    test('a call by register calls what the address of a function says, and keeps r6', () => {
      assert.equal(answer([caller(asm.callFunction('callee')), callee], engine), 142)
      assert.equal(answer([caller(address, callx), callee], engine), 142)
    })

    test('a call by register of anything else is a fault at that instruction', () => {
      const wrong = [
        [asm.mov('r3', 0)],
        [asm.mov('r3', -1)],
        [address, asm.alu('add', 'r3', 1)],
        [address, asm.loadImmediate('r4', 0x100000000n), asm.alu('or', 'r3', 'r4')],
      ]
      for (const lines of wrong)
        assert.throws(
          () => answer([caller(...lines, callx), callee], engine),
          (error) =>
            error instanceof SkepError &&
            error.code === 'FAULT_BAD_CALLBACK' &&
            error.details['instruction'] ===
              3 + lines.length + lines.filter(({ form }) => form?.kind === 'wide').length,
        )
    })

    test('calls by register that never end run out of frames', () => {
      const self = [asm.loadReference('r3', { kind: 'function-pointer', function: 'main' }), callx, asm.exit()]
      assert.throws(
        () => answer([functionSpec('main', self)], engine),
        (error) => error instanceof SkepError && error.code === 'FAULT_STACK_OVERFLOW',
      )
    })
  })

// Random valid programs on the compiler, the interpreter and, where it may be asked, the kernel: the same answers.
import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { boot, SkepError, type LocalMachine, type ObjectSpec, type RunResult } from '../../src/index.js'
import type { Engine } from '../../src/machine/load/code.js'
import * as asm from '../../src/isa/assemble.js'
import type { Line, Register } from '../../src/isa/assemble.js'
import { FORMS } from '../../src/isa/table.js'
import { functionsOf } from '../../src/object/bytecode.js'
import type { FunctionSpec } from '../../src/object/spec.js'
import { functionSpec } from '../jit/harness.js'
import { drafts, programOf } from '../jit/random-programs.js'
import type { Kernel } from '../kernel/oracle.js'

const CONTEXT_BYTES = 512
const SLOTS = 4

/** An object of one syscall program. */
export function objectOf(lines: readonly Line[]): ObjectSpec {
  return objectWith([{ ...functionSpec('main', lines), section: 'syscall' }])
}

function objectWith(functions: readonly FunctionSpec[]): ObjectSpec {
  return {
    name: 'random',
    license: 'GPL',
    maps: new Map(),
    programs: new Map([
      ['main', { name: 'main', section: 'syscall', type: 'syscall', sleepable: true, entry: 'main' }],
    ]),
    functions: new Map(functions.map((fn) => [fn.name, fn])),
    variables: new Map(),
    btf: undefined,
    unsupported: [],
  }
}

const MEMORY = '4 MiB'
const BUDGET = 20_000
/** Programs that one machine runs before the next one. */
const MACHINE_USES = 200

/** Loads the object, runs it once and closes it: r0's low half and the context. */
function runOn(machine: LocalMachine, spec: ObjectSpec, engine: Engine, context: Uint8Array): RunResult {
  const object = machine.load(spec, { engine, checks: false })
  try {
    return object.programs['main']!.run({ ctx: context })
  } finally {
    object.close()
  }
}

function outcomeOn(machine: LocalMachine, spec: ObjectSpec, engine: Engine): unknown {
  try {
    const { retval, ctx } = runOn(machine, spec, engine, new Uint8Array(CONTEXT_BYTES).fill(0x5a))
    return { retval, ctx }
  } catch (error) {
    if (!(error instanceof SkepError)) throw error
    return error.code === 'FAULT_LOOP_BUDGET'
      ? error.code
      : { code: error.code, instruction: error.details['instruction'] }
  }
}

/**
 * What a run did on a new machine, in a form that can be compared: r0's low half and the context, or the fault's place.
 */
export function outcome(spec: ObjectSpec, engine: Engine): unknown {
  using machine = boot.virtual({ memory: MEMORY, loopBudget: BUDGET })
  return outcomeOn(machine, spec, engine)
}

/** Bytes of the frame that an instruction of a random program may meet. */
const FRAME_BYTES = 128

/**
 * The frame cleared first: what lies there is of earlier programs, and no longer the same on two machines once one of
 * those has ended by its loop budget, at different turns.
 */
function withClearFrame(lines: readonly Line[]): Line[] {
  const stores: Line[] = []
  for (let offset = -FRAME_BYTES; offset < 0; offset += 8) stores.push(asm.store(64, 'r10', offset, 0))
  return [...stores, ...lines]
}

const machines = new Map<Engine, { machine: LocalMachine; uses: number }>()

function usedMachine(engine: Engine): LocalMachine {
  let entry = machines.get(engine)
  if (entry === undefined || entry.uses >= MACHINE_USES) {
    entry?.machine.close()
    entry = { machine: boot.virtual({ memory: MEMORY, loopBudget: BUDGET }), uses: 0 }
    machines.set(engine, entry)
  }
  entry.uses += 1
  return entry.machine
}

function retire(): void {
  for (const { machine } of machines.values()) machine.close()
  machines.clear()
}

/**
 * Any program: memory, atomics, loops, faults. Machines that ran other programs before do it first, because a new
 * machine costs as much as many programs; a difference is looked at on new machines, too, where it shrinks alone. If
 * only used machines differ, something that an earlier program left was seen.
 */
export const enginesAgree = fc.property(drafts, (list) => {
  const spec = objectOf(withClearFrame(programOf(list)))
  const quick = [outcomeOn(usedMachine('interp'), spec, 'interp'), outcomeOn(usedMachine('jit'), spec, 'jit')]
  // The engines count iterations at different places of a loop: which comes first, the budget or another end, may
  // differ, and what the program has left in memory, too, so that these machines are not asked again.
  if (quick.includes('FAULT_LOOP_BUDGET')) return retire()
  if (isDeepStrictEqual(quick[0], quick[1])) return
  const outcomes = [outcome(spec, 'interp'), outcome(spec, 'jit')]
  if (outcomes.includes('FAULT_LOOP_BUDGET')) return
  assert.deepEqual(outcomes[0], outcomes[1])
  assert.deepEqual(quick[0], quick[1], 'only machines that ran other programs before differ')
})

const PURE = FORMS.filter(({ kind }) => kind === 'alu' || kind === 'endian' || kind === 'jump')
const word = fc.oneof(
  fc.constantFrom(0n, 1n, 31n, 64n, 0x7fffffffn, 0x80000000n, 0xffffffffn, 1n << 63n, (1n << 64n) - 1n),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
)
const step = fc.record({
  form: fc.constantFrom(...PURE),
  dst: fc.nat(9),
  src: fc.nat(9),
  imm: fc.oneof(fc.constantFrom(1, -1, 0x7fffffff, -0x80000000), fc.integer({ min: -0x80000000, max: 0x7fffffff })),
  skip: fc.nat(5),
  slot: fc.option(fc.tuple(fc.nat(SLOTS - 1), fc.boolean()), { nil: undefined }),
})

/** Programs that every verifier accepts: all registers known numbers, jumps forward, aligned slots of the stack. */
const acceptable = fc
  .tuple(fc.array(word, { minLength: 10, maxLength: 10 }), fc.array(step, { minLength: 1, maxLength: 40 }))
  .map(([words, steps]) => {
    const lines: Line[] = words.map((value, at) => asm.loadImmediate(`r${at}` as Register, value))
    for (let slot = 1; slot <= SLOTS; slot += 1) lines.push(asm.store(64, 'r10', -8 * slot, `r${slot}` as Register))
    steps.forEach(({ form, dst, src, imm, skip, slot }, at) => {
      lines.push(asm.label(`l${at}`))
      const shift = ['lsh', 'rsh', 'arsh'].includes(form.operation)
      const divides = /div|mod/.test(form.operation)
      lines.push({
        form,
        dst,
        src: form.uses.has('src') ? src : 0,
        offset: form.fixed.offset ?? 0,
        imm:
          form.fixed.imm ??
          (!form.uses.has('imm') ? 0 : shift ? imm & (form.width - 1) : divides && imm === 0 ? 1 : imm),
        ...(form.kind === 'jump' ? { to: `l${Math.min(at + 1 + skip, steps.length)}` } : {}),
      })
      const register = `r${dst}` as Register
      if (slot)
        lines.push(
          slot[1] ? asm.store(64, 'r10', -8 * slot[0] - 8, register) : asm.load(64, register, 'r10', -8 * slot[0] - 8),
        )
    })
    lines.push(asm.label(`l${steps.length}`))
    for (let register = 1; register <= 9; register += 1)
      lines.push(asm.alu('mul', 'r0', 31), asm.alu('xor', 'r0', `r${register}` as Register))
    return [...lines, asm.exit()]
  })

/** The entry that keeps the whole of r0 in the context, as bytes before the program. */
function wrapped(code: Uint8Array): Uint8Array {
  const entry = asm.assemble([
    asm.mov('r6', 'r1'),
    asm.instruction('call function', { src: 1, imm: 3 }),
    asm.store(64, 'r6', 0, 'r0'),
    asm.mov('r0', 0),
    asm.exit(),
  ]).code
  return Uint8Array.from([...entry, ...code])
}

const R0_BYTES = 8
const r0In = (context: Uint8Array): bigint => new DataView(context.buffer, context.byteOffset).getBigUint64(0, true)

/** How often the kernel was asked and let the program in. */
export const asked = { accepted: 0, refused: 0 }

/** Also on the kernel; a program that its verifier does not let in says nothing. */
export const kernelAgrees = (kernel: Kernel): fc.IAsyncPropertyWithHooks<[Line[]]> =>
  fc.asyncProperty(acceptable, async (lines) => {
    const code = wrapped(asm.assemble(lines).code)
    const spec = objectWith(functionsOf(code))
    const answers = (['jit', 'interp'] as const).map((engine) =>
      r0In(runOn(usedMachine(engine), spec, engine, new Uint8Array(R0_BYTES)).ctx as Uint8Array),
    )
    assert.equal(answers[1], answers[0])
    const answer = await kernel.bare(code, new Uint8Array(R0_BYTES))
    if (typeof answer === 'number') {
      asked.refused += 1
      return
    }
    asked.accepted += 1
    assert.equal(r0In(answer.context), answers[0])
  })

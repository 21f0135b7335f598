// An access that was proved lies in guest memory in every run, though memory changes between any two instructions and
// arguments are anything; and what real programs do much of is proved.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as asm from '../../src/isa/assemble.js'
import type { Line, Register } from '../../src/isa/assemble.js'
import { decode, storesMemory, type Instruction } from '../../src/isa/decode.js'
import type { ProgramSpec } from '../../src/object/spec.js'
import { prove, prover, type Proof } from '../../src/verify/prove.js'
import { DATA, functionSpec, GUEST_BASE, GUEST_END, MEMORY_BYTES, STACK_TOP } from '../jit/harness.js'
import { drafts, programOf } from '../jit/random-programs.js'
import { Evaluator } from '../jit/reference.js'
import { readSpec } from './objects.js'
import { map, specOf } from './programs.js'

/** SKEP_RUNS: more of them. */
const RUNS = Number(process.env['SKEP_RUNS'] ?? 1500)

const XDP: ProgramSpec = { name: 'main', section: 'xdp', type: 'xdp', sleepable: false, entry: 'main' }

class Guarded extends Error {}

/** Numbers that are or look like addresses around the borders, from a seed. */
function hostileNumbers(seed: number): () => bigint {
  let state = seed >>> 0
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 8
  return () => {
    const near = BigInt(next() % 48)
    switch (next() % 6) {
      case 0:
        return BigInt(DATA) + near
      case 1:
        return BigInt(GUEST_END) - near
      case 2:
        return BigInt(GUEST_END) + near
      case 3:
        return BigInt(GUEST_BASE) + near - 8n
      case 4:
        return BigInt(STACK_TOP) - near
      default:
        return (BigInt(next()) << 40n) | (BigInt(next()) << 8n) | near
    }
  }
}

/**
 * Runs what was proved against memory that changes before every step; adds up how often each kind was met. `isProbe`:
 * of the loads, by index, those that would read 0 instead of faulting; the compiler guards none of them.
 */
function check(
  lines: readonly Line[],
  values: readonly bigint[],
  seed: number,
  met: Map<string, number>,
  isProbe: (index: number) => boolean = () => false,
): void {
  const spec = functionSpec('main', lines)
  const loads = decode(spec.code, 'main').filter(({ form }) => form.kind === 'load')
  const probes = new Set(loads.map(({ index }) => index).filter(isProbe))
  const { accesses, guards } = prove(specOf([]), spec, XDP, undefined, probes)
  const view = new DataView(new ArrayBuffer(MEMORY_BYTES))
  const hostile = hostileNumbers(seed)
  const evaluator = new Evaluator(decode(spec.code, 'main'), view)
  evaluator.observe = (instruction: Instruction) => {
    // The context and the frame, as if another CPU had written there.
    for (let at = 0; at < 16; at += 4) view.setUint32(DATA + at, Number(hostile() & 0xffffffffn), true)
    for (let at = STACK_TOP - 64; at < STACK_TOP; at += 8) view.setBigUint64(at, hostile(), true)
    const { index, form, src, dst, offset } = instruction
    if (form.kind !== 'load' && form.kind !== 'store' && form.kind !== 'atomic') return
    const base = evaluator.registers[storesMemory(form) ? dst : src]!
    const address = BigInt.asUintN(64, base + BigInt(offset))
    const inside = address >= BigInt(GUEST_BASE) && address + BigInt(form.width / 8) <= BigInt(GUEST_END)
    const guard = guards.get(index)
    if (guard && inside && !probes.has(index)) {
      const bound = view.getUint32(Number(address), true)
      if (guard === 'start' ? bound < GUEST_BASE : bound > GUEST_END) throw new Guarded()
    }
    const proof = accesses.get(index)
    if (!proof) return
    met.set(proof.kind, (met.get(proof.kind) ?? 0) + 1)
    assert.ok(
      inside,
      `instruction ${index} (${form.name}) was proved '${proof.kind}' and is at 0x${address.toString(16)}`,
    )
    if (proof.kind === 'frame' && proof.offset !== undefined)
      assert.equal(address, BigInt(STACK_TOP + proof.offset), `instruction ${index}`)
  }
  try {
    evaluator.run(300, ...values)
  } catch (error) {
    if (!(error instanceof Guarded)) throw error
  }
}

const value = fc.oneof(
  fc.constant(BigInt(DATA)),
  fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }),
  fc.bigInt({ min: BigInt(GUEST_END - 40), max: BigInt(GUEST_END + 8) }),
)
const seed = fc.integer()

test('proofs hold in every run of random programs, whatever happens to memory', () => {
  const met = new Map<string, number>()
  const rare = (): string[] => ['frame', 'checked'].filter((kind) => (met.get(kind) ?? 0) <= 20)
  // A few programs with loops bring most of the proofs of one kind: where chance gave none, it is asked again.
  for (let round = 0; round === 0 || (round < 20 && rare().length > 0); round++)
    fc.assert(
      fc.property(drafts, fc.array(value, { minLength: 3, maxLength: 3 }), seed, (list, [r3, r4, r5], from) =>
        check(programOf(list), [BigInt(DATA), BigInt(DATA + 512), r3!, r4!, r5!], from, met),
      ),
      { numRuns: Math.ceil(RUNS / 2) },
    )
  assert.deepEqual(rare(), [], `seldom met: ${JSON.stringify([...met])}`)
})

/** Programs that load, move and compare the bounds of a packet in any order. */
const packetPiece = fc.record({
  what: fc.constantFrom(
    'bound',
    'room',
    'room',
    'room',
    'room',
    'copy',
    'move',
    'move',
    'index',
    'length',
    'test',
    'test',
    'test',
    'access',
    'access',
    'access',
    'spill',
    'reload',
    'loop',
  ),
  one: fc.constantFrom(2, 3, 4, 5, 7, 8),
  other: fc.constantFrom(2, 3, 4, 5, 7, 8),
  ctx: fc.constantFrom(1, 6),
  step: fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 0, max: 24 }) }, fc.integer({ min: -40, max: 70000 })),
  width: fc.constantFrom(8, 16, 32, 64),
  comparison: fc.constantFrom('gt', 'ge', 'lt', 'le', 'eq', 'ne'),
  to: fc.nat(1000),
})

function packetProgram(pieces: readonly (typeof packetPiece extends fc.Arbitrary<infer T> ? T : never)[]): Line[] {
  const lines: Line[] = [
    asm.mov('r6', 'r1'),
    asm.load(32, 'r2', 'r1', 0),
    asm.load(32, 'r3', 'r6', 4),
    asm.mov('r7', 'r2'),
    asm.mov('r0', 0),
    asm.mov('r8', 7),
  ]
  pieces.forEach(({ what, one, other, ctx, step, width, comparison, to }, at) => {
    const [a, b, from] = [`r${one}`, `r${other}`, `r${ctx}`] as [Register, Register, Register]
    const label = `l${what === 'loop' ? to % (pieces.length + 1) : Math.min(pieces.length, at + 1 + (to % 6))}`
    const near = step % 32
    lines.push(asm.label(`l${at}`))
    if (what === 'bound') lines.push(asm.load(32, a, from, to % 3 === 0 ? 4 : to % 7 === 0 ? 8 : 0))
    if (what === 'copy') lines.push(asm.mov(a, b))
    if (what === 'move') lines.push(asm.alu('add', a, step))
    if (what === 'index') lines.push(asm.alu('and', 'r0', to % 2 === 0 ? 0x3c : -1), asm.alu('add', a, 'r0'))
    if (what === 'length') lines.push(asm.load(8, 'r0', a, near))
    if (what === 'test') lines.push(asm.jump(comparison as asm.Comparison, a, b, label))
    if (what === 'access' && to % 4 !== 0) lines.push(asm.load(width as 8, 'r0', a, near))
    if (what === 'access' && to % 4 === 0) lines.push(asm.store(width as 8, a, near, 'r0'))
    if (what === 'spill') lines.push(asm.store(64, 'r10', -8 - 8 * (to % 3), to % 2 === 0 ? from : a))
    if (what === 'reload') lines.push(asm.load(64, to % 2 === 0 ? from : a, 'r10', -8 - 8 * (to % 3)))
    // As parsers do it: is there room for so many bytes?
    if (what === 'room')
      lines.push(asm.mov(a, b), asm.alu('add', a, near), asm.jump('gt', a, 'r3', label), asm.load(8, 'r0', b, near - 1))
    if (what === 'loop') lines.push(asm.jump('ne', 'r0', 0, label))
  })
  return [...lines, asm.label(`l${pieces.length}`), asm.exit()]
}

test('proofs about packets hold, though the bounds that a program loads may be lies', () => {
  const met = new Map<string, number>()
  fc.assert(
    fc.property(
      fc.array(packetPiece, { minLength: 3, maxLength: 30, size: 'max' }),
      seed,
      fc.oneof(fc.constant(0), fc.nat()),
      // Some of these programs have loads that may go through kernel pointers, the packet's bounds among them.
      (pieces, from, probes) =>
        check(packetProgram(pieces), [BigInt(DATA)], from, met, (index) => probes !== 0 && (index + probes) % 3 === 0),
    ),
    { numRuns: 2 * RUNS },
  )
  for (const kind of ['packet', 'checked']) assert.ok((met.get(kind) ?? 0) > 20, `${kind}: ${met.get(kind)}`)
})

function proofsOf(
  lines: readonly Line[],
  more: { program?: ProgramSpec; maps?: ReturnType<typeof map>[] } = {},
): (Proof | undefined)[] {
  const fn = functionSpec('main', lines)
  const { accesses } = prove(specOf([], more.maps), fn, more.program)
  return decode(fn.code, 'main')
    .filter(({ form }) => form.kind === 'load' || form.kind === 'store')
    .map(({ index }) => accesses.get(index))
}

test('the same bytes through the same address are checked once, on every way', () => {
  const lines = [
    asm.mov('r6', 'r1'),
    asm.load(64, 'r0', 'r6', 8),
    asm.jump('eq', 'r0', 0, 'other'),
    asm.load(64, 'r2', 'r1', 0),
    asm.load(32, 'r3', 'r6', 12),
    asm.jump('eq', 'r0', 1, 'end'),
    asm.label('other'),
    asm.load(32, 'r4', 'r6', 0),
    asm.label('end'),
    asm.load(8, 'r5', 'r6', 15),
    asm.exit(),
  ]
  const checked = { kind: 'checked' }
  assert.deepEqual(proofsOf(lines), [undefined, undefined, checked, undefined, checked])
})

test('a pointer that moves on in a loop is checked again', () => {
  const lines = [
    asm.mov('r0', 0),
    asm.label('loop'),
    asm.load(64, 'r2', 'r1', 0),
    asm.load(8, 'r3', 'r1', 4),
    asm.alu('add', 'r1', 8),
    asm.jump('ne', 'r2', 0, 'loop'),
    asm.exit(),
  ]
  assert.deepEqual(proofsOf(lines), [undefined, { kind: 'checked' }])
})

test('variables and values that lookups answered are proved by their size, after the comparison with 0', () => {
  const lines = [
    asm.loadReference('r1', { kind: 'map-value', map: '.bss', offset: 8 }),
    asm.store(64, 'r1', 0, 1),
    asm.store(64, 'r1', 8, 1),
    asm.mov('r2', 'r10'),
    asm.alu('add', 'r2', -4),
    asm.store(32, 'r2', 0, 0),
    asm.loadReference('r1', { kind: 'map', map: 'values' }),
    asm.call(1),
    asm.load(64, 'r3', 'r0', 0),
    asm.jump('eq', 'r0', 0, 'end'),
    asm.load(64, 'r3', 'r0', 40),
    asm.load(64, 'r3', 'r0', 41),
    asm.label('end'),
    asm.exit(),
  ]
  const maps = [map('.bss', { maxEntries: 1, valueSize: 16 }), map('values')]
  assert.deepEqual(proofsOf(lines, { maps }), [
    { kind: 'value', map: '.bss', offset: 8, least: 8 },
    undefined,
    { kind: 'frame', offset: -4 },
    undefined,
    { kind: 'value', map: 'values', offset: undefined, least: undefined },
    undefined,
  ])
})

test('in a loop what a mask bounds is proved, though another register counts', () => {
  const at = (index: Register, bytes: number): Line[] => [
    asm.loadReference('r6', { kind: 'map-value', map: '.bss', offset: bytes }),
    asm.alu('add', 'r6', index),
    asm.load(8, 'r7', 'r6', 0),
  ]
  const lines = [
    asm.mov('r4', 64),
    asm.mov('r8', 0),
    asm.alu('and', 'r1', 31, 32),
    asm.label('masked'),
    ...at('r1', 0),
    asm.alu('add', 'r8', 'r7'),
    asm.alu('add', 'r1', 'r7'),
    asm.alu('and', 'r1', 63, 32),
    asm.alu('sub', 'r4', 1),
    asm.jump('ne', 'r4', 0, 'masked'),
    ...at('r4', 0),
    asm.exit(),
  ]
  assert.deepEqual(proofsOf(lines, { maps: [map('.bss', { maxEntries: 1, valueSize: 64 })] }), [
    { kind: 'value', map: '.bss', offset: undefined, least: 0 },
    { kind: 'value', map: '.bss', offset: 0, least: 0 },
  ])
})

test('in a loop of several blocks the range of a counter ends at its bound, also within another loop', () => {
  const at = (index: Register): Line[] => [
    asm.loadReference('r6', { kind: 'map-value', map: '.bss', offset: 0 }),
    asm.alu('add', 'r6', index),
    asm.load(8, 'r7', 'r6', 0),
  ]
  const lines = [
    asm.mov('r4', 0),
    asm.label('outer'),
    asm.mov('r5', 3),
    asm.label('inner'),
    ...at('r5'),
    asm.jump('eq', 'r7', 0, 'next'),
    ...at('r4'),
    asm.label('next'),
    asm.alu('add', 'r5', 1),
    asm.jump('lt', 'r5', 64, 'inner'),
    asm.alu('add', 'r4', 1),
    asm.jump('le', 'r4', 64, 'outer'),
    asm.exit(),
  ]
  assert.deepEqual(proofsOf(lines, { maps: [map('.bss', { maxEntries: 1, valueSize: 64 })] }), [
    { kind: 'value', map: '.bss', offset: undefined, least: 0 },
    // It gets to 64.
    undefined,
  ])
})

test('what one way through a loop knows is not proved where another one gives a spin lock back', () => {
  const lines = [
    asm.mov('r8', 0),
    asm.mov('r9', 0),
    asm.label('loop'),
    asm.loadReference('r6', { kind: 'map-value', map: '.bss', offset: 0 }),
    asm.alu('add', 'r6', 'r8'),
    asm.load(8, 'r7', 'r6', 0),
    asm.alu('add', 'r9', 1),
    asm.mov('r8', 'r7'),
    asm.alu('and', 'r8', 63, 32),
    asm.jump('ne', 'r7', 7, 'next'),
    asm.mov('r1', 'r6'),
    asm.call(94),
    asm.mov('r8', 1000),
    asm.label('next'),
    asm.jump('lt', 'r9', 100, 'loop'),
    asm.exit(),
  ]
  assert.deepEqual(proofsOf(lines, { maps: [map('.bss', { maxEntries: 1, valueSize: 64 })] }), [undefined])
})

test('most accesses of a packet parser need no check', () => {
  const spec = readSpec('examples/flow-timeout/flow-timeout.bpf.o')
  const prove = prover(spec)
  let all = 0
  let proved = 0
  for (const fn of spec.functions.values()) {
    const { accesses } = prove(fn)
    proved += accesses.size
    all += decode(fn.code, fn.name).filter(({ form }) => ['load', 'store', 'atomic'].includes(form.kind)).length
  }
  assert.ok(proved > 0.7 * all, `${proved} of ${all}`)
})

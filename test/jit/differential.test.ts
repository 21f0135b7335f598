// Random programs on the compiler and on the reference evaluator: same result, same memory, same fault in the same
// place.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as asm from '../../src/isa/assemble.js'
import { decode } from '../../src/isa/decode.js'
import { buildGraph } from '../../src/jit/graph.js'
import { compare } from './comparison.js'
import { drafts, programOf } from './random-programs.js'
import { DATA, GUEST_BASE, GUEST_END, functionSpec } from './harness.js'

const value = fc.oneof(fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }), fc.bigInt({ min: 0n, max: 100n }))

test('random programs behave as in the reference: result, memory, faults and their places', () => {
  const endings: Record<string, number> = {}
  let irreducible = 0
  fc.assert(
    fc.property(drafts, value, value, value, (list, r3, r4, r5) => {
      const lines = programOf(list)
      irreducible += buildGraph(decode(functionSpec('main', lines).code, 'main')).dispatched > 0 ? 1 : 0
      const ending = compare(lines, [BigInt(DATA), BigInt(DATA + 512), r3, r4, r5])
      endings[ending] = (endings[ending] ?? 0) + 1
    }),
    { numRuns: Number(process.env['SKEP_FUZZ_RUNS'] ?? 600) },
  )
  // The generator is worth its name only if it gets everywhere.
  assert.ok(endings['exit']! > 100 && endings['fault']! > 50, JSON.stringify(endings))
  assert.ok(irreducible > 50, `${irreducible} irreducible graphs`)
})

test('next to the edges of the window a program faults where the reference does, and has done the same before', () => {
  const endings: Record<string, number> = {}
  const edge = fc
    .tuple(fc.constantFrom(GUEST_BASE, GUEST_END), fc.integer({ min: -160, max: 160 }))
    .map(([at, distance]) => BigInt(at + distance))
  fc.assert(
    fc.property(drafts, edge, edge, value, (list, r1, r2, r3) => {
      const ending = compare(programOf(list), [r1, r2, r3])
      endings[ending] = (endings[ending] ?? 0) + 1
    }),
    { numRuns: Number(process.env['SKEP_FUZZ_RUNS'] ?? 600) },
  )
  assert.ok(endings['exit']! > 50 && endings['fault']! > 100, JSON.stringify(endings))
})

test('accesses through two registers next to an edge fault where the reference does, and have done the same before', () => {
  const access = fc.record({
    width: fc.constantFrom(8, 16, 32, 64),
    offset: fc.integer({ min: -40, max: 40 }),
    base: fc.constantFrom('r1', 'r1', 'r3'),
    what: fc.constantFrom('load', 'load', 'store', 'frame', 'move'),
  })
  fc.assert(
    fc.property(
      fc.array(access, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: -60, max: 60 }),
      (list, distance) => {
        const lines = list.map(({ width, offset, base, what }) =>
          what === 'load'
            ? asm.load(width as 8, 'r0', base, offset)
            : what === 'store'
              ? asm.store(width as 8, base, offset, 'r2')
              : what === 'frame'
                ? asm.store(64, 'r10', -8 * (41 + offset), 'r0')
                : asm.alu('add', base, offset >> 2),
        )
        for (const edge of [GUEST_BASE, GUEST_END])
          compare([asm.mov('r0', 0), ...lines, asm.exit()], [BigInt(edge + distance), 7n, BigInt(edge - distance)])
      },
    ),
    { numRuns: 500 },
  )
})

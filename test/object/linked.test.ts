// An object that `bpftool gen object` linked from two units: names that both have, a map and functions across them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boot } from '../../src/index.js'
import { findUnsupported } from '../../src/object/check.js'
import { fixtureBytes, get, readFixture } from './fixture.js'

for (const engine of ['jit', 'interp'] as const)
  test(`a linked object runs as one (${engine})`, () => {
    using machine = boot.virtual()
    const linked = machine.load(fixtureBytes('linked'), { engine })
    const data = new Uint8Array(64)
    // The strong function of the other unit.
    assert.equal(linked.programs['in_b']!.run({ data }).retval, 200)
    assert.equal(linked.variables['shared_count']!.get(), 3n)
    assert.equal(linked.programs['in_c']!.run({ data }).retval, 2)
    assert.equal(linked.variables['shared_count']!.get(), 4n)
    machine.clock.advance('2 ms')
    const hits = linked.maps['counters']!.entries().map(([, value]) => (value as { hits: bigint }).hits)
    assert.deepEqual(hits, [2n, 1007n])
  })

test('what the first unit had as extern lies where the linker put it, and a weak function that lost is no function', () => {
  using machine = boot.virtual()
  const { programs, maps, variables } = machine.load(fixtureBytes('linked-late'))
  const data = new Uint8Array(64)
  assert.deepEqual([programs['in_e']!.run({ data }).retval, programs['in_d']!.run({ data }).retval], [2, 2])
  const values = ['first_of_d', 'second_of_d', 'first_of_e', 'second_of_e'].map((name) => maps[name]!.get(0))
  assert.deepEqual(values, [0n, 11n, 0n, 11n])
  const numbers = ['left_for_d', 'left_for_e', 'seen_by_d', 'seen_by_e'].map((name) => variables[name]!.get())
  assert.deepEqual(numbers, [5n, 7n, 5n, 200n])
})

test('static functions of one name stay apart, and each instruction has the line of its own unit', () => {
  const { functions } = readFixture('linked')
  assert.ok(get(functions, 'local').isStatic && get(functions, 'local#2').isStatic)
  const files = new Set([...functions.values()].flatMap(({ lines }) => lines.map(({ file }) => file.split('/').at(-1))))
  assert.deepEqual([...files].sort(), ['linked-b.bpf.c', 'linked-c.bpf.c'])
})

test('a unit that is not linked yet names what it lacks', () => {
  assert.deepEqual(findUnsupported(readFixture('linked-c')), [
    "extern 'counters'",
    "extern 'shared_count'",
    "function 'arm' is called but not defined (and is no __ksym)",
  ])
})

// What makes the search small loses nothing: quiet accesses, merged states, private words, compared with every
// interleaving by itself on random programs. And its memory has a bound.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { explore, Stage, subject } from '../../src/explore/index.js'
import type { Cpu, Subject } from '../../src/explore/index.js'
import { check } from '../../src/explore/check.js'
import { named } from './named.js'
import { verdictLine } from '../../src/report/check-text.js'
import { plain } from '../../src/report/style.js'

type Access = [kind: 'load' | 'store' | 'add' | 'cas', word: number, value: number]

const access: fc.Arbitrary<Access> = fc.tuple(
  fc.constantFrom('load' as const, 'store' as const, 'add' as const, 'cas' as const),
  fc.nat(2),
  fc.integer({ min: 1, max: 2 }),
)

/** What the access read; a second access depends on it where it is a load. */
function perform(cpu: Cpu, [kind, word, value]: Access): number {
  if (kind === 'load') return cpu.load32(word * 4)
  if (kind === 'add') return cpu.add32(word * 4, value)
  if (kind === 'cas') return cpu.compareExchange32(word * 4, value - 1, value)
  cpu.store32(word * 4, value)
  return 0
}

const stage = (): Stage => new Stage({ memory: 64, cpus: 2, ghost: 1 })

/**
 * Programs of two CPUs, one in NMI if there are three; each answers all that it read and skips what a 0 tells it to
 * skip.
 */
function programs(scripts: readonly (readonly Access[])[]): Subject {
  const [first, second, third] = scripts.map((accesses, index) => ({
    name: `program${index}`,
    run(cpu: Cpu) {
      const read: number[] = []
      for (const one of accesses) if (one[0] !== 'cas' || read.at(-1) !== 0) read.push(perform(cpu, one))
      return read.join('')
    },
  }))
  return subject({
    name: 'random',
    stage: stage(),
    cpus: [{ operations: [first!], nmi: third ? [third] : [] }, { operations: [second!] }],
  })
}

test('the reduced search reaches the same outcomes as every interleaving by itself', () => {
  const script = fc.array(access, { minLength: 1, maxLength: 4 })
  let merged = 0
  let apart = 0
  fc.assert(
    fc.property(fc.array(script, { minLength: 2, maxLength: 2 }), fc.option(access), (scripts, nmi) => {
      const build = (): Subject => programs(nmi ? [...scripts, [nmi]] : scripts)
      const [reduced, naive] = [explore(build()), explore(build(), { naive: true, full: true })]
      assert.ok(reduced.complete && naive.complete)
      assert.deepEqual([...reduced.outcomes].sort(), [...naive.outcomes].sort())
      merged += reduced.states
      apart += naive.states
    }),
    { numRuns: 120 },
  )
  assert.ok(merged * 2 < apart, `${merged} states instead of ${apart}`)
})

/** A program that answers all that it read. */
const program = (name: string, accesses: readonly Access[], afterStop = false) => ({
  name,
  afterStop,
  run: (cpu: Cpu) => accesses.map((one) => perform(cpu, one)).join(''),
})

test('what an operation that is over used holds nobody up, and no outcome is lost by it', () => {
  const two = fc.array(access, { minLength: 1, maxLength: 2 })
  let smaller = 0
  fc.assert(
    fc.property(fc.array(two, { minLength: 4, maxLength: 4 }), fc.boolean(), fc.boolean(), (four, stops, ends) => {
      const build = (): Subject => {
        const [a, b, c, d] = four.map((accesses, index) => program(`p${index}`, accesses, index === 3 && stops))
        return subject({
          name: 'random',
          stage: new Stage({ memory: 64, cpus: 3 }),
          cpus: [{ operations: ends ? [a!] : [a!, b!], mayStop: stops }, { operations: [c!] }, { operations: [d!] }],
          // What is left in memory is an outcome, too: the check at rest sees it.
          atRest: (view) => void left.add([0, 4, 8].map((at) => view.load32(at)).join()),
        })
      }
      let left = new Set<string>()
      const few = explore(build())
      const seen = left
      left = new Set()
      const all = explore(build(), { full: true })
      assert.ok(few.complete && all.complete)
      assert.deepEqual([...few.outcomes].sort(), [...all.outcomes].sort())
      assert.deepEqual([...seen].sort(), [...left].sort())
      if (few.states < all.states) smaller++
    }),
    { numRuns: 80 },
  )
  assert.ok(smaller > 0, 'no search has become smaller')
})

test('what a check in every state is to see is not passed over', () => {
  const seen = new Set<string>()
  const a = program('a', [
    ['store', 0, 1],
    ['store', 0, 2],
  ])
  const report = explore(
    subject({
      name: 'two words',
      stage: new Stage({ memory: 64, cpus: 2 }),
      // Once b is over nobody but the check sees what a does.
      cpus: [{ operations: [a] }, { operations: [program('b', [['load', 0, 0]]), program('c', [['store', 1, 1]])] }],
      check: (view) => void seen.add(`${view.load32(0)}${view.load32(4)}`),
    }),
  )
  assert.ok(report.complete)
  assert.deepEqual([...seen].sort(), ['00', '01', '10', '11', '20', '21'])
})

test('subjects of the shipped protocol have the same outcomes without the quiet accesses', () => {
  for (const entry of named([
    'pair/uninitialised/init/init',
    'pair/idle-bound/set1/free',
    'no-memory/uninitialised/init/init',
  ])) {
    const [reduced, full] = [explore(entry.subject(false)), explore(entry.subject(false), { full: true })]
    assert.ok(reduced.complete && full.complete, entry.name)
    assert.deepEqual([...reduced.outcomes].sort(), [...full.outcomes].sort(), entry.name)
    assert.ok(reduced.states < full.states, entry.name)
  }
})

test('the set of states stays within its bytes, says how many they are, and the verdict is then incomplete', () => {
  const entry = named(['no-memory/three'])[0]!
  const limit = 1 << 20
  const { complete, gaveUp, bytes, states, failure } = explore(entry.subject(false), { maxBytes: limit })
  assert.equal(failure, undefined)
  assert.deepEqual([complete, gaveUp], [false, 'memory'])
  assert.ok(bytes <= limit && bytes > limit / 4, `${bytes} bytes`)
  assert.ok(states > 10_000)
  const late = check(entry, { maxMilliseconds: 1 })
  assert.deepEqual([late.verdict, late.gaveUp], ['incomplete', 'time'])
  assert.match(
    verdictLine({ ...late, gaveUp: 'memory', bytes: limit }, plain),
    /, given up: the set of states .* 1 MiB/,
  )
  assert.match(verdictLine(late, plain), /^incomplete .*, given up: its time is over$/)
})

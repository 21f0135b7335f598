// Two ways to find plain accesses that race: sets of what may come right after each other, over all executions, and
// vector clocks, in one execution. They agree, and the shipped core is clean by both.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { explore, exploreAtRandom, Stage, subject } from '../../src/explore/index.js'
import type { Cpu, Subject } from '../../src/explore/index.js'
import { check, checkable } from '../../src/explore/check.js'
import { failureLines } from '../../src/report/check-text.js'
import { plain } from '../../src/report/style.js'
import { named } from './named.js'

/**
 * One access of a random program to word `word`; if `needs` is given only after that word was read as not 0. Words 3
 * and 4 are never needed: only they are filled and copied to, for an order that such a write makes is one for the
 * clocks only.
 */
interface Access {
  kind: 'peek' | 'poke' | 'load' | 'store' | 'exchange' | 'cas' | 'add' | 'fill' | 'copy'
  word: number
  needs: number | undefined
}

const access: fc.Arbitrary<Access> = fc.record({
  kind: fc.constantFrom('peek', 'poke', 'load', 'store', 'exchange', 'cas', 'add', 'fill', 'copy'),
  word: fc.nat(4),
  needs: fc.option(fc.nat(2), { nil: undefined, freq: 2 }),
})

function perform(cpu: Cpu, { kind, word, needs }: Access): void {
  if (needs !== undefined && cpu.load32(needs * 4) === 0) return
  const at = word * 4
  if (kind === 'peek') cpu.peek32(at)
  else if (kind === 'poke') cpu.poke32(at, 1)
  else if (kind === 'load') cpu.load32(at)
  else if (kind === 'store') cpu.store32(at, 1)
  else if (kind === 'exchange') cpu.exchange32(at, 2)
  else if (kind === 'cas') cpu.compareExchange32(at, 1, 3)
  else if (kind === 'add') cpu.add32(at, 1)
  else if (kind === 'fill') cpu.fill(13, 1, 6)
  else cpu.copy(word === 3 ? 16 : 12, at, 4)
}

const stage = new Stage({ memory: 64, cpus: 3 })

const programs = (scripts: readonly (readonly Access[])[]): Subject =>
  subject({
    name: 'random',
    stage,
    cpus: scripts.map((accesses, index) => ({
      operations: [{ name: `program ${index}`, run: (cpu) => accesses.forEach((one) => perform(cpu, one)) }],
    })),
  })

const together = (...runs: ((cpu: Cpu) => void)[]): Subject =>
  subject({ name: 'runs', stage, cpus: runs.map((run, at) => ({ operations: [{ name: `operation ${at}`, run }] })) })

test('sets over all executions and vector clocks in single ones find the same races', () => {
  const script = fc.array(access, { minLength: 1, maxLength: 4 })
  let racing = 0
  let clean = 0
  fc.assert(
    fc.property(fc.array(script, { minLength: 2, maxLength: 3 }), fc.nat(1000), (scripts, seed) => {
      const found = explore(programs(scripts)).failure
      const walked = exploreAtRandom(programs(scripts), { seed, walks: 60, switchEvery: 1 }).failure
      if (walked) assert.match(found?.message ?? 'the search finds none', /races with CPU/)
      if (!found) return void clean++
      racing++
      const { race, lines } = found.trace
      assert.ok(race, `the clocks see none in\n${lines.map(({ cpu, text }) => `${cpu} ${text}`).join('\n')}`)
      const [one, other] = race.map((at) => lines[at]!)
      assert.notEqual(one!.cpu, other!.cpu)
      if (![one, other].some((line) => /^(fill|copy)/.test(line!.text))) assert.equal(one!.place, other!.place)
      assert.ok([one, other].some((line) => /^(peek|poke)/.test(line!.text)))
    }),
    { numRuns: 150 },
  )
  assert.ok(racing > 20 && clean > 20, `${racing} race, ${clean} do not`)
})

test('an atomic access orders what comes before it and what comes after; one that was overwritten does not', () => {
  const publish = (cpu: Cpu): void => {
    cpu.poke32(0, 1)
    cpu.store32(4, 1)
  }
  const consume = (cpu: Cpu): void => void (cpu.load32(4) === 1 && cpu.peek32(0))
  const walks = (one: Subject) => exploreAtRandom(one, { walks: 300, switchEvery: 1 }).failure?.message
  assert.equal(walks(together(publish, consume)), undefined)
  assert.match(walks(together(publish, (cpu) => consume(cpu), (cpu) => cpu.store32(4, 1))) ?? '', /races with CPU/) // prettier-ignore
})

test('a copy or a fill races with a plain access to any byte of its range, and is named with it', () => {
  const races: [run: (cpu: Cpu) => void, plain: (cpu: Cpu) => void, at: RegExp, line: RegExp][] = [
    [(cpu) => cpu.copy(32, 0, 16), (cpu) => cpu.poke32(8, 1), /0x8/, /^copy 0x0 to 0x20, 16 bytes/], // what it reads
    [(cpu) => cpu.copy(32, 0, 16), (cpu) => cpu.poke32(40, 1), /0x28/, /^copy 0x0 to 0x20, 16 bytes/], // what it writes
    [(cpu) => cpu.copy(32, 0, 16), (cpu) => cpu.peek32(44), /0x2c/, /^copy 0x0 to 0x20, 16 bytes/],
    [(cpu) => cpu.fill(7, 1, 10), (cpu) => cpu.peek32(4), /0x7/, /^fill 0x7, 10 bytes with 0x1/],
    [(cpu) => cpu.fill(7, 1, 10), (cpu) => cpu.poke32(16, 1), /0x10/, /^fill 0x7, 10 bytes with 0x1/],
  ]
  for (const [run, plain, at, line] of races) {
    const { failure } = explore(together(run, plain))
    assert.match(failure?.message ?? 'none', /a plain access races with CPU \d at/)
    assert.match(failure!.message, at)
    assert.ok(failure!.trace.race!.some((index) => line.test(failure!.trace.lines[index]!.text)))
    assert.match(exploreAtRandom(together(run, plain), { walks: 50 }).failure?.message ?? 'none', at)
  }
})

test('a copy races with nothing beside its range, with no read of what it reads, no other copy, and nothing that is ordered', () => {
  const copies = (cpu: Cpu): void => cpu.copy(32, 0, 16)
  const clean: ((cpu: Cpu) => void)[][] = [
    [copies, (cpu) => cpu.poke32(16, 1)],
    [copies, (cpu) => void cpu.peek32(8)],
    [copies, copies],
    [copies, (cpu) => cpu.store32(8, 1)],
    [(cpu) => (cpu.poke32(8, 1), cpu.store32(48, 1)), (cpu) => void (cpu.load32(48) === 1 && copies(cpu))],
    [(cpu) => (copies(cpu), cpu.store32(48, 1)), (cpu) => void (cpu.load32(48) === 1 && cpu.poke32(8, 1))],
  ]
  for (const runs of clean) {
    assert.equal(explore(together(...runs)).failure?.message, undefined, String(runs))
    assert.equal(exploreAtRandom(together(...runs), { walks: 100, switchEvery: 1 }).failure?.message, undefined)
  }
  // Ordered by a store that comes before the copy: not ordered.
  const early = together(
    (cpu) => (cpu.store32(48, 1), copies(cpu)),
    (cpu) => void (cpu.load32(48) === 1 && cpu.poke32(8, 1)),
  )
  assert.match(explore(early).failure?.message ?? 'none', /races with CPU/)
})

test('a race is reported with both accesses, plain ones too', () => {
  const race = checkable({
    name: 'race',
    subject: () => programs([[{ kind: 'poke', word: 0, needs: undefined }], [{ kind: 'load', word: 0, needs: undefined }]]), // prettier-ignore
  })
  const { failure } = check(race)
  const text = failureLines(failure!, plain, 120).join('\n')
  assert.match(text, /program 0 \(CPU 0\): poke 0x0 0 → 1, and program 1 \(CPU 1\): load 0x0 = \d\./)
  assert.match(text, /program 0:\n\s+poke 0x0 0 → 1/)
})

test('random walks find no race in the shipped protocol, its maps and its smallest parts', () => {
  const entries = named(['parts', 'hazard/H7', 'pair/due-on-cpu-0/poll', 'map']).filter((_, at) => at % 50 === 0)
  assert.ok(entries.length > 15)
  for (const entry of entries) {
    const { failure } = exploreAtRandom(entry.subject(false), { walks: 3, seed: entry.name.length })
    assert.equal(failure?.message, undefined, entry.name)
  }
})

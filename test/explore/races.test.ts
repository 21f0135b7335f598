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

/** One access of a random program to word `word`; if `needs` is given only after that word was read as not 0. */
interface Access {
  kind: 'peek' | 'poke' | 'load' | 'store' | 'exchange' | 'cas' | 'add'
  word: number
  needs: number | undefined
}

const access: fc.Arbitrary<Access> = fc.record({
  kind: fc.constantFrom('peek', 'poke', 'load', 'store', 'exchange', 'cas', 'add'),
  word: fc.nat(2),
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
  else cpu.add32(at, 1)
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
      assert.equal(one!.place, other!.place)
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
  const both = (...runs: ((cpu: Cpu) => void)[]) =>
    subject({ name: 'both', stage, cpus: runs.map((run, at) => ({ operations: [{ name: `operation ${at}`, run }] })) })
  const walks = (one: Subject) => exploreAtRandom(one, { walks: 300, switchEvery: 1 }).failure?.message
  assert.equal(walks(both(publish, consume)), undefined)
  assert.match(walks(both(publish, (cpu) => consume(cpu), (cpu) => cpu.store32(4, 1))) ?? '', /races with CPU/) // prettier-ignore
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

// Allocations that fail: the explorer's choice at every one of them. What has no memory answers so and has changed
// nothing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allocationsFail, explore, replay, Stage, subject } from '../../src/explore/index.js'
import type { Cpu, Subject, TraceLine } from '../../src/explore/index.js'
import { check } from '../../src/explore/check.js'
import { named } from './named.js'

const stage = new Stage({ memory: 64, cpus: 1 })
const [FIRST, SECOND] = [0, 4]

/** Takes two objects; `forgets` the first if there is no second. */
const taking = (forgets: boolean): Subject =>
  subject({
    name: 'two objects',
    stage,
    allocationsFail: true,
    cpus: [
      {
        operations: [
          {
            name: 'take',
            run(cpu: Cpu) {
              if (cpu.mayFail()) return 'no first'
              cpu.store32(FIRST, 1)
              if (cpu.mayFail()) {
                if (!forgets) cpu.store32(FIRST, 0)
                return 'no second'
              }
              cpu.store32(SECOND, 1)
              return 'both'
            },
          },
        ],
      },
    ],
    atRest: (view) => (view.load32(FIRST) === view.load32(SECOND) ? undefined : 'an object leaks'),
  })

test('each allocation fails once, and one that is forgotten then is found and replayed', () => {
  const { outcomes, failure, ownSteps } = explore(taking(false))
  assert.equal(failure, undefined)
  assert.deepEqual([...outcomes].sort(), ['take=both', 'take=no first', 'take=no second'])
  assert.deepEqual(ownSteps.get('take'), { steps: 2, repeats: false }) // the question is no step of its own
  assert.deepEqual([...explore({ ...taking(true), allocationsFail: false }).outcomes], ['take=both'])
  const leak = explore(taking(true)).failure!
  assert.equal(leak.message, 'an object leaks')
  assert.equal(leak.token, 'a2~')
  assert.equal(replay(taking(true), leak.token).message, leak.message)
  assert.deepEqual(
    leak.trace.lines.map(({ text }) => text),
    ['the allocation succeeds', 'store 0x0 0 → 1', 'the allocation FAILS'],
  )
})

/** The lines of a CPU's only operation, alone, if the allocation after so many accesses fails (none: if none does). */
function alone(one: Subject, failsAfter?: number): TraceLine[] {
  const begin = failsAfter === undefined ? 'a' : `a${failsAfter === 0 ? '' : failsAfter}~`
  for (let rest = 1; rest < 1000; rest++) {
    const { lines, message } = replay(one, `${begin}${rest}`)
    if (message !== undefined) assert.fail(message)
    if (lines.at(-1)!.result !== undefined) return lines
  }
  return assert.fail('it does not end')
}

const isAllocation = ({ text }: TraceLine): boolean => text === 'the allocation succeeds'

test('whatever of the core allocates sees every one of its allocations fail', () => {
  // Operation, and what it answers if its first, its second … allocation alone fails. A hash map tries another element.
  const cases: [subject: string, cpu: number, answers: string[]][] = [
    ['pair/uninitialised/init/init', 0, ['-ENOMEM']],
    ['work/uninitialised/init/init', 0, ['-ENOMEM']],
    ['map/1-holding-none/update-2/update-2', 0, ['0']],
    ['queue/0-of-1/push/push', 0, ['-ENOMEM', '-ENOMEM']],
    ['stack/0-of-1/push/push', 0, ['-ENOMEM', '-ENOMEM']],
    ['trie/holding-none/set-1/set-1', 0, ['-ENOMEM', '-ENOMEM', '-ENOMEM', '-ENOMEM']],
  ]
  for (const [name, cpu, answers] of cases) {
    const whole = named([name])[0]!.subject(false)
    const { atRest: _, model: __, ...rest } = whole
    const one = allocationsFail({ ...rest, cpus: [{ operations: [whole.cpus[cpu]!.operations[0]!] }] })
    const good = alone(one)
    assert.equal(good.at(-1)!.result, '0', name)
    const places = good.flatMap((line, at) => (isAllocation(line) ? [at] : []))
    const seen = places.map((at) => alone(one, at).at(-1)!.result)
    assert.deepEqual(seen, answers, name)
  }
})

test('with allocations that fail at any place the shipped operations keep every rule, on two CPUs, in NMI, beside a stop', () => {
  const names = [
    'pair/uninitialised/init/init',
    'pair/uninitialised/init/cancel+nmi',
    'pair/uninitialised/init/later+stop',
    'no-memory/uninitialised/init/init',
    'work/uninitialised/init/init',
    'map/1-holding-none/delete-1/replace-2+stop',
    'map/lru/2/update-1/look-up-1+nmi',
    'queue/0-of-1/push/push',
    'queue/3-of-3/overwrite/push+nmi',
    'stack/0-of-1/push/push',
    'trie/holding-10-110/next-of-10/set-110+nmi',
    'trie/holding-none/delete-1/delete-110+nmi',
  ]
  for (const entry of named(names)) {
    const [usual, failing] = [check(entry), check(entry, { allocationsFail: true })]
    assert.equal(failing.failure?.message, undefined, entry.name)
    assert.equal(failing.verdict, 'holds', entry.name)
    assert.ok(failing.states > usual.states, entry.name)
  }
})

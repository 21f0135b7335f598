// Waiting, as the explorer sees it: locks and turns, sleep and wake, NMIs into the holder, CPUs that stop, livelocks.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explore, Stage, subject } from '../../src/explore/index.js'
import type { Operation, Report, Subject } from '../../src/explore/index.js'
import { fixtureStage } from './fixture.js'

const AT = 64

const holds = (report: Report): void => {
  assert.equal(report.failure, undefined, report.failure?.message)
  assert.equal(report.complete, true)
}
const fails = (report: Report, pattern: RegExp): void => assert.match(report.failure?.message ?? 'it holds', pattern)

/** Enters a critical section by `enter`, checks that it is alone there, leaves by `leave`. */
const critical = (name: string, enter: string, leave: string, side: number): Operation => ({
  name,
  run(cpu) {
    cpu.exports[enter](AT, side)
    if (cpu.add32(cpu.ghost(0), 1) !== 0) cpu.fail('two CPUs in the critical section')
    cpu.add32(cpu.ghost(0), -1)
    cpu.exports[leave](AT, side)
  },
})

const exclusion = (stage: Stage, enter: string, leave: string, rest: Partial<Subject> = {}) =>
  subject({
    name: enter,
    stage,
    cpus: [0, 1].map((side) => ({ operations: [critical(`enter${side}`, enter, leave, side)] })),
    ...rest,
  })

test('a spin lock excludes, and waiting for it closes no cycle', async () => {
  holds(explore(exclusion(await fixtureStage(), 'lock', 'unlock')))
})

test('a loop that waits for a word which nobody was seen to share yet leaves the others their turn', () => {
  const waiting = (progress: 'none' | 'fair' | 'lock-free'): Subject => ({
    name: 'wait for a flag',
    stage: new Stage({ memory: 128, cpus: 2 }),
    progress,
    cpus: [
      {
        operations: [
          {
            name: 'wait',
            run(cpu) {
              for (;;) {
                cpu.retry()
                if (cpu.load32(AT) === 1) return
              }
            },
          },
        ],
      },
      { operations: [{ name: 'set', run: (cpu) => cpu.store32(AT, 1) }] },
    ],
  })
  holds(explore(waiting('none')))
  holds(explore(waiting('fair')))
  fails(explore(waiting('lock-free')), /a cycle in which no operation ends: CPU 0 in wait/)
})

test('a spin lock taken by an NMI over its holder is a deadlock', async () => {
  const stage = await fixtureStage()
  const report = explore(
    exclusion(stage, 'lock', 'unlock', {
      cpus: [{ operations: [critical('task', 'lock', 'unlock', 0)], nmi: [critical('nmi', 'lock', 'unlock', 0)] }],
    }),
  )
  fails(report, /deadlock: CPU 0 waits in nmi/)
  assert.equal(report.failure?.preemptions, 0)
})

test('a CPU that stops inside a spin lock holds up the other; a repair by a third lets it go on', async () => {
  const stage = await fixtureStage({ cpus: 3 })
  const cpus = [
    { operations: [critical('stopping', 'lock', 'unlock', 0)], mayStop: true },
    { operations: [critical('other', 'lock', 'unlock', 1)] },
  ]
  fails(explore(exclusion(stage, 'lock', 'unlock', { cpus })), /deadlock: CPU 1 waits in other/)
  const repair: Operation = {
    name: 'repair',
    afterStop: true,
    run(cpu) {
      cpu.store32(cpu.ghost(0), 0)
      cpu.store32(AT, 0)
      return cpu.stopped()
    },
  }
  const mended = explore(
    subject({
      name: 'repaired lock',
      stage,
      cpus: [
        { operations: [{ name: 'stopping', run: (cpu) => cpu.exports.lock(AT) }], mayStop: true },
        { operations: [{ name: 'other', run: (cpu) => cpu.exports.lock(AT) }] },
        { operations: [repair] },
      ],
      atRest: (view) => (view.stopped === 0 && view.result('repair') !== 0 ? 'repair saw another CPU' : undefined),
    }),
  )
  fails(mended, /deadlock/) // CPU 0 can take the lock, end, and never unlock: nobody stops, nobody repairs
  assert.ok(mended.failure!.trace.lines.every((line) => line.text !== 'stops for ever'))
})

test('Peterson’s algorithm excludes and is fair; spinning in it is not lock-free; turned round it does not exclude', async () => {
  const stage = await fixtureStage()
  holds(explore(exclusion(stage, 'peterson_enter', 'peterson_leave', { progress: 'fair' })))
  fails(explore(exclusion(stage, 'peterson_enter', 'peterson_leave')), /a cycle in which no operation ends/)
  fails(
    explore(exclusion(stage, 'peterson_enter_wrong', 'peterson_leave', { progress: 'fair' })),
    /two CPUs in the critical section/,
  )
})

test('two that give way to each other for ever are a livelock even for a fair scheduler', async () => {
  const report = explore(exclusion(await fixtureStage(), 'polite_enter', 'peterson_leave', { progress: 'fair' }))
  fails(report, /livelock: CPUs 0, 1/)
  assert.notEqual(report.failure?.trace.cycle, undefined)
})

test('a sleeper that looks before it reads the bell misses a post; the right order never does', async () => {
  const stage = await fixtureStage()
  const served = (serve: string) =>
    subject({
      name: serve,
      stage,
      cpus: [
        { operations: [{ name: 'serve', run: (cpu) => cpu.exports[serve](AT) }] },
        { operations: [{ name: 'post', run: (cpu) => cpu.exports.post(AT) }] },
      ],
    })
  fails(explore(served('serve_late')), /deadlock: CPU 0 sleeps in serve_late|deadlock: CPU 0 sleeps in serve/)
  const report = explore(served('serve'))
  holds(report)
  assert.ok([...report.outcomes].every((outcome) => !outcome.includes('99')))
})

test('an NMI may come at every step, and into another NMI', async () => {
  const stage = await fixtureStage({ cpus: 1 })
  const nest = (name: string, bit: number): Operation => ({
    name,
    run(cpu) {
      const before = cpu.or32(AT, bit)
      cpu.and32(AT, ~bit)
      return before
    },
  })
  const report = explore(
    subject({
      name: 'nesting',
      stage,
      cpus: [{ operations: [nest('outer', 1)], nmi: [nest('first', 2), nest('second', 4)] }],
    }),
  )
  holds(report)
  assert.deepEqual([...report.outcomes].sort(), [
    'outer=0 first=- second=-',
    'outer=0 first=1 second=-',
    'outer=0 first=1 second=1',
    'outer=0 first=1 second=3',
  ])
})

// `skep check OBJECT --run …`: what the explorer finds in BPF programs, their maps and timers, and how it is shown.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { checkObject, type Finding, type ObjectReport } from '../../src/explore/program/check.js'
import type { RunSpec } from '../../src/explore/program/machine.js'
import { contentLines } from '../../src/explore/program/names.js'
import { printObjectReport } from '../../src/explore/program/print.js'
import { objectPage } from '../../src/report/object-page.js'
import { readObject } from '../../src/object/read.js'

/** `count@0 count@1` */
const runs = (text: string): RunSpec[] =>
  text.split(' ').map((one) => {
    const [program = '', cpu] = one.split('@')
    return { program, cpu: Number(cpu), options: {} }
  })

async function check(object: string, at: string, before?: string): Promise<ObjectReport> {
  const spec = await readObject(new URL(`../../../examples/races/${object}.bpf.o`, import.meta.url))
  return checkObject(spec, { runs: runs(at), ...(before ? { before: runs(before), timers: true } : {}) })
}

test('two runs that load, add and store lose one hit: found with one preemption, at the line, with both outcomes', async () => {
  const report = await check('races', 'count@0 count@1')
  assert.ok(report.complete)
  assert.deepEqual(
    report.findings.map(({ kind, preemptions }) => [kind, preemptions]),
    [['lost-update', 1]],
  )
  const [finding] = report.findings
  assert.match(finding!.title, /hits\[0\] \(count, .*races\.bpf\.c:\d+\)/)
  const accesses = finding!.interleaving.filter(({ source }) => source === '*hit += 1;')
  assert.deepEqual(
    accesses.map(({ cpu, text }) => `${cpu}: ${text}`),
    ['0: load hits[0]: 0', '1: load hits[0]: 0', '1: store hits[0]: 0 → 1', '0: store hits[0]: 1 → 1'],
  )
  const ends = report.outcomes.map(({ contents }) => contents.find((line) => line.startsWith('hits')))
  assert.deepEqual(ends.sort(), ['hits[0] = 1', 'hits[0] = 2'])
})

test('a page shows the interleaving of a finding with its C lines; without one there is none', async () => {
  const page = objectPage(await check('races', 'count@0 count@1'))!
  assert.match(page, /races\.bpf\.c:\d+<.*» \*hit \+= 1;/)
  assert.match(page, /store hits\[0\]: 1 → 1/)
  assert.match(page, /1 preemption, the fewest that show it/)
  assert.equal(objectPage(await check('races-repaired', 'count@0 count@1')), undefined)
})

test('of a large array an outcome has what is not 0, and how many others there are', async () => {
  const spec = await readObject(new URL('../../../examples/races/races.bpf.o', import.meta.url))
  spec.maps.get('hits')!.maxEntries = 4096
  const { outcomes } = checkObject(spec, { runs: runs('count@0 count@1') })
  const lines = outcomes.map(({ contents }) => contents.filter((line) => line.startsWith('hits')))
  assert.deepEqual(
    lines.sort(),
    [1, 2].map((hits) => [`hits[0] = ${hits}`, 'hits: the other 4095 are 0']),
  )
})

test('an element that is 0 in one of the outcomes only is in all of them; few zeros are not summed up', () => {
  const lines = (count: number): string[][] => {
    const array = { name: 'hits', count, zeroLine: (element: number) => `hits[${element}] = 0` }
    return contentLines([
      [{ lines: ['hits[1] = 7'], array: { ...array, shown: [1] } }, { lines: ['total = 7'] }],
      [{ lines: [], array: { ...array, shown: [] } }, { lines: ['total = 0'] }],
    ])
  }
  assert.deepEqual(lines(9), [
    ['hits[1] = 7', 'hits: the other 8 are 0', 'total = 7'],
    ['hits[1] = 0', 'hits: the other 8 are 0', 'total = 0'],
  ])
  assert.deepEqual(lines(2)[1], ['hits[0] = 0', 'hits[1] = 0', 'total = 0'])
})

test('with an atomic addition no order of three runs loses a hit, and there is one outcome', async () => {
  const report = await check('races-repaired', 'count@0 count@1 count@2')
  assert.ok(report.complete)
  assert.deepEqual(report.findings, [])
  assert.equal(report.outcomes.length, 1)
  assert.ok(report.outcomes[0]!.contents.includes('hits[0] = 3'))
})

test('a flow is deleted by its timer after a packet has restarted it: found, with the start between firing and deletion', async () => {
  const report = await check('races', 'on_packet@0', 'on_packet@1')
  assert.ok(report.complete)
  assert.deepEqual(
    report.findings.map(({ kind, preemptions }) => [kind, preemptions]),
    [['timer-lost', 1]],
  )
  const texts = report.findings[0]!.interleaving.map(({ cpu, text }) => `${cpu}: ${text}`)
  const at = (start: RegExp): number => texts.findIndex((text) => start.test(text))
  assert.ok(at(/^1: takes flows\[7\]\.timer/) >= 0)
  assert.ok(at(/^1: takes/) < at(/^0: bpf_timer_start\(flows\[7\]\.timer, .*\) = 0/))
  assert.ok(at(/^0: bpf_timer_start/) < at(/^1: bpf_map_delete_elem\(flows, .*\) = 0/))
  const printed = printObjectReport(report)
  assert.match(printed, /^TIMER LOST: .*flows\[7\]\.timer \(on_idle, /)
  assert.match(printed, /-ENOENT/, 'the start that comes after the deletion is an outcome')
})

test('the repaired flow table is explored completely: no armed timer is freed, and a late packet is told so', async () => {
  const report = await check('races-repaired', 'on_packet@0', 'on_packet@1')
  assert.ok(report.complete)
  assert.deepEqual(report.findings, [])
  for (const { results, contents } of report.outcomes) {
    const empty = contents.includes('flows is empty')
    assert.equal(results['on_packet@0'], empty ? '1' : '0', contents.join('; '))
  }
})

test('a run is called the same whatever has run before it; a second one of its kind has a number', async () => {
  const { operations } = await check('races', 'on_packet@0 on_packet@0', 'on_packet@0 on_packet@1')
  assert.deepEqual(operations.slice(0, 2), ['on_packet@0', 'on_packet@0#2'])
})

test('a bound on preemptions leaves out what needs more, and a bound on states is said', async () => {
  const spec = await readObject(new URL('../../../examples/races/races.bpf.o', import.meta.url))
  const none = checkObject(spec, { runs: runs('count@0 count@1'), preemptions: 0 })
  assert.deepEqual([none.findings.length, none.outcomes.length, none.complete], [0, 1, true])
  const few = checkObject(spec, {
    runs: runs('on_packet@0 on_packet@1'),
    maxStates: 10,
  })
  assert.equal(few.complete, false)
  assert.match(printObjectReport(few), /NOT COMPLETE \(given up: too many states \(--states\)\)/)
})

test('a check that is interrupted tells what it has found until then, and claims no interleaving that it has not', async () => {
  const spec = await readObject(new URL('../../../examples/races/races.bpf.o', import.meta.url))
  const report = checkObject(spec, { runs: runs('count@0 count@1'), interrupted: () => true })
  assert.deepEqual([report.complete, report.gaveUp], [false, 'interrupted'])
  assert.match(printObjectReport(report), /NOT COMPLETE \(interrupted\)/)
  const unseen: Finding = {
    kind: 'lost-update',
    title: 'lost update of hits[0]',
    meaning: 'it is lost',
    interleaving: [],
  }
  const told = { ...report, findings: [unseen] }
  assert.match(printObjectReport(told), /The search for a short interleaving that shows it was given up\./)
  assert.equal(objectPage({ ...told, outcomes: [] }), undefined)
})

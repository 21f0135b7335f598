// The benchmark is run now and then only; a short turn of it here keeps it from rotting. No time is asserted: that
// every case runs to its end, computes what the others compute, and comes out of the report.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { running, type Case } from '../../bench/case.js'
import { figureOf, judge, measure, noisy, type Row } from '../../bench/measure.js'
import { figures } from '../../bench/report/documents.js'
import { describeMachine } from '../../bench/report/machine.js'
import { page } from '../../bench/report/page.js'
import type { BenchRun } from '../../bench/report/run.js'
import { lines } from '../../bench/report/table.js'
import { noisyRows, subjectNames } from '../../bench/report/text.js'
import { measureThemes } from '../../bench/suite.js'
import { Bench } from '../../bench/systems/bench.js'
import { Crew } from '../../bench/threads/crew.js'
import type { Operation } from '../../bench/threads/instance.js'
import { chosen, THEMES } from '../../bench/themes.js'

const bench = new Bench()
after(() => bench.close())

/** One figure of each case of skep whose name contains one of these. */
function short(...filters: string[]): Promise<Row[]> {
  return measureThemes(chosen(filters), bench, { repetitions: 1, only: ['skep'] })
}

function assertMeasured(rows: readonly Row[]): void {
  for (const row of rows) {
    assert.deepEqual(row.absent, [], row.name)
    const figure = figureOf(row, 'skep')
    assert.ok(figure && Number.isFinite(figure.median) && figure.median > 0, `${row.name}: ${figure?.median}`)
    assert.match(lines(row, subjectNames()).join('\n'), /\d/)
  }
}

test('operations on timers, work and maps, calls and computation give a figure each', async () => {
  const rows = await short('re-arm, 64', 'first start', 'hash: update', 'ring buffer: output', 'tail call', 'compute:')
  assertMeasured(rows)
  assert.equal(rows.length, 14)
})

test('ten thousand timers of one instant fire in the order in which they were armed', async () => {
  assertMeasured(await short('fire, each of 10,000'))
})

test('runs from TypeScript, memory and start-up give a figure each', async () => {
  assertMeasured(await short('inline', 'memory of', 'load of 1,000'))
})

test('subjects take turns, in one order and in the other; who fails or is not there is named with the reason', async () => {
  const order: string[] = []
  const told = (subject: string, figures: readonly number[]) => async () => {
    let turn = 0
    return running(() => {
      order.push(subject)
      if (turn === figures.length) throw new Error(`${subject} has had enough`)
      return figures[turn++]!
    })
  }
  const on: Case['on'] = {
    skep: told('skep', [1, 5, 2, 4, 3]),
    linux: told('linux', [100, 101, 102, 103, 104]),
    node: told('node', [1]),
    native: async () => 'no compiler',
  }
  const row = await measure('Theme', { name: 'case', unit: 'ns', on }, bench, { repetitions: 5 })
  assert.equal(order.join(' '), 'skep linux node node linux skep skep linux linux skep skep linux')
  assert.deepEqual(
    row.figures.map(({ subject, median, quartiles }) => [subject, median, quartiles]),
    [
      ['skep', 3, [2, 4]],
      ['linux', 102, [101, 103]],
    ],
  )
  assert.deepEqual(row.figures.map(noisy), [true, false])
  assert.deepEqual(row.absent, [
    { subject: 'native', reason: 'no compiler' },
    { subject: 'node', reason: 'node has had enough' },
  ])
})

test('a goal without the turn of the loop takes it off both sides', () => {
  const row = (name: string, skep: number, linux: number): Row => ({
    theme: 'Calls',
    name,
    unit: 'ns',
    better: 'less',
    figures: [
      { subject: 'skep', median: skep, quartiles: [skep, skep], figures: [skep] },
      { subject: 'linux', median: linux, quartiles: [linux, linux], figures: [linux] },
    ],
    absent: [],
    reach: [],
  })
  const turn = row('turn', 0.4, 0.25)
  const judged = (skep: number, rows: readonly Row[]): boolean | undefined => {
    const call = row('call', skep, 1.25)
    judge([{ times: 4, than: 'linux', without: 'turn' }], call, rows)
    return call.reach[0]!.reached
  }
  assert.equal(judged(0.6, [turn]), true, '0.2 against 1')
  assert.equal(judged(0.7, [turn]), false, '0.3 against 1')
  assert.equal(judged(0.39, [turn]), true, 'nothing that can be measured')
  assert.equal(judged(0.6, []), undefined, 'the turn was not measured')
})

test('the report has tables, pictures and goals, and says nothing of where it was made', async () => {
  const rows = await short('array: lookup', 'hash: lookup')
  const second = rows[1]!
  // As a second subject would stand there, with what it did over time.
  const linux = {
    ...second.figures[0]!,
    subject: 'linux',
    series: [0, 500, 1000].map((time) => [time, 1] as const),
  } as const
  second.figures.push(linux)
  judge([{ times: 0.5, than: 'linux' }], second, rows)
  const run: BenchRun = {
    date: '2026-01-01T00:00:00.000Z',
    repetitions: 1,
    machine: describeMachine(),
    names: subjectNames('Linux 6.18'),
    missing: ['no native code'],
    rows: JSON.parse(JSON.stringify(rows)) as Row[],
  }
  const html = page(run)
  assert.equal(html.match(/<svg/g)?.length, 2)
  assert.match(html, /Linux 6\.18 \d.*≥ 0\.5× Linux 6\.18: reached/s)
  const markdown = figures(run)
  assert.match(markdown, /\| array: lookup \| [\d.]+ ns \|/)
  assert.match(markdown, /≥ 2× Linux 6\.18: not measured/)
  for (const text of [html, markdown]) assert.ok(!text.includes(process.cwd()))
})

test('a goal is judged against the figures of the same run; one that cannot be says so', async () => {
  const rows = await short('array: lookup', 'hash: lookup, hit')
  const [, , hit] = rows
  assert.equal(hit?.name, 'hash: lookup, hit')
  assert.deepEqual(
    hit.reach.map(({ reached }) => reached),
    [undefined],
  )
  assert.ok(Array.isArray(noisyRows(rows)))
})

test('no two cases have the same name, and every goal names what there is', () => {
  const cases = THEMES.flatMap(({ cases }) => cases)
  const names = new Set(cases.map(({ name }) => name))
  assert.equal(names.size, cases.length)
  for (const { name, on, reach = [] } of cases)
    for (const goal of reach) {
      if ('ofCase' in goal) assert.ok(names.has(goal.ofCase), `${name}: ${goal.ofCase}`)
      else if ('than' in goal) assert.ok(on[goal.than], `${name}: ${goal.than}`)
      else if ('of' in goal) assert.ok(on[goal.of], `${name}: ${goal.of}`)
    }
})

test('every design goes on under the same loop, and a thread that stands inside a start of skep hinders nobody', async () => {
  for (const design of ['skep', 'locked', 'rfc-v1', 'merged'] as const) {
    const crew = await Crew.open(design, 2)
    try {
      const piece = { thread: 0, from: 0, timers: 1 }
      // On a busy machine the thread may not have had its turn in one share of the time.
      const goesOn = async (operation: Operation) => {
        let done = 0
        for (let share = 0; done === 0 && share < 400; share += 1) done = await crew.drive(operation, [piece], 5)
        assert.ok(done > 0, `${design}: ${operation}`)
      }
      await goesOn('rearm')
      await goesOn('set_callback')
      const accesses = await crew.stand(1, 0).stood
      assert.ok(accesses > 5, `${design}: ${accesses} accesses`)
      if (design === 'skep') {
        const victim = crew.stand(1, 8)
        await victim.stands
        await goesOn('rearm')
        victim.release()
        await victim.stood
      }
      await goesOn('set_start_cancel')
    } finally {
      await crew.close()
    }
  }
})

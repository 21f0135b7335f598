// Takes the same steps on two subjects and compares every answer, and after every wait what has fired.
import assert from 'node:assert/strict'
import { take } from './notation.js'
import { firings, resultName, type Kind, type Subject } from './timer-object.js'

/** The object keeps 64 records of firings: a sequence ends when they may run out. */
const MOST_FIRINGS = 56

/** Returns the number of steps taken; throws an AssertionError with the steps so far. */
export async function compare(one: Subject, other: Subject, kind: Kind, steps: readonly string[]): Promise<number> {
  const taken: string[] = []
  for (const step of steps) {
    const expected = await take(one, kind, step)
    const answered = await take(other, kind, step)
    taken.push(expected === '' ? step : `${step}=${expected}`)
    // A kernel under load may be out of memory for a moment: nothing can be compared from here on.
    if (step.startsWith('init') && expected === '-ENOMEM') break
    assert.equal(answered, expected, `[${kind}] the last answer differs: ${taken.join(' ')}`)
    if (!step.startsWith('wait')) continue
    const fired = await records(one)
    // Where time passes by itself the last firing may be on its way.
    for (let turn = 0; turn < 200 && (await records(other)).length < fired.length; turn++) await other.wait(10)
    for (let turn = 0; turn < 200 && (await records(one)).length < (await records(other)).length; turn++)
      await one.wait(10)
    const both = [await records(one), await records(other)] as const
    assert.deepEqual(both[1], both[0], `[${kind}] firings differ: ${taken.join(' ')}`)
    if (both[0].length > MOST_FIRINGS) break
  }
  return taken.length
}

/** What fired, without what two subjects may differ in (CPU, lateness). */
async function records(subject: Subject): Promise<string[]> {
  return (await firings(subject)).map(
    ({ kind, key, callback, results }) => `${kind} k${key} ${callback} ${results.map(resultName).join(',')}`,
  )
}

// The explorer: steps of complete searches a second, on as many threads as `skep check` takes by itself: from the
// command's start on, and as they are in the middle of a long check.
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { running, type Theme } from '../case.js'
import type { Order } from '../threads/search.js'
import { CheckPool } from '../../src/cli/check-pool.js'
import { entriesOf } from '../../src/explore/subjects/catalogue.js'
import { ask } from '../../src/explore/threads.js'

/**
 * What both cases explore: of each of the five families that a check of everything makes most steps in, beside those
 * that are too long for a benchmark (tries beside a CPU that stops), the longest subject that is explored completely.
 * They are of about the same length, 1.3 to 1.7 million steps. What counts is the steps of each subject's last search;
 * the steps of those before it, from which it learnt, are in the time only, and so is all that belongs to a subject
 * besides: its logs, its initial state, the explanation of its histories.
 */
const SUBJECTS = [
  'hazard/H30',
  'triple/due-restarts-itself/poll/now/pin',
  'pair/due-restarts-itself/poll/abs+stop',
  'trie/holding-1/set-1/delete-1',
  'map/three/update-1/update-1/update-2',
]
const MILLISECONDS = 20_000
const THREADS = availableParallelism()

/**
 * Subjects of each family that a thread has explored before it is in the middle of a long check, and how long at most.
 */
const BEFORE = 12
const BEFORE_MILLISECONDS = 400

// Some of each family, evenly spread over it; not those that are measured.
function before(): string[] {
  const names = entriesOf('shipped').map(({ name }) => name)
  return SUBJECTS.flatMap((subject) => {
    const [, family = '', variant = ''] = /^(\w+\/)[^+]*(\+.*)?$/.exec(subject)!
    const others = names.filter((name) => name.startsWith(family) && name.endsWith(variant) && name !== subject)
    const step = Math.ceil(others.length / BEFORE)
    return others.filter((_, index) => index % step === step >> 1)
  })
}

/** Steps a millisecond of threads that have explored other subjects, each all that is measured. */
async function warm(first: readonly string[]): Promise<number> {
  const workers = Array.from({ length: THREADS }, () => new Worker(new URL('../threads/search.js', import.meta.url)))
  const all = (order: Order): Promise<{ answer: number }[]> =>
    Promise.all(workers.map((worker) => ask<Order, number, never>(worker, order, () => {})))
  try {
    await all({ names: first, maxMilliseconds: BEFORE_MILLISECONDS })
    const begin = performance.now()
    const answers = await all({ names: SUBJECTS, maxMilliseconds: MILLISECONDS })
    return answers.reduce((sum, { answer }) => sum + answer, 0) / (performance.now() - begin)
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

/** Steps a millisecond of `CheckPool`, which starts its threads. */
async function cold(): Promise<number> {
  const chosen = entriesOf('shipped').filter(({ name }) => SUBJECTS.includes(name))
  const begin = performance.now()
  const checked = await new CheckPool().all(chosen, { maxMilliseconds: MILLISECONDS }, THREADS, nothing, nothing)
  return checked.reduce((sum, one) => sum + (one?.transitions ?? 0), 0) / (performance.now() - begin)
}

const nothing = (): void => {}
const about = `${SUBJECTS.join(', ')}; ${THREADS} threads`

export const explorer: Theme = {
  title: 'Explorer',
  cases: [
    {
      name: 'explorer: transitions, from a cold process',
      unit: 'M/s',
      better: 'more',
      repetitions: 3,
      reach: [{ atLeast: 2 }],
      note: `${about} that share the subjects; their start is in the time`,
      on: { skep: async () => running(async () => (await cold()) / 1000) },
    },
    {
      name: 'explorer: transitions, warm',
      unit: 'M/s',
      better: 'more',
      repetitions: 3,
      reach: [{ atLeast: 2 }],
      note: `${about} that explore all of them, each subject for the first time, after ${BEFORE} others of each family`,
      on: {
        skep: async () => {
          const first = before()
          return running(async () => (await warm(first)) / 1000)
        },
      },
    },
  ],
}

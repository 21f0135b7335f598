// Many subjects on several threads: each thread takes the next one when it is done. Logs of operations grow with every
// subject, so a thread that holds much is replaced; a new one takes a second or two until it is as quick.
import { Worker } from 'node:worker_threads'
import type { Checked, CheckOptions } from '../explore/check.js'
import type { Entry } from '../explore/subjects/entry.js'

/** What a search tells about once a second. */
export type Reached = Parameters<NonNullable<CheckOptions['progress']>>[0]

/** `held`: bytes that the thread holds, garbage included. */
export type Answer = { progress: Reached } | { checked: Checked; held: number }

/** Bytes that a thread may hold and go on. */
const MOST_HELD = 768 << 20

/** Checks all entries; `tell` and `done` are called as things go. The answers are in the order of the entries. */
export async function checkAll(
  entries: readonly Entry[],
  options: CheckOptions,
  threads: number,
  tell: (name: string, reached: Reached) => void,
  done: (checked: Checked) => void,
): Promise<Checked[]> {
  const answers = new Array<Checked>(entries.length)
  let next = 0
  const thread = async (): Promise<void> => {
    while (next < entries.length) {
      const worker = new Worker(new URL('./check-worker.js', import.meta.url))
      try {
        for (let bytes = 0; bytes < MOST_HELD && next < entries.length;) {
          const index = next++
          const { name, protocol } = entries[index]!
          const { checked, held } = await ask(worker, { name, protocol, options }, (reached) => tell(name, reached))
          answers[index] = checked
          bytes = held
          done(checked)
        }
      } finally {
        await worker.terminate()
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(threads, entries.length) }, thread))
  return answers
}

function ask(
  worker: Worker,
  task: unknown,
  tell: (reached: Reached) => void,
): Promise<{ checked: Checked; held: number }> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      worker.off('message', hear)
      worker.off('error', fail)
    }
    const fail = (error: Error): void => {
      stop()
      reject(error)
    }
    const hear = (answer: Answer): void => {
      if ('progress' in answer) return tell(answer.progress)
      stop()
      resolve(answer)
    }
    worker.on('message', hear)
    worker.on('error', fail)
    worker.postMessage(task)
  })
}

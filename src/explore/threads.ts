// Many tasks over several threads: each thread takes the next one when it is done. Logs of operations grow with every
// subject, so a thread that holds much is replaced; a new one takes a second or two until it is as quick.
import { parentPort, Worker } from 'node:worker_threads'
import { SkepError, type ErrorDetails } from '../error.js'

/**
 * What a thread sends: news while it goes on, then the answer, or the SkepError that it threw. `held`: bytes that it
 * holds, garbage included.
 */
type Message<News, Answer> =
  | { news: News }
  | { answer: Answer; held: number }
  | { refused: { code: string; message: string; details: ErrorDetails } }

/** Bytes that a thread may hold and go on. */
const MOST_HELD = 768 << 20

export interface Tasks<Task, Answer, News> {
  /** What each thread runs: it calls `serve`. */
  module: URL
  tasks: readonly Task[]
  threads: number
  /** The workerData of each thread. */
  data?: unknown
  /** Asked before each task: true leaves the rest undone. */
  stopped?(): boolean
  news?(index: number, news: News): void
  done(index: number, answer: Answer): void
  /** Each thread is asked this before it ends, too, and its answer is given to `ended`. */
  last?: Task
  ended?(answer: Answer): void
}

/** Does all tasks. Rejects with what a thread threw. */
export async function overThreads<Task, Answer, News = never>(work: Tasks<Task, Answer, News>): Promise<void> {
  const { module, tasks, threads, data, stopped = () => false } = work
  let next = 0
  const more = (): boolean => next < tasks.length && !stopped()
  const thread = async (): Promise<void> => {
    while (more()) {
      const worker = new Worker(module, { workerData: data })
      try {
        for (let bytes = 0; bytes < MOST_HELD && more();) {
          const index = next++
          const tell = (news: News): void => work.news?.(index, news)
          const { answer, held } = await ask<Task, Answer, News>(worker, tasks[index]!, tell)
          bytes = held
          work.done(index, answer)
        }
        if (work.last !== undefined) work.ended?.((await ask<Task, Answer, News>(worker, work.last, () => {})).answer)
      } finally {
        await worker.terminate()
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(threads, tasks.length) }, thread))
}

/** Gives a thread that serves a task, if it has none, and waits for the answer. */
export function ask<Task, Answer, News>(
  worker: Worker,
  task: Task,
  tell: (news: News) => void,
): Promise<{ answer: Answer; held: number }> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      worker.off('message', hear)
      worker.off('error', fail)
      worker.off('exit', end)
    }
    const fail = (error: Error): void => {
      stop()
      reject(error)
    }
    const end = (code: number): void => fail(new Error(`a thread ended with exit code ${code} before it had an answer`))
    const hear = (message: Message<News, Answer>): void => {
      if ('news' in message) return tell(message.news)
      stop()
      if ('answer' in message) return resolve(message)
      const { code, message: text, details } = message.refused
      reject(new SkepError(code, text, details))
    }
    worker.on('message', hear)
    worker.on('error', fail)
    worker.on('exit', end)
    worker.postMessage(task)
  })
}

/** A thread's side: answers each task. */
export function serve<Task, Answer, News = never>(
  answer: (task: Task, tell: (news: News) => void) => Answer | Promise<Answer>,
): void {
  const send = (message: Message<News, Answer>): void => parentPort!.postMessage(message)
  const tell = (news: News): void => send({ news })
  const take = async (task: Task): Promise<void> => {
    try {
      const answered = await answer(task, tell)
      const { arrayBuffers, heapUsed } = process.memoryUsage()
      send({ answer: answered, held: arrayBuffers + heapUsed })
    } catch (error) {
      if (!(error instanceof SkepError)) throw error
      const { code, message, details } = error
      send({ refused: { code, message, details } })
    }
  }
  parentPort!.on('message', (task: Task) => void take(task))
}

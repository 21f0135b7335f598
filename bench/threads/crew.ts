// Threads on one place, told what to do from the main thread.
import { Worker } from 'node:worker_threads'
import type { Operation } from './instance.js'
import { openPlace, type Design, type OpenPlace } from './place.js'
import type { Order, Reply, Task } from './worker.js'

/** What one thread drives: `timers` timers (a power of two) from number `from` on. */
export interface Share {
  readonly thread: number
  readonly from: number
  readonly timers: number
}

const now = (): number => Number(process.hrtime.bigint()) / 1e6

export class Crew {
  readonly #opened: OpenPlace
  readonly #workers: Worker[]
  readonly #counters: Int32Array

  private constructor(opened: OpenPlace, workers: Worker[], counters: Int32Array) {
    this.#opened = opened
    this.#workers = workers
    this.#counters = counters
  }

  static async open(design: Design, threads: number): Promise<Crew> {
    const opened = await openPlace(design, threads)
    const counters = new SharedArrayBuffer(4 * (threads + 1))
    const workers = Array.from({ length: threads }, (_, thread) => {
      const workerData: Task = { place: opened.place, thread, counters }
      return new Worker(new URL('./worker.js', import.meta.url), { workerData })
    })
    await Promise.all(workers.map((worker) => reply(worker, 'ready')))
    return new Crew(opened, workers, new Int32Array(counters))
  }

  /** Operations a millisecond of all shares together, over a window of `milliseconds`. */
  async drive(operation: Operation, shares: readonly Share[], milliseconds: number): Promise<number> {
    const begin = now() + 2 + shares.length
    const end = begin + milliseconds
    const answers = shares.map(async ({ thread, from, timers }) => {
      const answer = reply(this.#workers[thread]!, 'driven')
      this.#tell(thread, { kind: 'drive', operation, from, timers, begin, end })
      return (await answer).operations
    })
    const operations = await Promise.all(answers)
    return operations.reduce((sum, one) => sum + one, 0) / milliseconds
  }

  /** Operations of all threads so far. */
  get operations(): number {
    let sum = 0
    for (let thread = 0; thread < this.#workers.length; thread++) sum += Atomics.load(this.#counters, thread) >>> 0
    return sum
  }

  /**
   * Lets a thread start timer 0 once, and stand still before its access number `access` (0: nowhere) until it is
   * released.
   * `stands` resolves when it does, or has ended; `stood` when it has ended: the accesses of the operation.
   */
  stand(thread: number, access: number): { stands: Promise<unknown>; stood: Promise<number>; release: () => void } {
    const worker = this.#workers[thread]!
    const word = this.#workers.length
    Atomics.store(this.#counters, word, 0)
    const stood = reply(worker, 'stood')
    const stands = reply(worker, 'stands', 'stood')
    this.#tell(thread, { kind: 'stand', access })
    const release = (): void => {
      Atomics.store(this.#counters, word, 1)
      Atomics.notify(this.#counters, word)
    }
    return { stands, stood: stood.then(({ accesses }) => accesses), release }
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
    await this.#opened.close()
  }

  #tell(thread: number, order: Order): void {
    this.#workers[thread]!.postMessage(order)
  }
}

type ReplyOf<Kind extends Reply['kind']> = Extract<Reply, { kind: Kind }>

/** The next reply of one of these kinds. */
function reply<Kind extends Reply['kind']>(worker: Worker, ...kinds: Kind[]): Promise<ReplyOf<Kind>> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      worker.off('message', hear)
      worker.off('error', fail)
    }
    const fail = (error: Error): void => {
      stop()
      reject(error)
    }
    const hear = (message: Reply): void => {
      if (!kinds.some((kind) => kind === message.kind)) return
      stop()
      resolve(message as ReplyOf<Kind>)
    }
    worker.on('message', hear)
    worker.on('error', fail)
  })
}

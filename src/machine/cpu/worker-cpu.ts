// One worker CPU as the host sees it: its thread, the messages under way, and the queue of runs for its mailbox.
// Owned by boot/threads.ts. Invariant: at most one run is in the mailbox; the others wait in order.
import { Worker } from 'node:worker_threads'
import { REQUEST_AWAITED, REQUEST_DONE, REQUEST_NONE, REQUEST_RUN } from '../../../core/abi.js'
import {
  CPU_BELL,
  CPU_CONTROL,
  CPU_REQUEST,
  CPU_REQUEST_CONTEXT,
  CPU_REQUEST_CONTEXT_ADDRESS,
  CPU_REQUEST_DURATION,
  CPU_REQUEST_PROGRAM,
  CPU_REQUEST_REPEAT,
  CPU_REQUEST_RESULT,
} from '../../../core/layout.js'
import { reasonOf, SkepError } from '../../error.js'
import { packageFile } from '../../package-file.js'
import type { ObjectCode } from './cpu.js'
import type { RawFault } from './fault.js'
import type { Memory } from './memory.js'
import {
  REQUEST_FAULTED,
  type HostMessage,
  type TaskSent,
  type WorkerMessage,
  type WorkerTask,
} from './worker-messages.js'

/** What the host's CPU handle tells its machine. */
export interface WorkerListener {
  callbackFault(raw: RawFault): void
  exited(reason: string): void
}

/** A message without its number. */
type Request = HostMessage extends infer Message
  ? Message extends { id: number }
    ? Omit<Message, 'id'>
    : never
  : never

/** Program, context address, CONTEXT_*, repeat. */
export interface RunRequest {
  readonly program: number
  readonly contextAddress: number
  readonly context: number
  readonly repeat: number
}

/** How a run ended. */
export type RunOutcome = { readonly retval: number; readonly duration: number } | { readonly fault: RawFault }

/**
 * How long (ms) the host looks at the mailbox before it goes to sleep. If the CPU's last request took it less than
 * BRIEF (ns), long enough for a thread that has to be woken first: else both would fall asleep, the one while the other
 * wakes.
 */
const LOOK = { brief: 0.2, long: 0.03 }
const BRIEF = 100_000
/** How long (ms) it sleeps at first, and at most, before it looks again. */
const FIRST_SLEEP = 1
const LONGEST_SLEEP = 64
/** Runs of one request, so that a long `repeat` does not keep the CPU from its timers. */
const RUNS_PER_REQUEST = 1024

/** A thread of Node that starts, and waits for the task of the CPU that it is to be. */
export class WorkerThread {
  readonly #taskSent: TaskSent = new Int32Array(new SharedArrayBuffer(4))
  // worker.ts with its imports in one file. Not the process's own arguments: `--input-type` and the like are not for
  // it.
  readonly worker = new Worker(packageFile('machine/cpu/worker.cjs'), { workerData: this.#taskSent, execArgv: [] })

  send(task: WorkerTask): void {
    this.worker.postMessage(task)
    Atomics.store(this.#taskSent, 0, 1)
    Atomics.notify(this.#taskSent, 0)
  }
}

export class WorkerCpu {
  readonly index: number
  readonly #memory: Memory
  readonly #area: number
  readonly #worker: Worker
  readonly #listener: WorkerListener
  readonly #waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>()
  /** Resolves when the thread has attached its CPU. Rejects with CPU_DEAD if it ends before. */
  readonly ready: Promise<void>
  /** Resolves when the thread has ended. */
  readonly ended: Promise<void>
  #nextId = 1
  #runs: Promise<unknown> = Promise.resolve()
  #pendingRuns = 0
  /** Whether the last request took the CPU less than BRIEF. */
  #brief = true
  #faultOfRun: ((raw: RawFault) => void) | undefined
  #earlyFault: RawFault | undefined
  #died: ((error: SkepError) => void) | undefined
  #alive = true
  #referenced = false

  constructor(thread: WorkerThread, task: WorkerTask, memory: Memory, listener: WorkerListener) {
    this.index = task.cpu
    this.#memory = memory
    this.#area = memory.cpuArea(task.cpu)
    this.#listener = listener
    this.#worker = thread.worker
    thread.send(task)
    this.ready = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: WorkerMessage) => {
        if (message.kind === 'ready') resolve()
        else this.#hear(message)
      })
      const end = (reason: string, cause?: unknown): void => {
        reject(new SkepError('CPU_DEAD', `CPU ${this.index} did not start: ${reason}`, { cpu: this.index }, { cause }))
        this.#end(reason)
      }
      // Anything can be thrown.
      this.#worker.once('error', (error: unknown) => end(`its thread threw: ${reasonOf(error)}`, error))
      this.#worker.once('exit', (code) => end(`its thread ended with code ${code}`))
    })
    this.ended = new Promise((resolve) => this.#worker.once('exit', () => resolve()))
  }

  get alive(): boolean {
    return this.#alive
  }

  /** The thread keeps the process alive: while a run is going on, or for good after machine.ref(). */
  setReferenced(referenced: boolean): void {
    this.#referenced = referenced
    this.#keepAlive()
  }

  /** Sends a message and waits for the worker's answer. Rejects if the thread ends first. */
  async ask(request: Request): Promise<void> {
    if (!this.#alive) throw this.#dead()
    const id = this.#nextId++
    const answer = new Promise<void>((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    this.#keepAlive()
    this.#worker.postMessage({ ...request, id })
    this.#memory.setWord(this.#area + CPU_CONTROL, 1)
    this.#memory.ring(this.#area + CPU_BELL)
    try {
      await answer
    } finally {
      this.#waiting.delete(id)
      this.#keepAlive()
    }
  }

  install(code: ObjectCode): Promise<void> {
    return this.ask({ kind: 'install', code })
  }

  uninstall(tableFirst: number, count: number): Promise<void> {
    return this.ask({ kind: 'uninstall', tableFirst, count })
  }

  /** Queues a run; `place` writes its arguments into the CPU's run buffer when its turn has come. */
  run<T>(place: () => RunRequest, finish: (outcome: RunOutcome) => T): Promise<T> {
    const turn = this.#runs.then(async () => finish(await this.#runAll(place())))
    this.#runs = turn.catch(() => undefined)
    this.#pendingRuns++
    this.#keepAlive()
    return turn.finally(() => {
      this.#pendingRuns--
      this.#keepAlive()
    })
  }

  /** Ends the thread at once, whatever it is doing. */
  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }

  // In pieces: between two of them the CPU fires what is due.
  async #runAll(request: RunRequest): Promise<RunOutcome> {
    let retval = 0
    let duration = 0
    for (let left = request.repeat; left > 0; left -= RUNS_PER_REQUEST) {
      const repeat = Math.min(left, RUNS_PER_REQUEST)
      const outcome = await this.#runNow({ ...request, repeat })
      if ('fault' in outcome) return outcome
      retval = outcome.retval
      duration += outcome.duration * repeat
    }
    return { retval, duration: duration / request.repeat }
  }

  async #runNow(request: RunRequest): Promise<RunOutcome> {
    if (!this.#alive) throw this.#dead()
    const memory = this.#memory
    const area = this.#area
    memory.setWord(area + CPU_REQUEST_PROGRAM, request.program)
    memory.setWord(area + CPU_REQUEST_CONTEXT_ADDRESS, request.contextAddress)
    memory.setWord(area + CPU_REQUEST_CONTEXT, request.context)
    memory.setWord(area + CPU_REQUEST_REPEAT, request.repeat)
    memory.setWord(area + CPU_REQUEST, REQUEST_RUN)
    memory.ring(area + CPU_BELL)
    const word = await this.#answered()
    if (word === REQUEST_FAULTED) return { fault: await this.#faultMessage() }
    const retval = memory.word(area + CPU_REQUEST_RESULT)
    const duration = Number(memory.long(area + CPU_REQUEST_DURATION))
    memory.setWord(area + CPU_REQUEST, REQUEST_NONE)
    this.#brief = duration * request.repeat < BRIEF
    return { retval, duration }
  }

  // Waits for the mailbox to change: first by looking, then asleep, as it says there, until the CPU answers or its
  // thread ends. Between its answer and the wake-up for it the CPU runs work, which may be long or the end of its
  // thread: so the host looks by itself, the less often the longer the run takes.
  async #answered(): Promise<number> {
    const address = this.#area + CPU_REQUEST
    const until = performance.now() + (this.#brief ? LOOK.brief : LOOK.long)
    while (performance.now() < until) if (this.#memory.word(address) !== REQUEST_RUN) return this.#memory.word(address)
    const death = new Promise<void>((resolve) => (this.#died = () => resolve()))
    try {
      this.#memory.compareExchange(address, REQUEST_RUN, REQUEST_AWAITED)
      let patience = FIRST_SLEEP
      for (;;) {
        const change = this.#memory.whenChanged(address, REQUEST_AWAITED, patience)
        if (change) await Promise.race([change, death])
        patience = Math.min(patience * 2, LONGEST_SLEEP)
        const word = this.#memory.word(address)
        if (word === REQUEST_DONE || word === REQUEST_FAULTED) return word
        if (!this.#alive) throw this.#dead()
      }
    } finally {
      this.#died = undefined
    }
  }

  #faultMessage(): Promise<RawFault> {
    this.#memory.setWord(this.#area + CPU_REQUEST, REQUEST_NONE)
    const early = this.#earlyFault
    this.#earlyFault = undefined
    if (early) return Promise.resolve(early)
    return new Promise((resolve, reject) => {
      this.#faultOfRun = resolve
      this.#died = reject
    })
  }

  #hear(message: Exclude<WorkerMessage, { kind: 'ready' }>): void {
    if (message.kind === 'done') {
      const waiting = this.#waiting.get(message.id)
      if (message.error === undefined) waiting?.resolve()
      else waiting?.reject(new SkepError('COMPILE', `CPU ${this.index}: ${message.error}`))
      return
    }
    if (!message.run) {
      this.#listener.callbackFault(message.raw)
      return
    }
    const heard = this.#faultOfRun
    this.#faultOfRun = undefined
    if (heard) heard(message.raw)
    else this.#earlyFault = message.raw
  }

  #end(reason: string): void {
    if (!this.#alive) return
    this.#alive = false
    const error = this.#dead()
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#died?.(error)
    this.#listener.exited(reason)
  }

  #dead(): SkepError {
    return new SkepError('CPU_DEAD', `CPU ${this.index} is dead: its thread has ended`, { cpu: this.index })
  }

  #keepAlive(): void {
    if (this.#referenced || this.#pendingRuns > 0 || this.#waiting.size > 0) this.#worker.ref()
    else this.#worker.unref()
  }
}

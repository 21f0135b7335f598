// A service whose worker threads share their sessions: not by messages, but in a BPF map that all of them have, with a
// timer in every session. Each thread joins the machine and becomes one of its CPUs; the program that it runs for a
// request (sessions.bpf.c) opens or refreshes the session, and its timer ends it, whichever thread saw it last.
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { boot, type LoadedObject, type Machine } from '../../src/index.js'

const OBJECT = fileURLToPath(new URL('../../../examples/shared-from-typescript/sessions.bpf.o', import.meta.url))

export interface Session {
  requests: bigint
  bytes: bigint
  last_cpu: number
}

/** What a thread is asked, and what it answers. */
export interface Request {
  id: number
  user: number
  bytes: number
}

export interface Reply {
  id: number
  /** Requests of the user's session so far. */
  requests: number
}

export class Service {
  readonly #machine: Machine
  readonly #object: LoadedObject<'promised'>
  readonly #threads: Worker[]
  readonly #waiting = new Map<number, (requests: number) => void>()
  #next = 0

  private constructor(machine: Machine, object: LoadedObject<'promised'>, threads: Worker[]) {
    this.#machine = machine
    this.#object = object
    this.#threads = threads
    for (const thread of threads)
      thread.on('message', ({ id, requests }: Reply) => {
        this.#waiting.get(id)?.(requests)
        this.#waiting.delete(id)
      })
  }

  /** Starts `threads` threads; a session ends `timeout` milliseconds after its last request. */
  static async start({ threads, timeout }: { threads: number; timeout: number }): Promise<Service> {
    const machine = await boot({ cpus: 1, joins: threads })
    const object = await machine.load(OBJECT, { variables: { session_timeout_ns: BigInt(timeout) * 1_000_000n } })
    const share = machine.share()
    const workers = Array.from(
      { length: threads },
      () => new Worker(new URL('./service-thread.js', import.meta.url), { workerData: share }),
    )
    return new Service(machine, object, workers)
  }

  /** Lets one of the threads serve a request; the number of requests of that user's session. */
  request(user: number, bytes: number): Promise<number> {
    const id = this.#next++
    const request: Request = { id, user, bytes }
    this.#threads[id % this.#threads.length]!.postMessage(request)
    return new Promise((resolve) => this.#waiting.set(id, resolve))
  }

  /** The sessions as they are now, seen from this thread. */
  async sessions(): Promise<Map<bigint, Session>> {
    return new Map((await this.#object.maps.sessions!.entries()) as [bigint, Session][])
  }

  async counters(): Promise<{ opened: bigint; ended: bigint }> {
    const { sessions_opened, sessions_ended } = this.#object.variables
    return { opened: (await sessions_opened!.get()) as bigint, ended: (await sessions_ended!.get()) as bigint }
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#threads.map((thread) => {
        const left = new Promise((resolve) => thread.once('exit', resolve))
        thread.postMessage('leave')
        return left
      }),
    )
    await this.#machine.close()
  }
}

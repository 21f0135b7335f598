// A thread of a crew: drives operations for a while when it is told to, or stands still inside one.
import { parentPort, workerData } from 'node:worker_threads'
import { driven, stoppable, TURN, type Operation } from './instance.js'
import type { Place } from './place.js'

export interface Task {
  readonly place: Place
  readonly thread: number
  /** One counter of operations for each thread; behind them the word that lets a thread that stands go on. */
  readonly counters: SharedArrayBuffer
}

export type Order =
  /** Drives `operation` from `begin` to `end` (process.hrtime, ms). */
  | {
      readonly kind: 'drive'
      readonly operation: Operation
      readonly from: number
      readonly timers: number
      readonly begin: number
      readonly end: number
    }
  /**
   * One start of timer 0 that stands still before its access number `access` until the last word of `counters` is 1.
   */
  | { readonly kind: 'stand'; readonly access: number }

export type Reply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'driven'; readonly operations: number }
  /** The thread stands. */
  | { readonly kind: 'stands' }
  /** It goes on; accesses of the whole operation. */
  | { readonly kind: 'stood'; readonly accesses: number }

const { place, thread, counters } = workerData as Task
const port = parentPort
if (!port) throw new Error('worker.ts is the main file of a worker thread')
const say = (reply: Reply): void => port.postMessage(reply)
const now = (): number => Number(process.hrtime.bigint()) / 1e6
const counter = new Int32Array(counters)
const release = counter.length - 1
const cell = new Int32Array(new SharedArrayBuffer(4))
const wait = (milliseconds: number): unknown => Atomics.wait(cell, 0, 0, milliseconds)

let drive: ReturnType<typeof driven> | undefined
let stand: ReturnType<typeof stoppable> | undefined

port.on('message', (order: Order) => {
  if (order.kind === 'stand') {
    stand ??= stoppable(place, thread)
    const accesses = stand(order.access, () => {
      say({ kind: 'stands' })
      Atomics.wait(counter, release, 0)
    })
    say({ kind: 'stood', accesses })
    return
  }
  drive ??= driven(place, thread)
  const { operation, from, timers, begin, end } = order
  wait(Math.max(0, begin - now()))
  let operations = 0
  while (now() < end) {
    drive(operation, from, timers)
    operations += TURN
    Atomics.add(counter, thread, TURN)
  }
  say({ kind: 'driven', operations })
})
say({ kind: 'ready' })

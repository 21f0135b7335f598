// Timer and work operations of a thread as stress tests record them, and the callbacks that its polls run. What a
// callback does inside is recorded as operations of their own; of the callback itself a poll says where it began and
// ended.
import { BPF_F_TIMER_CPU_PIN } from '../../core/abi.js'
import * as layout from '../../core/layout.js'
import { momentsOfNote } from '../../src/explore/model.js'
import { act, CALLBACK_OF, CALLBACKS } from '../../src/explore/subjects/async-callbacks.js'
import { slotOfBlock } from '../../src/explore/subjects/async-memory.js'
import type { AttachedCpu } from '../core/harness.js'
import type { Span } from './history.js'
import type { Thread } from './rounds.js'

/** Something with a timer or work, as operations name it. */
export interface Target {
  /** Number of the object whose history it belongs to, and what the operations' arguments say besides. */
  object: number
  args: Record<string, number>
  work: boolean
  /** Guest address of the bpf_timer or bpf_wq, and its map. */
  at: number
  map: number
}

/** Programs 1 and 2, and the table index of the first callback of program 1. */
export interface Programs {
  programs: number[]
  first: number
}

export interface AsyncScene {
  thread: Thread
  real: AttachedCpu
  clock: BigInt64Array
  /** What the slot word at an address belongs to. */
  targetOf(slot: number): Target
  /** Frees the element in which a callback runs, by the key that it was given. */
  free(target: Target, key: number): void
}

const TIMER_CALLBACKS = ['set', 'restart', 'freeself', 'cancelself']
const WORK_CALLBACKS = ['set', 'restart', 'freeself']
/** Nanoseconds from now; the clock moves by that between some rounds. */
export const LATER = 800

export class AsyncThread {
  /** What callbacks noted in the poll that goes on. */
  private notes: { target: Target; text: string; span: Span }[] = []

  constructor(
    private readonly scene: AsyncScene,
    private readonly places: Programs,
  ) {
    for (let index = 0; index < 2 * CALLBACKS; index++)
      scene.real.setFunction(places.first + index, (_map, key) => this.called(index, Number(key)))
  }

  /** The clock after so many nanoseconds, in units of deadlines. */
  unitsAfter(nanoseconds: number): number {
    return (Number(Atomics.load(this.scene.clock, 0)) + nanoseconds) / 8
  }

  /** What follows is done by program 1 or 2. */
  enter(program: number): void {
    const { real } = this.scene
    real.setU32(real.area + layout.CPU_PROGRAM, this.places.programs[program - 1]!)
  }

  init(target: Target): void {
    const { at, map, work } = target
    this.did(target, 'init', {}, () =>
      work ? this.helper('bpf_wq_init', at, map, 0) : this.helper('bpf_timer_init', at, map, 1),
    )
  }

  /** Binds some callback of program 1 or 2. */
  bind(target: Target, program: number): void {
    const { at, work } = target
    const callback = this.scene.thread.pick(work ? WORK_CALLBACKS : TIMER_CALLBACKS)
    const fn = this.places.first + (program - 1) * CALLBACKS + CALLBACK_OF[callback]!
    this.did(target, 'set_callback', { program }, () =>
      work ? this.helper('bpf_wq_set_callback', at, fn, 0) : this.helper('bpf_timer_set_callback', at, fn),
    )
  }

  start(target: Target, nanoseconds: number, flags = 0): void {
    const { at, work } = target
    const args = { deadline: work ? 0 : this.unitsAfter(nanoseconds), pinned: flags !== 0 }
    this.did(target, 'start', args, () =>
      work ? this.helper('bpf_wq_start', at, 0) : this.helper('bpf_timer_start', at, nanoseconds, flags),
    )
  }

  /** Cancels a timer; `inside` its own callback. */
  cancel(target: Target, inside = false): void {
    this.did(target, 'cancel', inside ? { inside } : {}, () => this.helper('bpf_timer_cancel', target.at))
  }

  /** Runs what is due; a line of each object whose callbacks ran. */
  poll(): void {
    const { thread, real } = this.scene
    this.notes = []
    const timed = thread.timed(() => real.call('cpu_poll'))
    for (const object of new Set(this.notes.map(({ target }) => target.object))) {
      const own = this.notes.filter(({ target }) => target.object === object)
      const moments = own.flatMap(({ span, text }, note) => {
        const [from, until] = [Math.max(span.from, timed.from), Math.min(span.until, timed.until)]
        return Array.from({ length: momentsOfNote(text) }, () => ({ from, until, note }))
      })
      thread.record(object, 'poll', {}, { ...timed, result: own.map(({ text }) => text).join(';') }, moments)
    }
  }

  /** Operations on a target to choose from, those that are to be frequent more than once. */
  choices(target: Target): (() => void)[] {
    const program = 1 + this.scene.thread.below(2)
    this.enter(program)
    const [init, bind, now, poll] = [
      () => this.init(target),
      () => this.bind(target, program),
      () => this.start(target, 0),
      () => this.poll(),
    ]
    const any = [init, init, bind, bind, bind, now, now, poll, poll, poll]
    if (target.work) return any
    const cancel = (): void => this.cancel(target)
    return [
      ...[...any, cancel, cancel],
      () => this.start(target, LATER),
      () => this.start(target, 0, BPF_F_TIMER_CPU_PIN),
      () => this.did(target, 'cancel_async', {}, () => this.helper('bpf_timer_cancel_async', target.at)),
    ]
  }

  /**
   * Brings a slot into a state from which there is more to see than -EINVAL. For what is between rounds: its lines are
   * nobody's.
   */
  prepare(target: Target): void {
    const { thread } = this.scene
    this.enter(1)
    this.init(target)
    if (thread.below(4) === 0) return
    this.bind(target, 1)
    if (thread.below(3) !== 0) this.start(target, thread.below(3) === 0 ? LATER : 0)
  }

  private helper(name: string, ...values: number[]): number {
    return this.scene.real.helper(name, ...values)
  }

  private did(target: Target, kind: string, args: Record<string, number | boolean>, body: () => number): void {
    const { thread } = this.scene
    thread.record(target.object, kind, { ...target.args, ...args }, thread.timed(body))
  }

  private called(index: number, key: number): void {
    const { thread, real, targetOf, free } = this.scene
    const entry = thread.stamp()
    const target = targetOf(slotOfBlock({ load32: real.u32 }, real.u32(real.area + layout.CPU_CURRENT)))
    const note = (text: string, span: Span): void =>
      void this.notes.push({ target, text: [text, ...Object.values(target.args)].join(' '), span })
    note(`begin ${Math.floor(index / CALLBACKS) + 1}`, { from: 0, until: entry })
    thread.pause()
    const done = (body: void): string => String(body)
    act(index % CALLBACKS, 0, 1, {
      start: () => done(this.start(target, LATER)),
      free: () => done(free(target, key)),
      cancel: () => done(this.cancel(target, true)),
    })
    note('end', { from: thread.stamp(), until: Infinity })
  }
}

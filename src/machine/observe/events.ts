// Typed events of a machine. Listeners are called synchronously in order of registration. Invariant: events are told
// one after the other, also what a listener brings about, and each of them to every listener, whatever one of them
// throws.
import { doAll } from '../whatever-throws.js'

/** Registers, removes and calls listeners; `Events` maps event names to the listener's argument. */
export class Emitter<Events> {
  readonly #listeners = new Map<keyof Events, ((event: never) => void)[]>()
  readonly #waiting: (() => readonly (() => void)[])[] = []
  #telling = false
  #heard = false

  /** False as long as nobody has ever listened for anything: what every run may ask first. */
  get heard(): boolean {
    return this.#heard
  }

  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): void {
    this.#heard = true
    const list = this.#listeners.get(name) ?? []
    this.#listeners.set(name, [...list, listener as (event: never) => void])
  }

  off<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): void {
    const list = this.#listeners.get(name) ?? []
    this.#listeners.set(
      name,
      list.filter((other) => other !== listener),
    )
  }

  /** True if anyone listens. */
  has(name: keyof Events): boolean {
    return (this.#listeners.get(name)?.length ?? 0) > 0
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    this.emitAll(name, [event])
  }

  /** Tells all of them, then throws the first thing that a listener has thrown. Told by a listener, they wait. */
  emitAll<Name extends keyof Events>(name: Name, events: readonly Events[Name][]): void {
    // To those who listen then: the event before may have been the last that one of them wanted.
    const calls = (event: Events[Name]) =>
      (this.#listeners.get(name) ?? []).map((listener) => () => (listener as (event: Events[Name]) => void)(event))
    for (const event of events) this.#waiting.push(() => calls(event))
    if (this.#telling) return
    this.#telling = true
    try {
      doAll(this.#toTell())
    } finally {
      this.#telling = false
    }
  }

  *#toTell(): Generator<() => void> {
    for (let calls = this.#waiting.shift(); calls; calls = this.#waiting.shift()) yield* calls()
  }
}

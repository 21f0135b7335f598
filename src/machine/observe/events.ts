// Typed events of a machine. Listeners are called synchronously in order of registration.

/** Registers, removes and calls listeners; `Events` maps event names to the listener's argument. */
export class Emitter<Events> {
  readonly #listeners = new Map<keyof Events, ((event: never) => void)[]>()
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
    for (const listener of this.#listeners.get(name) ?? []) (listener as (event: Events[Name]) => void)(event)
  }
}

// One set of handles for two kinds of machine: on a LocalMachine methods answer directly, on a Machine with worker
// threads they answer with promises.
import { SkepError } from '../error.js'

/** How a machine's methods answer. */
export type Mode = 'direct' | 'promised'

/** T itself on a local machine, a promise of it on one with worker threads. */
export type Answer<M extends Mode, T> = M extends 'direct' ? T : Promise<T>

/** What work gives that met a spin lock in another CPU's hands: it has done nothing and is to be done again. */
export const AGAIN = Symbol('again')

/** Turns work done on the calling thread into an answer of that machine; what it throws becomes a rejection. */
export interface Answering<M extends Mode> {
  <T>(work: () => T): Answer<M, T>
  /** The same for work that may have to be done again. */
  readonly again: <T>(work: () => T | typeof AGAIN) => Answer<M, T>
}

/** How often a thread tries before it lets others go on. */
const TRIES = 1000

/** Answers at once, throws at once. All CPUs are this thread's: a lock that is held now stays held. */
export const direct: Answering<'direct'> = Object.assign(<T>(work: () => T) => work(), {
  again<T>(work: () => T | typeof AGAIN): T {
    const result = work()
    if (result !== AGAIN) return result
    throw new SkepError('EDEADLK', 'the spin lock of the element is held, and no CPU is left to give it back')
  },
})

/** As direct, on one thread of several: tries until the lock is given back. */
export const directAmongThreads: Answering<'direct'> = Object.assign(<T>(work: () => T) => work(), {
  again<T>(work: () => T | typeof AGAIN): T {
    for (;;) {
      const result = work()
      if (result !== AGAIN) return result
    }
  },
})

/** Answers with a promise. The machine's own thread must not wait for a lock: it is the one that repairs dead CPUs. */
export const promised: Answering<'promised'> = Object.assign(
  <T>(work: () => T): Promise<T> => {
    try {
      return Promise.resolve(work())
    } catch (error) {
      return Promise.reject(error as Error)
    }
  },
  {
    async again<T>(work: () => T | typeof AGAIN): Promise<T> {
      for (let tries = 1; ; tries++) {
        const result = work()
        if (result !== AGAIN) return result
        if (tries % TRIES === 0) await new Promise((resolve) => setImmediate(resolve))
      }
    },
  },
)

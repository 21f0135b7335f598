// One set of handles for two kinds of machine: on a LocalMachine methods answer directly, on a Machine with worker
// threads they answer with promises.

/** How a machine's methods answer. */
export type Mode = 'direct' | 'promised'

/** T itself on a local machine, a promise of it on one with worker threads. */
export type Answer<M extends Mode, T> = M extends 'direct' ? T : Promise<T>

/** Turns work done on the calling thread into an answer of that machine; what it throws becomes a rejection. */
export type Answering<M extends Mode> = <T>(work: () => T) => Answer<M, T>

/** Answers at once, throws at once. */
export const direct: Answering<'direct'> = (work) => work()

/** Answers with a promise. */
export const promised: Answering<'promised'> = (work) => {
  try {
    return Promise.resolve(work())
  } catch (error) {
    return Promise.reject(error as Error)
  }
}

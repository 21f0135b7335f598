// Ctrl-C: the first one asks for an end, the second one ends the process at once.

export interface Interrupt {
  readonly requested: boolean
  readonly signal: AbortSignal
  /** Gives the signals back. */
  release(): void
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
/** 128 + SIGINT: what a shell expects of a program that was interrupted. */
export const EXIT_INTERRUPTED = 130

export function catchInterrupt(): Interrupt {
  const controller = new AbortController()
  const listener = (): void => {
    if (controller.signal.aborted) process.exit(EXIT_INTERRUPTED)
    controller.abort()
  }
  for (const signal of SIGNALS) process.on(signal, listener)
  return {
    get requested() {
      return controller.signal.aborted
    },
    signal: controller.signal,
    release() {
      for (const signal of SIGNALS) process.off(signal, listener)
    },
  }
}

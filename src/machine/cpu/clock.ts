// Where a CPU's time comes from: whole nanoseconds since the machine's epoch. Real machines share one epoch between
// threads; a virtual machine's time moves only when told to.

// The global, not an import of node:process: that asks for every property of it, and so opens stdin, stdout and stderr.
const { hrtime } = process

/** The time of a machine on the calling thread. */
export interface Clock {
  /** Nanoseconds since the machine's epoch; exact for 104 days, then in steps of 2. */
  read(): number
  /** The core's import (core/host.ts): writes the nanoseconds as 64 bits at an address of the machine's memory. */
  onto(memory: WebAssembly.Memory): (at: number) => void
}

/** What another thread needs to read the same real clock: process.hrtime at the machine's epoch. */
export interface RealEpoch {
  readonly hrtime: bigint
}

/** The epoch "now". */
export function realEpoch(): RealEpoch {
  return { hrtime: hrtime.bigint() }
}

// A variable of its own, so that it stands in place wherever it is called.
const monotonic = hrtime.bigint
const HIGH = 2 ** 32

/**
 * The real clock: CLOCK_MONOTONIC, by the one way that leaves no garbage. Every program run and callback comes here,
 * and a CPU that waits for a deadline again and again. V8 calls what reads the clock directly, and keeps a BigInt that
 * goes straight into an array of 64 bits in a register (performance.now() is called through its slow interface, and its
 * answer is an object, twice if it is returned to WebAssembly).
 */
export function realClock({ hrtime: epoch }: RealEpoch): Clock {
  const long = new BigUint64Array(1)
  const words = new Uint32Array(long.buffer)
  return {
    read() {
      long[0] = monotonic() - epoch
      return words[0]! + words[1]! * HIGH
    },
    onto({ buffer }) {
      const longs = new BigUint64Array(buffer)
      return (at) => {
        longs[at >>> 3] = monotonic() - epoch
      }
    },
  }
}

/** A clock that stands where `read` says: whole nanoseconds. */
export function standingClock(read: () => number): Clock {
  return {
    read,
    onto({ buffer }) {
      const words = new Uint32Array(buffer)
      return (at) => {
        const time = read()
        const low = time % HIGH
        words[at >>> 2] = low
        words[(at >>> 2) + 1] = (time - low) / HIGH
      }
    },
  }
}

/** REALTIME minus MONOTONIC of a real machine, nanoseconds. */
export function realtimeOffset(clock: Clock): bigint {
  return BigInt(Date.now()) * 1_000_000n - BigInt(clock.read())
}

// Where a CPU's time comes from: nanoseconds since the machine's epoch, as a float64 (exact for 104 days, then in steps
// of 2 ns; the fraction below a nanosecond is the reader's to cut off). Real machines share one epoch between threads; a virtual machine's time moves only when told to.
import { performance } from 'node:perf_hooks'

/** Reads the time of a machine in nanoseconds since its epoch. */
export type ReadClock = () => number

/** What another thread needs to read the same real clock: process.hrtime at the machine's epoch. */
export interface RealEpoch {
  readonly hrtime: bigint
}

/** The epoch "now". */
export function realEpoch(): RealEpoch {
  return { hrtime: process.hrtime.bigint() }
}

/**
 * The real clock as seen by the calling thread. performance.now() is cheap but counts from an origin of this thread's
 * own; both clocks tick alike, so one constant relates them. It is found by bracketing: hrtime, performance.now, hrtime
 * bounds it from both sides, and the bounds of many brackets are intersected (tens of nanoseconds remain, far less than
 * the brackets took, so no reading is negative). On one thread the result never decreases, so a timer is never early
 * for its own CPU whatever error remains. Every program run and callback comes here: `performance` is a variable of its
 * own because the global of that name is an accessor and an import in CommonJS a field, and nothing is rounded.
 */
export function realClock(epoch: RealEpoch): ReadClock {
  const timer = performance
  let low = -Infinity
  let high = Infinity
  for (let sample = 0; sample < 200; sample++) {
    const before = Number(process.hrtime.bigint() - epoch.hrtime)
    const here = timer.now() * 1e6
    const after = Number(process.hrtime.bigint() - epoch.hrtime)
    low = Math.max(low, before - here)
    high = Math.min(high, after - here)
  }
  const offset = (low + high) / 2
  return () => timer.now() * 1e6 + offset
}

/** REALTIME minus MONOTONIC of a real machine, nanoseconds. */
export function realtimeOffset(read: ReadClock): bigint {
  return BigInt(Date.now()) * 1_000_000n - BigInt(Math.floor(read()))
}

// A run of the benchmark as it is written to a file: what a report is made of.
import type { Row } from '../measure.js'
import type { MachineDescription } from './machine.js'
import type { Names } from './text.js'

export interface BenchRun {
  /** ISO date. */
  date: string
  repetitions: number
  machine: MachineDescription
  names: Names
  /** Baselines that are not there at all, and why. */
  missing: string[]
  rows: Row[]
}

/** How it was measured, in sentences that belong to every table. */
export function method(run: BenchRun): string {
  return (
    `Median of ${run.repetitions} figures (of cases that take long: fewer), ± half the distance of the quartiles; ` +
    '`?`: that distance is more than a quarter of the median, too noisy to quote. The subjects of a case take turns ' +
    'within one run, in one order and in the other. Before the first figure an operation is run sixty times (fewer ' +
    'where one takes long) in three rounds with pauses, so that compilers have done what they will; a figure of an ' +
    'operation is the median of some runs of a millisecond or so. The figure of an operation contains the turn of its ' +
    'loop, that of a timer or of work also the lookup of its element. Atomic operations (or memory) alone: a loop of ' +
    'nothing but those that the operation makes, recorded from the check build; a goal that even this loop misses is ' +
    'out of reach, whatever the code around them.'
  )
}

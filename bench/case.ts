// What a case of the benchmark is: a name, a unit, what it is to reach, and how each subject takes one figure of it.
// Cases are in cases/, one file per theme; measure.ts runs them.
import type { Bench } from './systems/bench.js'

/** skep comes first; the others are what it is compared with. `floor`: what its own protocol costs at least. */
export type SubjectName = 'skep' | 'linux' | 'native' | 'node' | 'locked' | 'rfc-v1' | 'merged' | 'floor'

/** What happened over time, for a plot: milliseconds, and a value. */
export type Series = readonly (readonly [milliseconds: number, value: number])[]

/** Takes figures of one case on one subject. */
export interface Running {
  /** One figure, in the case's unit. */
  measure(): Promise<number>
  /** What was measured, where the subject's name does not say it. */
  readonly what?: string
  /** Taken once, after the figures. */
  series?(): Promise<Series>
  end(): Promise<void>
}

/** Brings what the case needs, warms up. A reason not to (a string) makes the subject absent from the row. */
export type Start = (bench: Bench) => Promise<Running | string>

/** What a case is to reach, as issued; every form is checked against the medians of the same run. */
export type Reach =
  /** An absolute bound, in the case's unit. */
  | { readonly atMost: number }
  | { readonly atLeast: number }
  /** So many times better than a baseline; `without`: the same subject's figure of that case taken off both first. */
  | { readonly times: number; readonly than: SubjectName; readonly without?: string }
  /** At most so many times the cost of a baseline. */
  | { readonly within: number; readonly of: SubjectName }
  /** At most so many times skep's own figure of another case. */
  | { readonly within: number; readonly ofCase: string }

export interface Case {
  readonly name: string
  readonly unit: 'ns' | 'µs' | 'ms' | 'MB' | 'bytes' | '×' | '%' | 'M/s'
  /** Whether less or more of the unit is better. Default less. */
  readonly better?: 'less' | 'more'
  readonly reach?: readonly Reach[]
  /** What a reader should know of the figure. */
  readonly note?: string
  /** Most repetitions, for cases that take long; 1 for what does not vary. */
  readonly repetitions?: number
  readonly on: Readonly<Partial<Record<SubjectName, Start>>>
}

/** Cases that belong together. */
export interface Theme {
  readonly title: string
  readonly cases: readonly Case[]
  /** Figures made of those of other cases: the geometric mean of all cases of the theme. */
  readonly mean?: Pick<Case, 'name' | 'unit' | 'reach' | 'note'>
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}

/** A figure that is there already when the case starts and is taken anew each time. */
export function running(measure: () => number | Promise<number>, end: () => void | Promise<void> = () => {}): Running {
  return { measure: async () => measure(), end: async () => end() }
}

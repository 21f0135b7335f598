// The ways in which two operations meet: beside each other, one inside the other, and one that never ends.
import type { CpuScript, Operation } from '../subject.js'
import type { Variant } from './entry.js'

export interface Meeting {
  variant: Variant
  /** How, for the line that says what a subject asks. */
  how: string
  scripts(one: Operation, other: Operation): CpuScript[]
}

export const MEETINGS: readonly Meeting[] = [
  { variant: 'plain', how: 'on two CPUs', scripts: (one, other) => [{ operations: [one] }, { operations: [other] }] },
  {
    variant: 'nmi',
    how: 'the second as an NMI in the first',
    scripts: (one, other) => [{ operations: [one], nmi: [other] }],
  },
  {
    variant: 'stop',
    how: 'the first one’s CPU stops',
    scripts: (one, other) => [{ operations: [one], mayStop: true }, { operations: [other] }],
  },
]

/** What meets an operation of a list: all in order, but of two on two CPUs it does not matter which is the first. */
export const othersOf = (names: readonly string[], index: number, { variant }: Meeting): readonly string[] =>
  variant === 'plain' ? names.slice(index) : names

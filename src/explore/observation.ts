// The records that a world shows to others: its calls, and what a step did.
import type { Operation } from './subject.js'

/** One operation of a script: its place in results, and where it comes from. */
export interface Call {
  operation: Operation
  cpu: number
  nmi: boolean
}

/** What a step did, for traces. */
export interface Observation {
  cpu: number
  depth: number
  call: number
  code: number
  address: number
  aLow: number
  aHigh: number
  bLow: number
  bHigh: number
  low: number
  high: number
  node: number
  /** The operation ended with this access. */
  ended: boolean
  /** The access was not made: no such access is allowed there. */
  refused: boolean
}

// What the stress test of the maps asks of each kind of map: how one is created, what a thread does with it, what must
// hold at rest, and the model that says which answers there may be. Operations, checks and models are those of the
// explorer's stages, performed on real threads.
import type { SequentialModel } from '../../../src/explore/linearize.js'
import type { Cpu, Operation } from '../../../src/explore/index.js'
import type { View } from '../../../src/explore/subject.js'
import type { AttachedCpu, CoreMachine } from '../../core/harness.js'
import type { Thread } from '../rounds.js'

/** What a thread has. */
export interface Scene {
  thread: Thread
  /** Number of the object among those of the test: for what is recorded. */
  object: number
  /** Its CPU, and the same as the operations of stages see it: memory and exports, nothing of the explorer's own. */
  real: AttachedCpu
  cpu: Cpu
  /** Guest memory of this thread and object alone. */
  memory: number
  /** The clock in nanoseconds; it stands still in a round. */
  clock: BigInt64Array
  /** Performs an operation and records it. */
  perform(operation: Operation): void
}

/** What a thread does with an object. */
export interface Part<S> {
  /** Performs one operation, chosen at random; as the consumer if this thread is that in this round. */
  operate(consumes: boolean): void
  /** At rest: what the object holds, and what is wrong with it. */
  state(view: View): S
  wrong(view: View): string | undefined
  /** Brings the object, at rest, into a state from which there is more to see. */
  prepare?(): void
}

/** A kind of map. `P` goes to the threads: plain values. */
export interface Structure<P, S> {
  create(machine: CoreMachine, threads: number): P
  /** `now`: the clock in a round. */
  model(place: P, now: number): SequentialModel<S>
  shown(state: S): string
  part(place: P, scene: Scene): Part<S>
}

/** A table of kinds knows each of them as this. */
export type AnyStructure = Structure<unknown, unknown>
export const anyStructure = <P, S>(structure: Structure<P, S>): AnyStructure => structure as unknown as AnyStructure

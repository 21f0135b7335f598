// Which accesses need no check when they run: facts that hold whatever other CPUs do to guest memory and whoever calls
// the function. So arguments and everything loaded count as anything; what counts is r10, addresses of map values that
// the loader wrote into the code, and what lookups answer (after the comparison with 0), moved by numbers whose range the
// code itself enforces. For the compiler.
import type { FunctionSpec, ObjectSpec } from '../object/spec.js'
import { codeOf } from './blocks.js'
import type { CallSurroundings } from './call.js'
import type { Fact } from './step.js'
import { UNKNOWN } from './value.js'
import { review, walk } from './walk.js'

/** The proved accesses of a function by instruction; only facts of kind 'frame' and 'map-value'. */
export function prove(spec: ObjectSpec, fn: FunctionSpec): ReadonlyMap<number, Fact> {
  const facts = new Map<number, Fact>()
  const around: CallSurroundings = {
    spec,
    code: codeOf(fn),
    program: undefined,
    trusting: false,
    sleepable: true,
    movesPacket: true,
    enter: () => ({ result: UNKNOWN, lock: 'unknown' }),
  }
  const entry = { arguments: [UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN], lock: 'unknown', sleepable: true } as const
  const reporting: CallSurroundings = {
    ...around,
    report: () => undefined,
    fact: ({ index }, fact) => {
      if (fact?.kind === 'frame' || fact?.kind === 'map-value') facts.set(index, fact)
    },
  }
  review(reporting, walk(around, entry), () => undefined)
  return facts
}

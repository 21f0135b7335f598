// The floor under a case: a loop of nothing but the atomic accesses that its operation makes, as compiled by the same
// V8 in the same run. Nobody who keeps to that protocol is faster, so it says whether a goal can be reached at all.
import { running, type Start } from '../case.js'
import { medianOf } from '../cases/on-object.js'
import { atomicOperations, ELEMENTS, record } from './accesses.js'
import { compile, sharedMemory, source, turnsOf } from './loop.js'
import { OPERATIONS } from './operations.js'

/** Atomic operations of one run: a fraction of a millisecond, so that few runs are interrupted. */
const ATOMIC_OPERATIONS = 40_000

/** Nanoseconds of the atomic accesses of one operation alone. */
export function floorOf(name: keyof typeof OPERATIONS): Start {
  return async () => {
    const recorded = record(OPERATIONS[name])
    const atomic = atomicOperations(recorded)
    if (atomic === 0) return 'it has no atomic operation'
    const count = Math.ceil(ATOMIC_OPERATIONS / atomic)
    const turns = turnsOf(await compile(source(recorded)), sharedMemory())
    const once = async (): Promise<number> => {
      const begin = process.hrtime.bigint()
      turns(0, ELEMENTS - 1, count)
      return Number(process.hrtime.bigint() - begin) / count
    }
    for (let i = 0; i < 60; i++) await once()
    return {
      ...running(() => medianOf(7, once)),
      what: atomic === 1 ? 'its atomic operation alone' : `its ${atomic} atomic operations alone`,
    }
  }
}

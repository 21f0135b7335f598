// Ring buffers and user ring buffers under stress: records so large that few of them fill the ring. Of a ring one
// thread is the consumer, in each round another one; a user ring is drained by whoever comes.
import { EAGAIN, MAP_TYPE_RINGBUF, MAP_TYPE_USER_RINGBUF } from '../../../core/abi.js'
import { ringModel } from '../../../src/explore/subjects/ring-model.js'
import type { RingState } from '../../../src/explore/subjects/ring-model.js'
import {
  capacity,
  discard,
  output,
  placeOf,
  query,
  records,
  RING_BYTES,
  ringState,
  submit,
  take,
  userCapacity,
  VALUES,
} from '../../../src/explore/subjects/ring-stage.js'
import { drain, enterProgram, NO_ROOM, noteSample, produce } from '../../../src/explore/subjects/user-ring-stage.js'
import type { CoreMachine } from '../../core/harness.js'
import type { Part, Structure } from './structure.js'

/** Four of them fill a ring of 4096 bytes. */
const BYTES = 1000
/** The callback of a drain in the function table. */
const CALLBACK = 200

const create = (machine: CoreMachine, type: number): number =>
  machine.arrayMap({ type, keySize: 0, valueSize: 0, entries: RING_BYTES, timer: -1 }).address

const shown = (state: RingState): string => `[${state.join(', ')}]`

const atRest = (ring: number): Pick<Part<RingState>, 'wrong' | 'state'> => ({
  wrong: (view) => [ringState(ring, view)].find((state) => typeof state === 'string') as string | undefined,
  state: (view) => ringState(ring, view) as RingState,
})

export const ring: Structure<number, RingState> = {
  create: (machine) => create(machine, MAP_TYPE_RINGBUF),
  model: (at) => ringModel(capacity(BYTES), -EAGAIN, [], (view) => String(records(at, view))),
  shown,
  part(address, { thread, cpu, memory, perform }) {
    const at = placeOf(address, cpu, memory)
    return {
      operate(consumes) {
        const v = thread.own(VALUES)
        const puts = [
          () => output(at, '', v, BYTES),
          () => submit({ ...at, atOnce: thread.pick([true, false]) }, '', v, BYTES),
          () => discard(at, '', v, BYTES),
        ]
        const takes = [() => take(at, ''), () => take(at, ''), () => query(at, '', BYTES)]
        perform(thread.pick(consumes ? takes : puts)())
      },
      ...atRest(address),
    }
  },
}

export const userRing: Structure<{ ring: number; program: number }, RingState> = {
  create: (machine) => ({
    ring: create(machine, MAP_TYPE_USER_RINGBUF),
    program: machine.program(CALLBACK, CALLBACK + 1),
  }),
  model: (at) => ringModel(userCapacity(BYTES), NO_ROOM, [], (view) => String(records(at.ring, view))),
  shown,
  part({ ring: address, program }, { thread, real, cpu, perform }) {
    const at = { ring: address, callback: BigInt(CALLBACK), given: [] as number[][] }
    real.setFunction(CALLBACK, (dynptr) => {
      thread.pause()
      return noteSample(at.given, cpu, dynptr)
    })
    return {
      operate() {
        enterProgram(cpu, real.area, program)
        const v = thread.own(VALUES)
        perform(
          thread.pick([
            () => produce(at, '', v, true, BYTES),
            () => produce(at, '', v, true, BYTES),
            () => produce(at, '', v, false, BYTES),
            () => drain(at, ''),
          ])(),
        )
      },
      ...atRest(address),
    }
  },
}

// Queues and stacks under stress: as small as they may be full and empty in one round.
import { BPF_EXIST } from '../../../core/abi.js'
import {
  atRest,
  check,
  model,
  peek,
  placeOf,
  pop,
  push,
  VALUES,
  values,
} from '../../../src/explore/subjects/queue-stage.js'
import type { QueueMap } from '../../../src/explore/subjects/queue-stage.js'
import type { Structure } from './structure.js'

const ENTRIES = 2

export const queue = (type: number): Structure<QueueMap, readonly number[]> => ({
  create(machine) {
    const { address } = machine.arrayMap({ type, keySize: 0, entries: ENTRIES, valueSize: 4, timer: -1 })
    return { map: address, type, maxEntries: ENTRIES }
  },
  model: (at) => model(at, []),
  shown: (held) => `[${held.join(', ')}]`,
  part(map, { thread, cpu, memory, perform }) {
    const at = placeOf(map, cpu, memory)
    return {
      operate() {
        const v = thread.own(VALUES)
        perform(
          thread.pick([
            () => push(at, '', v),
            () => push(at, '', v, BPF_EXIST),
            () => pop(at, '', 0),
            () => pop(at, '', 1),
            () => peek(at, '', 2),
          ])(),
        )
      },
      state: (view) => values(map, view),
      wrong: (view) => check(map)(view) ?? atRest(map, 0)(view),
    }
  },
})

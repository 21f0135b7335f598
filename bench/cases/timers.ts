// Operations on timers, from BPF code. Every figure contains the lookup of its element and the turn of its loop.
import type { Case, Start, Theme } from '../case.js'
import { REPOSITORY } from '../../test/kernel/oracle.js'
import { NO_MILLION } from '../systems/kernel.js'
import { loadedObject, skepSystem } from '../systems/skep.js'
import { floorOf } from '../floor/floor.js'
import { inOrder, memoryAlone, shuffled, type Footprint } from '../floor/million.js'
import { nodeTimers } from './node-timers.js'
import { allocating, operation, operationOn, type Operation } from './on-object.js'

const TIMERS = 'bench/objects/timers.bpf.o'
const HOT: Partial<Operation> = { ready: [['prepare_timers', 64]] }
const CROWD = 10_000
const MANY = 1_000_000
const ALL: Partial<Operation> = { ready: [['prepare_timers', CROWD], ['shuffle', CROWD]], warmUp: 5 } // prettier-ignore
const IN_ORDER = 're-arm, 10,000 timers in order'
const SHUFFLED = 're-arm, 10,000 timers shuffled'

/** A machine of its own: memory for a million timers. */
function amongMany(program: string): Start {
  return async () => {
    const system = await skepSystem({ cpus: 1, timers: MANY + 1000, memory: '512 MiB' })
    const maxEntries = { timers: MANY, order: MANY }
    const loaded = loadedObject(await system.machine.load(`${REPOSITORY}${TIMERS}`, { maxEntries }))
    const ready: Operation['ready'] = [['prepare_timers', MANY], ['shuffle', MANY]] // prettier-ignore
    const { measure, prepare } = operationOn({ program, count: MANY, ready, warmUp: 2, runs: 1 })
    await prepare(loaded)
    return { measure: () => measure(loaded), end: () => system.close() }
  }
}

function million(name: string, program: string, among: string, order: Footprint['order']): Case {
  return {
    name,
    unit: 'ns',
    repetitions: 9,
    reach: [{ within: 2, ofCase: among }],
    on: { skep: amongMany(program), linux: async () => NO_MILLION, floor: memoryAlone({ count: MANY, order }) },
  }
}

export const timers: Theme = {
  title: 'Timers',
  cases: [
    {
      name: 're-arm, 64 timers',
      unit: 'ns',
      reach: [{ atMost: 15 }, { times: 10, than: 'linux' }],
      note: 'an idle timeout that a packet moves on; Node: timer.refresh()',
      on: { ...operation(TIMERS, 'rearm', 40_000, HOT), node: nodeTimers('refresh', 64), floor: floorOf('re-arm') },
    },
    {
      name: IN_ORDER,
      unit: 'ns',
      reach: [{ atMost: 15 }, { times: 10, than: 'linux' }],
      on: {
        ...operation(TIMERS, 'rearm_in_order', CROWD, ALL),
        node: nodeTimers('refresh', CROWD),
        floor: memoryAlone({ count: CROWD, order: inOrder }),
      },
    },
    {
      name: SHUFFLED,
      unit: 'ns',
      reach: [{ times: 10, than: 'linux' }],
      on: {
        ...operation(TIMERS, 'rearm_shuffled', CROWD, ALL),
        node: nodeTimers('refresh shuffled', CROWD),
        floor: memoryAlone({ count: CROWD, order: shuffled }),
      },
    },
    million('re-arm, 1,000,000 timers in order', 'rearm_in_order', IN_ORDER, inOrder),
    million('re-arm, 1,000,000 timers shuffled', 'rearm_shuffled', SHUFFLED, shuffled),
    {
      name: 're-arm the earliest timer',
      unit: 'ns',
      reach: [{ within: 2, ofCase: 're-arm, 64 timers' }],
      note: 'moved on by 300 µs each time, so the hardware has to be told',
      on: { ...operation(TIMERS, 'rearm_earliest', 8_000, HOT), floor: floorOf('re-arm') },
    },
    {
      name: 'init',
      unit: 'ns',
      reach: [{ times: 5, than: 'linux' }],
      on: { ...allocating(TIMERS, 'init'), floor: floorOf('init') },
    },
    {
      name: 'set_callback',
      unit: 'ns',
      reach: [{ times: 5, than: 'linux' }],
      on: { ...operation(TIMERS, 'set_callback', 40_000, HOT), floor: floorOf('set_callback') },
    },
    {
      name: 'first start',
      unit: 'ns',
      reach: [{ times: 5, than: 'linux' }],
      note: 'of an idle timer that is bound; Node: setTimeout()',
      on: {
        ...operation(TIMERS, 'first_start', 8_000, HOT),
        node: nodeTimers('set', 64),
        floor: floorOf('first start'),
      },
    },
    {
      name: 'cancel',
      unit: 'ns',
      reach: [{ times: 5, than: 'linux' }],
      note: 'of an armed timer; Node: clearTimeout()',
      on: { ...operation(TIMERS, 'cancel', 8_000, HOT), node: nodeTimers('clear', 64), floor: floorOf('cancel') },
    },
    {
      name: 'set_callback + start + cancel',
      unit: 'ns',
      reach: [{ times: 5, than: 'linux' }],
      note: 'Node: setTimeout() and clearTimeout()',
      on: {
        ...operation(TIMERS, 'set_start_cancel', 20_000, HOT),
        node: nodeTimers('set and clear', 64),
        floor: floorOf('set_callback + start + cancel'),
      },
    },
    {
      name: 'hash element: insert + init + set_callback + start + delete',
      unit: 'ns',
      reach: [{ times: 5, than: 'linux' }],
      on: { ...allocating(TIMERS, 'element_with_timer'), floor: floorOf('element with timer') },
    },
  ],
}

// bpf_wq: what a start costs, and how long it takes until the callback runs.
import { setTimeout as sleep } from 'node:timers/promises'
import { median, type Theme } from '../case.js'
import { ask, counter, type Loaded } from '../systems/system.js'
import { floorOf } from '../floor/floor.js'
import { allocating, onBoth } from './on-object.js'

const TIMERS = 'bench/objects/timers.bpf.o'

async function untilRun(loaded: Loaded): Promise<number> {
  const waited: number[] = []
  for (let i = 0; i < 40; i++) {
    await ask(loaded, 'ask_work', {})
    for (let turn = 0; (await counter(loaded, 'work_waited')) === 0; turn++) {
      if (turn === 100) throw new Error('the work does not run')
      await sleep(1)
    }
    waited.push(await counter(loaded, 'work_waited'))
  }
  return median(waited) / 1000
}

export const work: Theme = {
  title: 'Work',
  cases: [
    {
      name: 'wq: start of idle work',
      unit: 'ns',
      reach: [{ times: 5, than: 'linux' }],
      on: { ...allocating(TIMERS, 'wq_start', ['prepare_works', 16]), floor: floorOf('wq start') },
    },
    {
      name: 'wq: from the start until the callback runs',
      unit: 'µs',
      reach: [{ atMost: 2 }],
      note: 'on a CPU that is awake: it has just run the program',
      on: onBoth(TIMERS, untilRun, untilRun),
    },
  ],
}

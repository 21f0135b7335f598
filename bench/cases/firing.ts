// Timers that fire, many at once, in exact order: a figure whose callbacks came in another order is no figure.
import { setTimeout as sleep } from 'node:timers/promises'
import { boot } from '../../src/index.js'
import { REPOSITORY } from '../../test/kernel/oracle.js'
import { running, type Start, type Theme } from '../case.js'
import { NO_MILLION } from '../systems/kernel.js'
import { answerOf, ask, counter, requestPacket, type Loaded } from '../systems/system.js'
import { memoryAlone, spread } from '../floor/million.js'
import { onBoth } from './on-object.js'

const FIRING = 'bench/objects/firing.bpf.o'
const CROWD = 10_000
const MANY = 1_000_000
const SECOND = 1e9

/** All of one instant: from the first callback to the last, per timer. */
async function fireCrowd(loaded: Loaded): Promise<number> {
  const { operations } = await ask(loaded, 'arm_crowd', { count: CROWD, argument: 30_000_000n })
  if (operations !== BigInt(CROWD)) throw new Error(`only ${operations} of ${CROWD} timers could be armed`)
  for (let turn = 0; (await counter(loaded, 'crowd_fired')) < CROWD; turn++) {
    if (turn === 400) throw new Error(`only ${await counter(loaded, 'crowd_fired')} of ${CROWD} timers fired`)
    await sleep(5)
  }
  const disorder = await counter(loaded, 'crowd_disorder')
  if (disorder > 0) throw new Error(`${disorder} of ${CROWD} timers fired out of their order`)
  return ((await counter(loaded, 'crowd_last')) - (await counter(loaded, 'crowd_first'))) / CROWD
}

/** A million of them, due over a second in another order than they were armed in, and fired when all are due. */
const fireMany: Start = async () => {
  const machine = boot({ cpus: 'inline', memory: '512 MiB', timers: MANY + 1000 })
  const loaded = machine.load(`${REPOSITORY}${FIRING}`, { maxEntries: { crowd: MANY } })
  const read = (name: string): number => Number(loaded.variables[name]!.get())
  const measure = (): number => {
    const data = requestPacket({ count: MANY, extra: SECOND / MANY, argument: BigInt(SECOND) })
    const begin = machine.now()
    const { operations } = answerOf(loaded.programs['arm_crowd']!.run({ data }).data!)
    if (operations !== BigInt(MANY)) throw new Error(`only ${operations} of ${MANY} timers could be armed`)
    if (machine.now() - begin > SECOND) throw new Error('arming took so long that the first were due before the last')
    while (machine.now() - begin < 2.1 * SECOND);
    while (read('crowd_fired') < MANY) machine.poll()
    if (read('crowd_disorder') > 0) throw new Error(`${read('crowd_disorder')} timers fired out of their order`)
    return (read('crowd_last') - read('crowd_first')) / MANY
  }
  measure()
  return running(measure, () => machine.close())
}

/** Node's setTimeout, the same way. Its timers are of whole milliseconds. */
function fireTimeouts(count: number, spread: number): Start {
  return async () => {
    const measure = (): Promise<number> =>
      new Promise((resolve) => {
        let fired = 0
        let first = 0
        const callback = (): void => {
          if (++fired === 1) first = performance.now()
          if (fired === count) resolve(((performance.now() - first) * 1e6) / count)
        }
        const begin = performance.now()
        for (let i = 0; i < count; i++)
          setTimeout(callback, 1 + Math.floor((((i * 618033989) % count) / count) * spread))
        while (performance.now() - begin < spread + 30);
      })
    await measure()
    return running(measure)
  }
}

export const firing: Theme = {
  title: 'Firing',
  cases: [
    {
      name: 'fire, each of 10,000 timers of one instant',
      unit: 'ns',
      reach: [{ atMost: 60 }],
      note: 'order checked; the callback counts and compares its rank',
      on: {
        ...onBoth(FIRING, fireCrowd, async (loaded) => {
          for (let i = 0; i < 3; i++) await fireCrowd(loaded)
        }),
        node: fireTimeouts(CROWD, 0),
      },
    },
    {
      name: 'fire, each of 1,000,000 timers due over a second',
      unit: 'ns',
      repetitions: 5,
      reach: [{ atMost: 60 }],
      note: 'armed in another order than they are due in, fired when all are due; order checked',
      on: {
        skep: fireMany,
        linux: async () => NO_MILLION,
        node: fireTimeouts(MANY, 1000),
        floor: memoryAlone({ count: MANY, order: spread }),
      },
    },
  ],
}

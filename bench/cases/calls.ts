// What calls cost, and the clock.
import { running, type Start, type Theme } from '../case.js'
import type { Loaded } from '../systems/system.js'
import { medianOf, onBoth, operation } from './on-object.js'

const CALLS = 'bench/objects/calls.bpf.o'
const CHAIN = 32
const RUNS = 2_000
const PACKET = new Uint8Array(64)

/**
 * A run with 32 tail calls more than another: a 32nd of the difference, which whatever interrupts one of them
 * falsifies.
 */
function tailCall(loaded: Loaded): Promise<number> {
  return medianOf(15, async () => {
    const many = await loaded.repeat('chain_of_many', PACKET, RUNS)
    const none = await loaded.repeat('chain_of_none', PACKET, RUNS)
    return (many - none) / CHAIN
  })
}

/** The clock that a JavaScript program has. */
const hostClock: Start = async () => {
  const READINGS = 100_000
  const measure = (): number => {
    let sum = 0
    const begin = performance.now()
    for (let i = 0; i < READINGS; i++) sum += performance.now()
    const time = performance.now() - begin
    if (sum === 0) throw new Error('the clock stands')
    return (time * 1e6) / READINGS
  }
  for (let i = 0; i < 20; i++) measure()
  return running(measure)
}

const KTIME = [CALLS, 'ktime', 40_000] as const

/** What a run costs at least that asks for the time: one reading of it. */
export const clockAlone: Start = async (bench) => {
  const run = await operation(...KTIME).skep!(bench)
  return typeof run === 'string' ? run : { ...run, what: 'one reading of its clock alone' }
}

/** What every figure that is taken in a loop contains. */
export const LOOP_TURN = 'an empty turn of the loop'

export const calls: Theme = {
  title: 'Calls and the clock',
  cases: [
    {
      name: LOOP_TURN,
      unit: 'ns',
      note: 'the share of the loop in every figure that is taken in one',
      on: operation(CALLS, 'loop', 160_000),
    },
    {
      name: 'bpf-to-bpf call',
      unit: 'ns',
      reach: [{ times: 4, than: 'linux', without: LOOP_TURN }],
      on: operation(CALLS, 'call', 160_000),
    },
    {
      name: 'bpf_loop: one iteration',
      unit: 'ns',
      reach: [{ times: 4, than: 'linux' }],
      on: operation(CALLS, 'turns', 160_000),
    },
    {
      name: 'tail call',
      unit: 'ns',
      reach: [{ times: 1, than: 'linux' }],
      on: onBoth(CALLS, tailCall, async (loaded) => {
        for (let i = 0; i < 5; i++) await tailCall(loaded)
      }),
    },
    {
      name: 'ktime_get_ns',
      unit: 'ns',
      reach: [{ within: 1.3, of: 'node' }],
      note: 'Node: performance.now(); skep reads process.hrtime.bigint()',
      on: { ...operation(...KTIME), node: hostClock },
    },
  ],
}

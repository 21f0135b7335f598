// Timers on REALTIME. On a machine of threads that clock keeps its distance from MONOTONIC: any two operations meet,
// one of them an absolute start, whose expiry is written down beside the block. Setting REALTIME moves the timers that
// were armed for one of its readings; only machines of one thread offer that (boot.virtual), so that operations come
// one after the other there, and all their orders are explored. Named `realtime/…`.
import type { Scenario } from './async-catalogue.js'
import { slug } from './entry.js'

const BOUND = '0:init 0:set1'

/** `abs` and `past` are readings of REALTIME, now and later are not. */
const STATES = {
  'idle, bound': BOUND,
  'armed for a reading': `${BOUND} 0:abs`,
  'due by a reading': `${BOUND} 0:past`,
}
const KINDS = ['abs', 'past', 'later', 'now', 'pin', 'set2', 'cancel', 'async', 'free', 'poll']
const READINGS = new Set(['abs', 'past'])

function* pairs(): Generator<Scenario> {
  const yes = { hazards: [], machine: 'a timer on REALTIME' as const }
  for (const [state, steps] of Object.entries(STATES))
    for (const one of KINDS)
      for (const other of KINDS) {
        if (state === 'idle, bound' && !READINGS.has(one) && !READINGS.has(other)) continue
        const name = `realtime/${slug(state)}/${one}/${other}`
        const about = `${one} and ${other} of a timer on REALTIME, ${state}`
        yield { ...yes, name, about: `${about}, on two CPUs`, steps, scripts: [[`${one}A`], [`${other}B`]] }
        if (other === 'poll') continue
        yield {
          ...yes,
          name: `${name}+nmi`,
          about: `${about}, the second as an NMI in the first`,
          steps,
          scripts: [{ operations: [`${one}A`, 'pollE'], nmi: [`${other}N`] }],
          variant: 'nmi',
        }
      }
}

/** What comes before and after the clock is set, on two CPUs. */
const BESIDE = ['abs', 'past', 'later', 'pin', 'cancel', 'async', 'free', 'poll']

function* settings(): Generator<Scenario> {
  for (const setting of ['forward', 'back'])
    for (const [state, steps] of Object.entries(STATES))
      for (const [at, one] of BESIDE.entries())
        for (const other of BESIDE.slice(at))
          yield {
            name: `realtime/set-${setting}/${slug(state)}/${one}/${other}`,
            about: `REALTIME is set ${setting}, in every order with ${one} and ${other}, on one thread; ${state}`,
            hazards: [],
            steps,
            scripts: [[`${one}A`, 'pollC'], [`${other}B`, 'pollD'], [`${setting}S`]],
            machine: 'a timer on REALTIME, one thread',
          }
}

/** All of them. */
export function* realtimeScenarios(): Generator<Scenario> {
  yield* pairs()
  yield* settings()
}

// From an interleaving that fails to one that a person can follow: the fewest preemptions at which it fails, and among
// the interleavings with so many one with the fewest switches. Searched from below, each search complete within its
// bounds as far as its states allow. Used by explore.ts and program/check.ts.
import { switchesOf } from './choices.js'
import { meaningOf } from './meaning.js'
import { search } from './search.js'
import type { SearchOptions, Violated } from './search.js'
import type { Subject } from './subject.js'

export interface Fewest {
  violation: Violated
  preemptions: number
  /** No interleaving with fewer preemptions fails. */
  minimal: boolean
}

type Limits = Pick<SearchOptions, 'full' | 'interrupted' | 'maxStates'>

/** States that the searches for fewer switches may visit in sum. */
const SWITCH_STATES = 200_000

/**
 * What fails with at most `most` preemptions; undefined if nothing was found. `maxStates` is for each number of them.
 */
export function fewest(subject: Subject, most: number, limits: Limits): Fewest | undefined {
  let minimal = true
  for (let preemptions = 0; preemptions <= most; preemptions++) {
    const { violation, complete } = search(subject, { ...limits, preemptions })
    if (violation) return { violation: fewerSwitches(subject, violation, preemptions, limits), preemptions, minimal }
    minimal &&= complete
  }
  return undefined
}

// What is wrong stays what it is: only its numbers may be others.
const kindOf = ({ message }: Violated): string => meaningOf(message) ?? message.replace(/\d+/g, '#')

// No interleaving has fewer switches than preemptions. What a search finds first may move to and fro between operations
// that are over, which is no preemption.
function fewerSwitches(subject: Subject, found: Violated, preemptions: number, limits: Limits): Violated {
  const most = switchesOf(found.choices)
  let left = SWITCH_STATES
  for (let switches = preemptions; switches < most && left > 0; switches++) {
    const { violation, complete, states } = search(subject, { ...limits, preemptions, switches, maxStates: left })
    if (violation) return kindOf(violation) === kindOf(found) ? violation : found
    if (!complete) break
    left -= states
  }
  return found
}

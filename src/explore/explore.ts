// The front door of the explorer: explore a subject, minimise what was found, replay a token. Reports are plain data.
import { fewest } from './fewest.js'
import { search } from './search.js'
import type { SearchOptions, SearchResult, Violated } from './search.js'
import type { Subject } from './subject.js'
import { tokenOf } from './token.js'
import { traceOf } from './trace.js'
import type { Trace } from './trace.js'
import { walk } from './walk.js'
import type { WalkOptions, WalkResult } from './walk.js'

/** A violation, with the interleaving that shows it. */
export interface Failure {
  /** What is wrong. */
  message: string
  /** Gives the same interleaving again: `replay(subject, token)`. */
  token: string
  /** The interleaving, for printTrace. */
  trace: Trace
  /** Preemptions in it: the fewest possible if `minimal`. */
  preemptions: number
  /** No interleaving with fewer preemptions fails. Among those with as many this one has few switches. */
  minimal: boolean
}

/** What a search has found, and how much of the subject it has seen. */
export type Report = Omit<SearchResult, 'violation'> & { failure?: Failure }

export interface ExploreOptions extends SearchOptions {
  /** The stage's last exploration was of this subject, too: what it has learnt need not be learnt again. */
  again?: boolean
  /** false: a violation is shown as it was found; for those who only ask whether there is one. */
  minimise?: boolean
}

/**
 * Explores every interleaving of a subject (or those within `options.preemptions`). It learns anew which words
 * operations use, if it is not the subject of the exploration before: what other subjects on the stage use would make
 * accesses scheduling points that here are none.
 */
export function explore(subject: Subject, { again, minimise, ...options }: ExploreOptions = {}): Report {
  if (again !== true) subject.stage.sharing.forget()
  const { violation, ...result } = search(subject, options)
  if (!violation) return result
  return {
    ...result,
    failure: minimise === false ? failure(subject, violation, false) : failureOf(subject, violation, options),
  }
}

/** Tries random schedules of a subject. */
export function exploreAtRandom(
  subject: Subject,
  options: WalkOptions = {},
): Omit<WalkResult, 'violation'> & { failure?: Failure } {
  const { violation, ...result } = walk(subject, options)
  const { interrupted } = options
  if (!violation) return result
  return { ...result, failure: failureOf(subject, violation, interrupted ? { interrupted } : {}) }
}

/** States that the search for a shorter interleaving may visit per number of preemptions. */
const MINIMISE_STATES = 500_000

// The fewest preemptions at which the subject fails, and then the fewest switches.
function failureOf(subject: Subject, found: Violated, { full, interrupted }: SearchOptions): Failure {
  const better = fewest(subject, traceOf(subject, found.choices).preemptions, {
    ...(full === undefined ? {} : { full }),
    ...(interrupted ? { interrupted } : {}),
    maxStates: MINIMISE_STATES,
  })
  return failure(subject, better?.violation ?? found, better?.minimal ?? false)
}

function failure(subject: Subject, { message, choices, cycle }: Violated, minimal: boolean): Failure {
  const trace = traceOf(subject, choices, cycle)
  return { message, token: tokenOf(choices), trace, preemptions: trace.preemptions, minimal }
}

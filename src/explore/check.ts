// One named subject from question to answer: explored (or walked at random, or one interleaving replayed), and what was
// found repeated on the trace build for its places in the source. Results are plain data that pass between threads.
import { SkepError } from '../error.js'
import { AccessSites } from './access-sites.js'
import { allocationsFail } from './allocation.js'
import { explore, exploreAtRandom } from './explore.js'
import type { Failure } from './explore.js'
import { meaningOf } from './meaning.js'
import type { Brought } from './modules-of-users.js'
import { locate } from './places.js'
import type { GaveUp, SearchOptions } from './search.js'
import type { Places } from './places.js'
import { reachedFields, reachedSites, reachOf, type Reach } from './reach.js'
import { SourceMap } from './source-map.js'
import { subject, type Subject } from './subject.js'
import { variantName, type Entry, type Variant } from './subjects/entry.js'
import { moduleBytes, sourceMapText } from './builds.js'
import type { ModuleName } from './builds.js'
import { choicesOf, tokenOf } from './token.js'
import { replay } from './trace.js'
import type { Trace } from './trace.js'

/** What `check` needs of a subject: catalogue entries have it, and subjects of users. */
export type Checkable = Pick<Entry, 'name' | 'about' | 'module' | 'subject'> & { places?: Places; code?: Uint8Array }

export interface CheckOptions {
  preemptions?: number
  /** Every allocation may fail too. */
  allocationsFail?: boolean
  /** Random walks with this seed instead of a search. */
  seed?: number
  /** One interleaving instead of a search. */
  token?: string
  /** Give a subject up after so many milliseconds; it counts as incomplete. */
  maxMilliseconds?: number
  /** What was reached, too: by operation and field, or by place in the module as well, which takes longer. */
  coverage?: 'fields' | 'places'
  progress?: SearchOptions['progress']
  /** True ends it. */
  interrupted?: SearchOptions['interrupted']
}

export interface Checked {
  name: string
  about: string
  verdict: 'holds' | 'violated' | 'incomplete'
  /** `holds` is said of the interleavings with at most so many preemptions. */
  preemptions?: number
  /** Why the search is incomplete: what has come to its limit. */
  gaveUp?: GaveUp
  /** States, transitions, ends: of the last search; a random walk has no states, and `walks` instead. */
  states: number
  transitions: number
  ends: number
  walks?: number
  /** Deepest the search went: the longest interleaving. */
  depth: number
  milliseconds: number
  /** Bytes of the visited set. */
  bytes: number
  /** Most own steps of each operation; `repeats`: turns of a waiting loop come on top. */
  ownSteps: { operation: string; steps: number; repeats: boolean }[]
  /** What was reached, by operation and field (reach.ts says what the numbers mean). */
  fields?: [field: string, seen: number][]
  /** What was reached of one of our modules: by site, in the order of `sitesOf` that name. */
  sites?: { module: ModuleName; seen: Uint8Array }
  /** What was reached of the module of a user's subject. */
  reach?: Reach
  failure?: Found
  /** The interleaving of a token. */
  trace?: Trace
}

export interface Found extends Failure {
  meaning?: string
}

/** Checks one subject. Throws SkepError BAD_TOKEN if a token does not fit it, BAD_SUBJECT. */
export function check(asked: Checkable, options: CheckOptions = {}): Checked {
  const entry = options.allocationsFail === true ? withFailures(asked) : asked
  const subject = entry.subject(options.coverage === 'places')
  if (options.coverage === 'places') subject.stage.logs.recordSites = true
  const { name, about } = entry
  const base = { name, about, states: 0, ends: 0, depth: 0, bytes: 0, ownSteps: [] }
  if (options.token !== undefined) {
    const trace = tracedReplay(entry, options.token)
    const transitions = trace.lines.length
    const answer: Checked = { ...base, verdict: 'incomplete', transitions, milliseconds: 0, trace }
    if (trace.message === undefined) return answer
    const { preemptions, message } = trace
    const failure = withMeaning({ message, token: options.token, trace, preemptions, minimal: false })
    return { ...answer, verdict: 'violated', failure }
  }
  const { interrupted } = options
  const limits = {
    ...(options.maxMilliseconds === undefined ? {} : { maxMilliseconds: options.maxMilliseconds }),
    ...(interrupted ? { interrupted } : {}),
  }
  if (options.seed !== undefined) {
    const { walks, transitions, milliseconds, failure } = exploreAtRandom(subject, { seed: options.seed, ...limits })
    const answer: Checked = {
      ...{ ...base, verdict: 'incomplete', transitions, milliseconds, walks },
      ...(interrupted?.() === true ? { gaveUp: 'interrupted' } : {}),
      ...covered(entry, subject, options),
    }
    return failure ? { ...answer, verdict: 'violated', failure: found(entry, failure) } : answer
  }
  const {
    failure,
    complete,
    outcomes: _,
    ownSteps,
    ...counts
  } = explore(subject, {
    ...limits,
    ...(options.preemptions === undefined ? {} : { preemptions: options.preemptions }),
    ...(options.progress ? { progress: options.progress } : {}),
  })
  const { states, transitions, ends, depth, milliseconds, bytes, gaveUp } = counts
  const steps = [...ownSteps].map(([operation, seen]) => ({ operation, ...seen }))
  return {
    ...{ name, about, states, transitions, ends, depth, milliseconds, bytes, ownSteps: steps },
    verdict: failure ? 'violated' : complete ? 'holds' : 'incomplete',
    ...(options.preemptions === undefined ? {} : { preemptions: options.preemptions }),
    ...(gaveUp === undefined ? {} : { gaveUp }),
    ...covered(entry, subject, options),
    ...(failure ? { failure: found(entry, failure) } : {}),
  }
}

function covered(
  { module, code, places }: Checkable,
  subject: Subject,
  { coverage }: CheckOptions,
): Pick<Checked, 'fields' | 'sites' | 'reach'> {
  if (coverage === undefined) return {}
  const fields = reachedFields(subject)
  if (coverage === 'fields') return { fields }
  if (module !== undefined) return { fields, sites: { module, seen: reachedSites(subject, sitesOf(module)) } }
  if (code === undefined) return { fields }
  const sites = new AccessSites(code, places)
  return { fields, reach: reachOf(sites, [reachedSites(subject, sites)]) }
}

const knownSites = new Map<ModuleName, AccessSites>()

/** Where one of our modules makes accesses. */
export function sitesOf(module: ModuleName): AccessSites {
  let found = knownSites.get(module)
  if (!found) knownSites.set(module, (found = new AccessSites(moduleBytes(module, true), placesOf({ module }))))
  return found
}

const withFailures = (entry: Checkable): Checkable => ({
  ...entry,
  subject: (traced) => allocationsFail(entry.subject(traced)),
})

const withMeaning = (failure: Failure): Found => {
  const meaning = meaningOf(failure.message)
  return meaning === undefined ? failure : { ...failure, meaning }
}

function found(entry: Checkable, failure: Failure): Found {
  if (placesOf(entry) === undefined) return withMeaning(failure)
  const trace = tracedReplay(entry, failure.token)
  return withMeaning({ ...failure, trace: { ...failure.trace, lines: trace.lines } })
}

const maps = new Map<ModuleName, SourceMap>()

function placesOf({ module, places }: Pick<Checkable, 'module' | 'places'>): Places | undefined {
  if (places !== undefined || module === undefined) return places
  let map = maps.get(module)
  if (!map) maps.set(module, (map = new SourceMap(sourceMapText(module))))
  return map
}

function tracedReplay(entry: Checkable, token: string): Trace {
  const places = placesOf(entry)
  const trace = replay(entry.subject(places !== undefined), tokenOf(choicesOf(token)))
  if (places !== undefined) locate(trace, places)
  return trace
}

/**
 * A subject as something to check, in a variant: its second CPU's operations as NMIs of the first; the first CPU stops.
 */
export function checkable(brought: Brought, variant: Variant = 'plain'): Checkable {
  const name = variantName(brought.name, variant)
  const { places, code } = brought
  return {
    ...{ name, about: brought.name, subject: (traced) => inVariant(brought.subject(traced), name, variant) },
    ...(places === undefined ? {} : { places }),
    ...(code === undefined ? {} : { code }),
  }
}

// Throws BAD_SUBJECT if the subject cannot be had in that variant.
function inVariant(brought: Subject, name: string, variant: Variant): Subject {
  const [first, second, ...others] = brought.cpus
  if (variant === 'plain') return brought
  if (variant === 'stop') return { ...brought, name, cpus: [{ ...first!, mayStop: true }, ...brought.cpus.slice(1)] }
  if (!second)
    throw new SkepError(
      'BAD_SUBJECT',
      `subject ${name}: it has no second CPU, whose operations would come as NMIs of the first`,
    )
  return subject({
    ...brought,
    name,
    cpus: [{ ...first!, nmi: [...(first!.nmi ?? []), ...second.operations] }, ...others],
  })
}

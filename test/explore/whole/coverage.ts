// Which lines of the core that access shared memory some subjects reached, as text. A line that none reached is either
// named, or the module's own calls say that it runs only while a machine or a map is made.
import { readdirSync, readFileSync } from 'node:fs'
import { AccessSites } from '../../../src/explore/access-sites.js'
import { SourceMap } from '../../../src/explore/source-map.js'
import { moduleBytes, sourceMapText } from '../../../src/explore/builds.js'
import type { Lines } from './answers.js'
import { accessLines, seenAt } from './lines.js'
import type { Seen } from './lines.js'

/** Explored a second time, on the trace build, to learn which lines are reached. */
const COVERED = [
  /^(hazard\/(?!H30$)|repair|nested|no-memory|two-levels|entries|closing|reload)/,
  /^(pair|work|realtime)\/[^+]*$/,
  /^pair\/(idle-bound|due-on-cpu-0|due-restarts-itself|uninitialised)\/.*\+nmi$/,
  /^pair\/(due-on-cpu-0\/poll|uninitialised\/init)\/.*\+stop$/,
  /^(map|parts)\//,
]
/** The files whose accesses are counted. */
const FILES = [
  /^async\//,
  /^memory\/(bitmap|deferred|references|section)/,
  /^queue\//,
  /^run\/(fire|drain|poll|offline|reclaim|realtime)/,
  /^map\/(hash|list|lru|room|announce|record|locked|find|short|spare)/,
]
const WHAT = 'async, memory, queue, hash maps, firing, repair, setting REALTIME'
/** The entries into the core that work on memory of which nobody else has the address yet. */
const MAKING = new Set(['machine_boot', 'map_create'])

/** Compare-and-exchanges that have one outcome only, by a part of their line, and why. */
const ONE_OUTCOME: [file: string, part: string, why: string][] = [
  [
    'run/realtime.ts',
    'compareExchange64(block + CB_STATE, state, armed(state, realtimeDeadline(',
    'never fails: REALTIME is set on machines of one thread, where nobody comes in between',
  ],
]

const isCovered = (name: string): boolean => COVERED.some((pattern) => pattern.test(name))

/** The subjects of those names that are explored for what they reach. */
export const coveredOf = (names: readonly string[]): string[] => names.filter(isCovered)

/** What several threads reached, together. */
export class Reached {
  private readonly seen = new Map<string, Seen>()
  /** As the core is when the run begins: it may have been changed by the end. */
  private readonly texts = new Map(filesOfCore().map((file) => [file, readFileSync(`core/${file}`, 'utf8')]))
  private readonly ofMaking = linesOfMaking()

  add(lines: Lines): void {
    for (const [place, { exchange, succeeded, failed }] of lines) {
      const known = seenAt(this.seen, place)
      known.exchange ||= exchange
      known.succeeded ||= succeeded
      known.failed ||= failed
    }
  }

  /** The totals, and what was never seen: a line each. */
  print(): { totals: string[]; never: string[] } {
    const never: string[] = []
    const made: string[] = []
    const settled: string[] = []
    let [count, reached, alone, exchanges, both] = [0, 0, 0, 0, 0]
    for (const [file, text] of this.texts) {
      const lines = accessLines(text)
      const missing = lines.filter((line) => !this.seen.has(`core/${file}:${line}`))
      const makes = missing.filter((line) => this.ofMaking.has(`core/${file}:${line}`))
      const others = missing.filter((line) => !makes.includes(line))
      count += lines.length
      reached += lines.length - missing.length
      alone += makes.length
      if (makes.length > 0) made.push(`core/${file}: ${makes.join(', ')}`)
      if (others.length > 0) never.push(`core/${file}: never reached: ${others.join(', ')}`)
      for (const line of lines) {
        const { exchange = false, succeeded, failed } = this.seen.get(`core/${file}:${line}`) ?? {}
        if (!exchange) continue
        exchanges++
        const source = text.split('\n')[line - 1]!.trim()
        const why = ONE_OUTCOME.find(([of, part]) => of === file && source.includes(part))?.[2]
        if (succeeded && failed) both++
        else if (why !== undefined) settled.push(`core/${file}:${line} ${why}`)
        else never.push(`core/${file}:${line}: never seen to ${succeeded ? 'fail' : 'succeed'}: ${source}`)
      }
    }
    const making = `${[...MAKING].join(' and ')} only, in memory of which nobody else has the address yet`
    const apart = alone === 0 ? '' : `, ${alone} are reached from ${making} (${made.join('; ')})`
    return {
      totals: [
        `Of ${count} lines of the core that access shared memory (${WHAT}) ${reached} were reached${apart}.`,
        `Of ${exchanges} compare-and-exchanges ${both} were seen to succeed and to fail${settled.map((one) => `; ${one}`).join('')}.`,
      ],
      never,
    }
  }
}

function filesOfCore(): string[] {
  const files = readdirSync('core', { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/'))
  return files.filter((file) => FILES.some((pattern) => pattern.test(file))).sort()
}

/** The lines all of whose accesses can be reached from these entries of the core only, by the calls in the module. */
function linesOfMaking(): Set<string> {
  const sites = new AccessSites(moduleBytes('core', true), new SourceMap(sourceMapText('core')))
  const entered = sites.enteredBy()
  const places = new Map<string, boolean>()
  sites.sites.forEach(({ file, line }, site) => {
    const place = `${file}:${line}`
    const only = [...entered[site]!].every((entry) => MAKING.has(entry))
    places.set(place, only && places.get(place) !== false)
  })
  return new Set([...places].flatMap(([place, only]) => (only ? [place] : [])))
}

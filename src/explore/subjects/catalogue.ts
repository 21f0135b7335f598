// All named subjects: what `skep check` can be asked for and what the tests explore. A name is a path of words, so that
// a prefix names a family; `+nmi` and `+stop` mark the variants with nested operations and with a CPU that stops.
import { asyncEntries } from './async-catalogue.js'
import { isGenerated } from './async-pairs.js'
import type { Entry, Protocol, Variant } from './entry.js'
import { mapEntries } from './map-catalogue.js'
import { lockEntries } from './lock-catalogue.js'
import { queueEntries } from './queue-catalogue.js'
import { ringEntries } from './ring-catalogue.js'
import { ringRunEntries } from './ring-run-catalogue.js'
import { partEntries } from './parts.js'
import { specimenEntries } from './specimen-catalogue.js'
import { stackEntries } from './stack-catalogue.js'
import { trieEntries } from './trie-catalogue.js'
import { userRingEntries } from './user-ring-catalogue.js'

/**
 * What structures' subjects are made by, and the first words of their names. The other first words are the async
 * protocol's.
 */
const STRUCTURES: [families: string[], make: () => Entry[]][] = [
  [['parts'], partEntries],
  [['lock'], lockEntries],
  [['map'], mapEntries],
  [['queue', 'stack', 'bloom'], queueEntries],
  [['ring', 'perf'], ringEntries],
  [['ring'], ringRunEntries],
  [['user-ring'], userRingEntries],
  [['stack', 'stacks'], stackEntries],
  [['trie'], trieEntries],
]

// All of them, or of the shipped protocol's a part: one family and state of those that are generated, one family of
// structures, or all others.
function* made(protocol: Protocol, part?: string): Generator<Entry> {
  if (protocol !== 'shipped') return yield* specimenEntries(protocol)
  const ofStructures = STRUCTURES.filter(([families]) => part === undefined || families.includes(part))
  for (const [, make] of ofStructures) yield* make()
  if (part === undefined || ofStructures.length === 0) yield* asyncEntries(part)
}

// The part that a name is in.
function partOf(name: string): string {
  const [family = '', state] = name.split(/[/+]/, 2)
  const part = `${family}/${state}`
  if (isGenerated(part)) return part
  return STRUCTURES.some(([families]) => families.includes(family)) ? family : ''
}

const all = new Map<Protocol, readonly Entry[]>()
const byName = new Map<string, Map<string, Entry>>()

/** The subjects of a protocol, in the order in which they are explored. */
export function entriesOf(protocol: Protocol): readonly Entry[] {
  let known = all.get(protocol)
  if (!known) all.set(protocol, (known = [...made(protocol)]))
  return known
}

/** The subject of that name. There are tens of thousands: only the part that has it is made. */
export function entryNamed(protocol: Protocol, name: string): Entry | undefined {
  const part = protocol === 'shipped' ? partOf(name) : ''
  const key = `${protocol} ${part}`
  let known = byName.get(key)
  if (!known) {
    known = new Map()
    for (const entry of made(protocol, part)) known.set(entry.name, entry)
    byName.set(key, known)
  }
  return known.get(name)
}

/**
 * Whether a pattern names an entry: its name, the beginning of it up to `/` or `+`, a hazard (H7), or a glob with `*`.
 */
function names(pattern: string, entry: Entry): boolean {
  if (/^H\d+$/i.test(pattern)) return entry.hazards.includes(pattern.toUpperCase())
  if (pattern.includes('*')) {
    const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    return new RegExp(`^${parts.join('.*')}$`).test(entry.name)
  }
  return entry.name === pattern || entry.name.startsWith(`${pattern}/`) || entry.name.startsWith(`${pattern}+`)
}

/**
 * The entries that patterns name (all if there are none); a name in full means just that one. Unknown patterns are
 * returned.
 */
export function select(
  entries: readonly Entry[],
  patterns: readonly string[],
  variants: readonly Variant[],
): { chosen: Entry[]; unknown: string[] } {
  const wanted = (entry: Entry): boolean => variants.length === 0 || variants.includes(entry.variant)
  if (patterns.length === 0) return { chosen: entries.filter(wanted), unknown: [] }
  const chosen = new Set<Entry>()
  const unknown: string[] = []
  for (const pattern of patterns) {
    const exact = variants.length === 0 ? entries.filter((entry) => entry.name === pattern) : []
    const found = exact.length > 0 ? exact : entries.filter((entry) => wanted(entry) && names(pattern, entry))
    if (found.length === 0) unknown.push(pattern)
    for (const entry of found) chosen.add(entry)
  }
  return { chosen: entries.filter((entry) => chosen.has(entry)), unknown }
}

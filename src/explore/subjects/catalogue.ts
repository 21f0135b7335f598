// All named subjects: what `skep check` can be asked for and what the tests explore. A name is a path of words, so that a
// prefix names a family; `+nmi` and `+stop` mark the variants with nested operations and with a CPU that stops.
import { asyncEntries } from './async-catalogue.js'
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

const made = new Map<Protocol, Catalogue>()

// There are tens of thousands: they are made in their order, as far as they are asked for.
class Catalogue {
  readonly entries: Entry[] = []
  private readonly byName = new Map<string, Entry>()
  private readonly rest: Iterator<Entry>

  constructor(all: Iterable<Entry>) {
    this.rest = all[Symbol.iterator]()
  }

  next(): Entry | undefined {
    const { value, done } = this.rest.next()
    if (done === true) return undefined
    this.entries.push(value)
    this.byName.set(value.name, value)
    return value
  }

  named(name: string): Entry | undefined {
    let entry = this.byName.get(name)
    while (entry === undefined) {
      const made = this.next()
      if (made === undefined) return undefined
      if (made.name === name) entry = made
    }
    return entry
  }
}

function* shipped(): Generator<Entry> {
  yield* partEntries()
  yield* lockEntries()
  yield* mapEntries()
  yield* queueEntries()
  yield* ringEntries()
  yield* ringRunEntries()
  yield* userRingEntries()
  yield* stackEntries()
  yield* trieEntries()
  yield* asyncEntries()
}

function catalogueOf(protocol: Protocol): Catalogue {
  let known = made.get(protocol)
  if (!known)
    made.set(protocol, (known = new Catalogue(protocol === 'shipped' ? shipped() : specimenEntries(protocol))))
  return known
}

/** The subjects of a protocol, in the order in which they are explored. */
export function entriesOf(protocol: Protocol): readonly Entry[] {
  const catalogue = catalogueOf(protocol)
  while (catalogue.next());
  return catalogue.entries
}

/** The subject of that name; for one, the others need not be made. */
export const entryNamed = (protocol: Protocol, name: string): Entry | undefined => catalogueOf(protocol).named(name)

/** Whether a pattern names an entry: its name, the beginning of it up to `/` or `+`, a hazard (H7), or a glob with `*`. */
function names(pattern: string, entry: Entry): boolean {
  if (/^H\d+$/i.test(pattern)) return entry.hazards.includes(pattern.toUpperCase())
  if (pattern.includes('*')) {
    const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    return new RegExp(`^${parts.join('.*')}$`).test(entry.name)
  }
  return entry.name === pattern || entry.name.startsWith(`${pattern}/`) || entry.name.startsWith(`${pattern}+`)
}

/** The entries that patterns name (all if there are none); a name in full means just that one. Unknown patterns are returned. */
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

// The published table of contract G7: per operation, the most own steps (accesses to shared memory) over all schedules
// of the subjects that were explored. Collected by `npm run check`, printed into docs/protocol.md, read back by its
// test.
import type { Subject } from './subject.js'
import type { Variant } from './subjects/entry.js'

/** Rows of the table: operation → why it is bounded, or that it is not. */
const OPERATIONS: Record<string, string> = {
  init: 'looks into the pool at most 16 times from above, then once at every leaf',
  set_callback: 'at most 8 turns for each CPU',
  start: 'at most 5 rounds',
  cancel_async: 'one `and`',
  free: 'no loop',
  'map lookup': 'asks for help after 8 restarts',
  'map update': 'no bound: each further turn follows a change by somebody else',
  'map delete': 'no bound: each further turn follows a change by somebody else',
  'LRU update': 'no bound, as map update',
  cancel: 'no bound: waits; one turn',
}

export type Steps = Record<Variant, number>

const ROW_OF: Record<string, string> = {
  'init': 'init',
  'set_callback': 'set_callback',
  'start': 'start',
  'cancel_async': 'cancel_async',
  'free': 'free',
  'cancel': 'cancel',
  'lookup': 'map lookup',
  'update': 'map update',
  'delete': 'map delete',
} // prettier-ignore

/** Most steps by row and variant of subject. */
export class Bounds {
  readonly rows = new Map<string, Steps>()

  /** Adds what a search of a subject saw: steps by name of operation. */
  add(name: string, variant: Variant, subject: Subject, seen: Iterable<[operation: string, steps: number]>): void {
    // Insertions and deletions of a hash whose elements have timers are another operation: the timer goes with them.
    if (name.startsWith('hazard/H17') || name.startsWith('hazard/H33')) return
    const kinds = new Map(subject.cpus.flatMap(({ operations, nmi = [] }) => [...operations, ...nmi]).map((one) => [one.name, one.kind])) // prettier-ignore
    for (const [operation, steps] of seen) {
      const row = ROW_OF[kinds.get(operation) ?? '']
      if (row !== undefined)
        this.merge(name.startsWith('map/lru') && row === 'map update' ? 'LRU update' : row, variant, steps)
    }
  }

  merge(row: string, variant: Variant, steps: number): void {
    const known = this.rows.get(row) ?? { plain: 0, nmi: 0, stop: 0 }
    known[variant] = Math.max(known[variant], steps)
    this.rows.set(row, known)
  }

  /** The table in Markdown. */
  print(): string[] {
    const lines = Object.entries(OPERATIONS).map(([row, why]) => {
      const { plain = 0, nmi = 0, stop = 0 } = this.rows.get(row) ?? {}
      return `| ${row} | ${plain || '–'} | ${nmi || '–'} | ${stop || '–'} | ${why} |`
    })
    return [
      '| operation | two or three CPUs | with NMIs | a CPU stops | what bounds it |',
      '|---|--:|--:|--:|---|',
      ...lines,
    ]
  }

  /** Reads a printed table. */
  static read(markdown: string): Bounds {
    const bounds = new Bounds()
    for (const line of markdown.split('\n')) {
      const [, row = '', ...cells] = line.split('|').map((cell) => cell.trim())
      if (!(row in OPERATIONS)) continue
      const variants = ['plain', 'nmi', 'stop'] as const
      variants.forEach((variant, at) => bounds.merge(row, variant, Number.parseInt(cells[at]!) || 0))
    }
    return bounds
  }
}

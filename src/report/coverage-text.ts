// What was reached, as text: totals in one line, and for `--coverage` the places that were not, by file.
import { BOTH, EXCHANGE, SUCCEEDED } from '../explore/reach.js'
import type { Reach, Unseen } from '../explore/reach.js'
import type { Style } from './style.js'

const count = (value: number, word: string): string =>
  `${value.toLocaleString('en')} ${word}${value === 1 ? '' : word.endsWith('s') ? 'es' : 's'}`

const exchanges = (all: number, both: number): string =>
  all === 0
    ? 'no compare-and-exchange among them'
    : `of ${count(all, 'compare-and-exchange')} ${both} ${both === 1 ? 'was' : 'were'} seen to succeed and to fail`

type Fields = readonly (readonly [field: string, seen: number])[]

/** What operations did, by operation and field. */
export interface FieldCounts {
  accesses: number
  exchanges: number
  /** Compare-and-exchanges of which both outcomes were seen, and what was not seen of the others, a line each. */
  both: number
  never: string[]
}

export function fieldCounts(fields: Fields): FieldCounts {
  const seen = new Map<string, number>()
  for (const [field, bits] of fields) seen.set(field, (seen.get(field) ?? 0) | bits)
  const compared = [...seen].filter(([, bits]) => bits & EXCHANGE)
  const oneSided = compared.filter(([, bits]) => (bits & BOTH) !== BOTH)
  return {
    accesses: seen.size,
    exchanges: compared.length,
    both: compared.length - oneSided.length,
    never: oneSided.map(([field, bits]) => `${field}: never seen to ${bits & SUCCEEDED ? 'fail' : 'succeed'}`).sort(),
  }
}

/** One line over all subjects. */
export function fieldTotals(fields: Fields, style: Style): string {
  const { accesses, exchanges: all, both } = fieldCounts(fields)
  const reached = `${accesses.toLocaleString('en')} different accesses (by operation and field)`
  return style.faint(`reached: ${reached}, ${exchanges(all, both)}`)
}

/** What was not seen, by operation and field: where there is no module to show places of. */
export const fieldLines = (fields: Fields): string[] => fieldCounts(fields).never.map((line) => `  ${line}`)

const TITLES: [Unseen['what'], string][] = [
  ['reached', 'never reached, in functions that were entered'],
  ['succeed', 'compare-and-exchanges never seen to succeed'],
  ['fail', 'compare-and-exchanges never seen to fail'],
]

/** Totals of a module and the places that were not reached, a line for each function. */
export function reachLines(module: string, reach: Reach, style: Style): string[] {
  const { accesses, inEntered, entered, reached, both } = reach
  const lines = [
    `${style.heading(module)}: ${reached.toLocaleString('en')} of ${count(inEntered, 'access')} reached in the ${count(entered, 'function')} that were entered (the module has ${accesses.toLocaleString('en')}); ${exchanges(reach.exchanges, both)}`,
  ]
  for (const [what, title] of TITLES) {
    const places = new Map<string, Set<string>>()
    for (const one of reach.never.filter((one) => one.what === what)) {
      const name = `${one.file ?? ''}  ${one.function}`
      const at = one.line === undefined ? `+0x${one.offset.toString(16)}` : String(one.line)
      places.set(name, (places.get(name) ?? new Set()).add(at))
    }
    if (places.size === 0) continue
    lines.push(`  ${title}:`)
    for (const [name, at] of [...places].sort()) lines.push(`    ${style.source(name.trim())}  ${[...at].join(', ')}`)
  }
  return lines
}

// Answers of the explorer as text: a verdict line with the numbers; a violation as columns, one per CPU, with the place
// in the source in front, nested operations indented.
import type { Checked, CheckOptions, Found } from '../explore/check.js'
import { whyGivenUp } from '../explore/given-up.js'
import { REPEATS, traceRows } from '../explore/trace-rows.js'
import type { TraceRow } from '../explore/trace-rows.js'
import type { Trace, TraceLine } from '../explore/trace.js'
import { isQuiet } from './quiet.js'
import type { Style } from './style.js'

/** What a search tells about once a second. */
export type Reached = Parameters<NonNullable<CheckOptions['progress']>>[0]

const count = (value: number): string => value.toLocaleString('en')
const some = (value: number, what: string): string => `${count(value)} ${what}${value === 1 ? '' : 's'}`

const MIB = 2 ** 20

const incompleteFor = ({ gaveUp, bytes }: Checked): string =>
  gaveUp === undefined ? '' : `, ${whyGivenUp(gaveUp, bytes)}`

/** Seconds, and the rate where there is something to measure. */
function effort({ transitions, milliseconds, states, ends, walks, bytes, trace }: Checked): string {
  if (trace !== undefined) return `one interleaving, ${some(transitions, 'step')}`
  const rate =
    milliseconds >= 20 && transitions >= 10_000 ? `, ${count(Math.round(transitions / milliseconds))} k/s` : ''
  const time = `${(milliseconds / 1000).toFixed(1)} s`
  if (walks !== undefined) return `${some(walks, 'random walk')}, ${some(transitions, 'step')}, ${time}${rate}`
  const memory = bytes >= 1 << 26 ? `, ${Math.round(bytes / MIB)} MiB` : ''
  const numbers = `${some(states, 'state')}, ${some(transitions, 'transition')}, ${some(ends, 'end')}`
  return `${numbers}, ${time}${rate}${memory}`
}

// What was explored, if not every interleaving was asked for.
const within = ({ verdict, preemptions }: Checked): string =>
  verdict === 'violated' || preemptions === undefined ? '' : `, within ${some(preemptions, 'preemption')}`

/** One line: the verdict and its numbers. */
export function verdictLine(checked: Checked, style: Style): string {
  const { verdict, name, walks, trace } = checked
  const word =
    verdict === 'holds'
      ? style.good('holds     ')
      : verdict === 'violated'
        ? style.bad('VIOLATED  ')
        : walks === undefined && trace === undefined
          ? style.source('incomplete')
          : style.source('not found ')
  return `${word}  ${style.name(name)}  ${style.faint(effort(checked))}${within(checked)}${incompleteFor(checked)}`
}

/** How far a search is that goes on. `frontier`: the steps of the interleaving that it stands in. */
export function progressText({ states, transitions, depth, milliseconds }: Reached): string {
  const rate = Math.round(transitions / Math.max(1, milliseconds))
  return `${(states / 1e6).toFixed(2)} M states, ${(transitions / 1e6).toFixed(2)} M transitions, ${count(rate)} k/s, frontier ${depth}`
}

/** A violation: what was asked, what is violated, what that means, the interleaving, the token. */
export function failureLines(failure: Found, style: Style, columns: number, about?: string): string[] {
  const { message, meaning, preemptions, minimal, token, trace } = failure
  const fewest = minimal ? ', the fewest that show it' : ''
  return [
    ...(about === undefined ? [] : [`  ${about}`]),
    '',
    `  ${style.bad(message)}`,
    ...(meaning === undefined ? [] : [`  ${meaning}`]),
    ...(trace.race === undefined ? [] : [`  ${trace.race.map((at) => accessOf(trace.lines[at]!)).join(', and ')}.`]),
    `  ${some(preemptions, 'preemption')}${fewest}; --replay ${token}`,
    '',
    ...traceLines(trace, style, columns).map((line) => `  ${line}`),
    '',
  ]
}

// What says little is in the HTML and the JSON. What races, and what everything ends with, is shown whatever it is.
function isShown(line: TraceLine, index: number, { lines, race }: Trace): boolean {
  if (race?.includes(index) === true || index === lines.length - 1) return true
  return !isQuiet(line)
}

const placeOf = ({ where }: TraceLine): string => (where ? `${where.file.replace(/^core\//, '')}:${where.line}` : '')

function accessOf(line: TraceLine): string {
  const place = placeOf(line)
  return `${line.operation} (CPU ${line.cpu}): ${line.text}${place && ` at ${place}`}`
}

const indentOf = ({ depth }: TraceLine): string => '  '.repeat(Math.max(0, depth - 1))

const stepOf = ({ text, result }: TraceLine): string => `  ${text}${result === undefined ? '' : `  ⇒ ${result}`}`

// Where each CPU's column begins, and where the last one ends: each as wide as its lines, at most `most`.
function leftOf(rows: readonly TraceRow[], cpus: number, most: number): number[] {
  const left = [0]
  for (let cpu = 0; cpu < cpus; cpu++) {
    const own = rows.filter(({ line }) => line.cpu === cpu)
    const widths = own.map(
      ({ line, head = '' }) => indentOf(line).length + Math.max(stepOf(line).length, head.length + 1),
    )
    left.push(left[cpu]! + Math.min(most, Math.max(6, ...widths) + 3))
  }
  return left
}

/** Of an interleaving with more rows than can be read the first and the last ones are shown. */
const MOST_ROWS = 600
const FIRST_ROWS = 100
const LAST_ROWS = 200

/** The interleaving in columns that fit `columns` characters as far as that can be. */
export function traceLines(trace: Trace, style: Style, columns: number): string[] {
  const rows = traceRows(trace, (line, index) => isShown(line, index, trace))
  const gutter = Math.max(0, ...rows.map(({ line }) => placeOf(line).length))
  const front = gutter === 0 ? 0 : gutter + 2
  const most = Math.max(28, Math.min(58, Math.floor((columns - front - 2) / trace.cpus)))
  const left = leftOf(rows, trace.cpus, most)
  const heads = Array.from({ length: trace.cpus }, (_, cpu) => `CPU ${cpu}`.padEnd(left[cpu + 1]! - left[cpu]!))
  const lines = [style.heading(' '.repeat(front) + heads.join('').trimEnd())]
  const put = (line: TraceLine, place: string, text: string): void => {
    lines.push(style.faint(place.padEnd(front)) + ' '.repeat(left[line.cpu]!) + indentOf(line) + text)
  }
  const cut = rows.length > MOST_ROWS ? rows.length - FIRST_ROWS - LAST_ROWS : 0
  rows.forEach(({ line, head, repeats }, index) => {
    if (repeats) lines.push(REPEATS)
    if (cut > 0 && index === FIRST_ROWS) lines.push(style.faint(`… ${count(cut)} steps are left out here: --html and --json have them`)) // prettier-ignore
    if (cut > 0 && index >= FIRST_ROWS && index < rows.length - LAST_ROWS) return
    if (head !== undefined) put(line, '', style.heading(`${head}:`))
    put(line, placeOf(line), stepOf(line))
  })
  const hidden = trace.lines.length - rows.length
  const accesses = hidden === 1 ? '1 access to a private word or the clock is' : `${hidden} accesses to private words and the clock are` // prettier-ignore
  if (hidden > 0) lines.push(style.faint(`${accesses} not shown`))
  return lines
}

/** The families of many subjects, a line each: how many were complete, and of how many states. */
export function summaryLines(all: readonly Checked[], style: Style): string[] {
  const families = new Map<string, Checked[]>()
  for (const checked of all) {
    const [path = '', variant] = checked.name.split('+')
    const family = path.split('/').slice(0, path.startsWith('pair/') ? 2 : path.startsWith('map/') ? 2 : 1).join('/') + (variant ? `+${variant}` : '') // prettier-ignore
    families.set(family, [...(families.get(family) ?? []), checked])
  }
  const widest = Math.max(...[...families.keys()].map((name) => name.length))
  return [...families].map(([family, members]) => {
    const complete = members.filter(({ verdict }) => verdict === 'holds').length
    const states = members.reduce((sum, { states }) => sum + states, 0)
    const word = complete === members.length ? style.good('complete') : style.source('NOT ALL ')
    return `  ${style.name(family.padEnd(widest))}  ${word}  ${String(complete).padStart(5)} of ${String(members.length).padEnd(5)} ${style.faint(`${count(states)} states`)}`
  })
}

/** One line over everything. */
export function totalLine(all: readonly Checked[], seconds: number, style: Style): string {
  const of = (verdict: Checked['verdict']): number => all.filter((checked) => checked.verdict === verdict).length
  const [violated, incomplete] = [of('violated'), of('incomplete')]
  const states = all.reduce((sum, { states }) => sum + states, 0)
  const words = [
    `${count(of('holds'))} hold`,
    violated > 0 ? style.bad(`${violated} violated`) : '0 violated',
    ...(incomplete > 0 ? [style.source(`${incomplete} incomplete`)] : []),
  ]
  return `${count(all.length)} subjects: ${words.join(', ')} (${count(states)} states, ${seconds.toFixed(1)} s)`
}

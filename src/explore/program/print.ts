// The report of an object's check as text: verdict, findings with their interleavings in columns, and the outcomes that
// differ. Plain text; colours are the caller's.
import { whyGivenUp } from '../given-up.js'
import type { Finding, ObjectReport, Outcome } from './check.js'
import { NOTHING_FIRES } from './machine.js'
import type { Row } from './interleaving.js'

/** An interleaving in columns of `width` characters, one for each CPU that does something in it. */
function printInterleaving(all: readonly Row[], width = 62): string[] {
  const rows = all.filter(({ text }) => text !== NOTHING_FIRES)
  const cpus = [...new Set(rows.map(({ cpu }) => cpu))].sort((a, b) => a - b)
  const column = (cpu: number, text: string): string => ' '.repeat(cpus.indexOf(cpu) * width) + text
  const lines = [
    cpus
      .map((cpu) => `CPU ${cpu}`.padEnd(width))
      .join('')
      .trimEnd(),
  ]
  const heads = new Map<number, string>()
  let last = -1
  for (const row of rows) {
    const { cpu, operation, source } = row
    const place = source === undefined ? '' : `${fileName(row.file)}:${row.line}  ${source}`
    const head = `${operation} ${row.function ?? ''}`
    const known = heads.get(cpu)
    if (known === undefined || !known.startsWith(`${operation} `)) lines.push(column(cpu, `${operation}:`))
    if (
      row.function !== undefined &&
      known !== undefined &&
      known.split('\n')[0] !== head &&
      !operation.startsWith(row.function)
    )
      lines.push(column(cpu, `  ${row.function}:`))
    else if (row.function !== undefined && known === undefined && !operation.startsWith(row.function))
      lines.push(column(cpu, `  ${row.function}:`))
    if (place !== '' && (known !== `${head}\n${place}` || last !== cpu))
      lines.push(column(cpu, `  ${cut(place, width - 4)}`))
    lines.push(column(cpu, `      ${row.text}`))
    heads.set(cpu, `${head}\n${place}`)
    last = cpu
  }
  return lines
}

const fileName = (file: string | undefined): string => file?.split('/').at(-1) ?? ''

const cut = (text: string, length: number): string => (text.length <= length ? text : `${text.slice(0, length - 1)}…`)

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`

const KINDS: Record<Finding['kind'], string> = {
  'lost-update': 'LOST UPDATE',
  'timer-lost': 'TIMER LOST',
  fault: 'FAULT',
  deadlock: 'STUCK',
}

/** Everything that a person wants to see, without a newline at the end. */
export function printObjectReport(report: ObjectReport): string {
  const { outcomes, findings } = report
  const lines: string[] = []
  findings.forEach((finding, index) => {
    lines.push(
      `${KINDS[finding.kind]}: ${finding.title}`,
      `  ${finding.meaning}.`,
      ...shownFinding(finding),
      ...(index === findings.length - 1 ? [] : ['']),
    )
  })
  if (findings.length > 0) lines.push('')
  if (outcomes.length > 1) lines.push(...printOutcomes(report), '')
  if (outcomes.length === 1) {
    const [{ results, contents }] = outcomes as [Outcome]
    const said = Object.entries(results).map(([name, result]) => `${name} ${resultText(name, result)}`)
    lines.push(`Outcome: ${[...contents, ...said].join('; ')}`)
  }
  for (const text of report.lowered) lines.push(`In the model max_entries is lower: ${text}`)
  lines.push(verdict(report))
  return lines.join('\n')
}

function shownFinding({ preemptions, interleaving }: Finding): string[] {
  if (preemptions === undefined) return ['  The search for a short interleaving that shows it was given up.']
  const rows = printInterleaving(interleaving).map((line) => `    ${line}`.trimEnd())
  return [`  Shown with the fewest preemptions, ${preemptions}:`, ...rows]
}

// What all outcomes have in common is said once.
function printOutcomes({ outcomes, findings }: ObjectReport): string[] {
  const common = outcomes[0]!.contents.filter((line) => outcomes.every(({ contents }) => contents.includes(line)))
  const shown = new Set(findings.map(({ interleaving }) => JSON.stringify(interleaving)))
  const said = ({ results }: Outcome): string[] =>
    Object.entries(results).map(([name, result]) => `${name} ${resultText(name, result)}`)
  common.push(...said(outcomes[0]!).filter((line) => outcomes.every((outcome) => said(outcome).includes(line))))
  const lines = [`${outcomes.length} outcomes:`]
  outcomes.forEach((outcome, index) => {
    const results = said(outcome).filter((line) => !common.includes(line))
    const differing = outcome.contents.filter((line) => !common.includes(line))
    lines.push(`  ${index + 1}. ${[...differing, ...results].join('; ')} (${count(outcome.states, 'final state')})`)
    const { example } = outcome
    if (!example) return
    if (shown.has(JSON.stringify(example))) lines.push('       for example as shown above')
    else lines.push(...exampleLines(outcome))
  })
  if (common.length > 0) lines.push(`  in all of them: ${common.join('; ')}`)
  return lines
}

const resultText = (name: string, result: string): string =>
  name.startsWith('timers@') || result.startsWith('fault') ? result : `returns ${result}`

// In sequence the order of the runs says it all.
function exampleLines({ example = [], preemptions }: Outcome): string[] {
  if (preemptions === 0) {
    const order = example.filter(({ operation }, at) => example[at - 1]?.operation !== operation)
    return [`       for example in the order ${order.map(({ operation }) => operation).join(', ')}`]
  }
  return [
    `       for example (${count(preemptions ?? 0, 'preemption')})`,
    ...printInterleaving(example).map((line) => `         ${line}`.trimEnd()),
  ]
}

function verdict({
  outcomes,
  findings,
  complete,
  states,
  transitions,
  preemptions,
  operations,
  milliseconds,
  gaveUp,
  bytes,
}: ObjectReport): string {
  const numbers = `${count(states, 'state')}, ${count(transitions, 'step')}, ${(milliseconds / 1000).toFixed(2)} s`
  const scope = `${operations.join(' | ')}${preemptions === undefined ? '' : `, at most ${count(preemptions, 'preemption')}`}`
  const explored = complete
    ? `every interleaving of ${scope}`
    : `NOT COMPLETE${gaveUp === undefined ? '' : ` (${whyGivenUp(gaveUp, bytes)})`}: a part of the interleavings of ${scope}`
  const bad = findings.length === 0 ? 'nothing bad was found; ' : `${count(findings.length, 'finding')}; `
  const differ =
    outcomes.length > 1
      ? `the outcome depends on the order (${outcomes.length} outcomes)`
      : outcomes.length === 1
        ? 'one outcome, whatever the order'
        : 'no order came to its end'
  return `${findings.length === 0 ? (complete ? 'HOLDS' : 'UNDECIDED') : 'BAD'}: ${bad}${differ}. Explored ${explored} (${numbers}).`
}

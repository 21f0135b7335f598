// Traces and reports as text: a column per CPU, nested operations indented, a rule where the operation changes.
import type { Report } from './explore.js'
import { REPEATS, traceRows } from './trace-rows.js'
import type { Trace } from './trace.js'

/** The trace in columns of `width` characters. */
export function printTrace(trace: Trace, width = 56): string {
  const lines: string[] = []
  const column = (cpu: number, text: string): string => ' '.repeat(cpu * width) + text
  lines.push(
    Array.from({ length: trace.cpus }, (_, cpu) => `CPU ${cpu}`.padEnd(width))
      .join('')
      .trimEnd(),
  )
  for (const { line, head, repeats } of traceRows(trace)) {
    if (repeats) lines.push(REPEATS)
    const indent = '    '.repeat(Math.max(0, line.depth - 1))
    if (head !== undefined) lines.push(column(line.cpu, `${indent}${head}:`))
    const result = line.result === undefined ? '' : `   ⇒ ${line.result}`
    lines.push(column(line.cpu, `${indent}  ${line.text}${result}`))
  }
  return lines.join('\n')
}

/** What a person wants to see of a report. */
export function printReport(name: string, report: Report): string {
  const rate =
    report.milliseconds > 20 ? `, ${Math.round(report.transitions / report.milliseconds)}k transitions/s` : ''
  const counts = `${report.states} states, ${report.transitions} transitions, ${report.ends} ends${rate}`
  const { failure } = report
  if (!failure) return `${report.complete ? 'holds' : 'INCOMPLETE'}: ${name} (${counts})`
  const fewest = failure.minimal ? 'the fewest possible' : 'found'
  return [
    `VIOLATED: ${name} (${counts})`,
    `  ${failure.message}`,
    `  ${failure.preemptions} preemptions (${fewest}), replay ${failure.token}`,
    ...printTrace(failure.trace)
      .split('\n')
      .map((line) => '    ' + line),
  ].join('\n')
}

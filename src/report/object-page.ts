// An interleaving of an object's runs as a page to step through: that of the first finding, or else of an outcome. C
// lines stand before what they do.
import type { ObjectReport } from '../explore/program/check.js'
import type { Row } from '../explore/program/interleaving.js'
import { NOTHING_FIRES } from '../explore/program/machine.js'
import type { Trace, TraceLine } from '../explore/trace.js'
import { interleavingPage } from './interleaving-html.js'

/** The page; undefined if nothing is wrong and the outcome is always the same. */
export function objectPage(report: ObjectReport): string | undefined {
  const { findings, outcomes, object, operations } = report
  const finding = findings.find(({ interleaving }) => interleaving.length > 0)
  const subject = { name: object, about: operations.join(' | ') }
  if (finding) {
    const { title, meaning, preemptions, interleaving } = finding
    const trace = traceOf(interleaving, preemptions ?? 0)
    return interleavingPage({ ...subject, failure: { message: title, meaning, minimal: true, trace } })
  }
  const shown = outcomes.find(({ example }) => example !== undefined)
  return shown && interleavingPage({ ...subject, trace: traceOf(shown.example!, shown.preemptions ?? 0) })
}

/** `store hits[0]: 0 → 1`, `load hits[0]: 0`: an access to a value, as narrate.ts tells it. */
const ACCESS = /^\w+ ([^:]+): (?:(.+) → )?(.+)$/

function valuesIn(text: string): Pick<TraceLine, 'place' | 'before' | 'after'> {
  const [, place, before, after] = ACCESS.exec(text) ?? []
  return place === undefined ? {} : { place, before: before ?? after!, after: after! }
}

function traceOf(all: readonly Row[], preemptions: number): Trace {
  const rows = all.filter(({ text }) => text !== NOTHING_FIRES)
  const lines: TraceLine[] = []
  const last = new Map<number, string>()
  for (const { cpu, operation, text, source, file, line, function: name = '' } of rows) {
    const at = `${operation} ${name} ${file}:${line}`
    if (source !== undefined && line !== undefined && last.get(cpu) !== at) {
      const where = { file: file?.split('/').at(-1) ?? '', line, function: name }
      lines.push({ cpu, depth: 1, operation, text: `» ${source}`, where })
    }
    last.set(cpu, at)
    lines.push({ cpu, depth: 1, operation, text: `    ${text}`, ...valuesIn(text) })
  }
  return { lines, cpus: Math.max(...rows.map(({ cpu }) => cpu)) + 1, preemptions }
}

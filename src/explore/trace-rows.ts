// The lines of a trace as every rendering of it shows them: where the operation of a CPU changes, a head stands before
// the line. Called by print.ts and report/.
import type { Trace, TraceLine } from './trace.js'

export interface TraceRow {
  line: TraceLine
  index: number
  /** The operation that begins here, or goes on after another of its CPU: `NMI start`. */
  head?: string
  /** From here on the interleaving can repeat for ever. */
  repeats: boolean
}

/** The rows of a trace; of the lines that are shown, if some are not. */
export function traceRows(trace: Trace, isShown: (line: TraceLine, index: number) => boolean = () => true): TraceRow[] {
  const rows: TraceRow[] = []
  const open = new Map<string, string>()
  let repeats = false
  trace.lines.forEach((line, index) => {
    repeats ||= index === trace.cycle
    if (!isShown(line, index)) return
    const { cpu, depth, operation, result } = line
    const frame = `${cpu} ${depth}`
    const head = open.get(frame) === operation ? {} : { head: `${depth > 1 ? 'NMI ' : ''}${operation}` }
    rows.push({ line, index, repeats, ...head })
    repeats = false
    open.set(frame, operation)
    for (let nested = depth + 1; nested <= 3; nested++) open.delete(`${cpu} ${nested}`)
    if (result !== undefined) open.delete(frame)
  })
  return rows
}

/** What stands before the first row that repeats. */
export const REPEATS = '── from here on this can repeat for ever ──'

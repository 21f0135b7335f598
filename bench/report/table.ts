// The table in the terminal: a line for each case, the baselines behind skep's figure with how many times better skep
// is.
import type { Row } from '../measure.js'
import { absences, comparisons, figureText, reachText, type Names } from './text.js'

const NAME_WIDTH = 62
const FIGURE_WIDTH = 20

export function lines(row: Row, names: Names): string[] {
  const [first] = row.figures
  const mine = row.figures.find(({ subject }) => subject === 'skep')
  const text = comparisons(row, names)
  const figure = mine ? figureText(mine, row.unit) : first ? '—' : 'absent'
  const line =
    row.name.padEnd(NAME_WIDTH) + figure.padStart(FIGURE_WIDTH) + (text.length ? '   ' + text.join('   ') : '')
  const goals = row.reach.length === 0 ? [] : [`    ${reachText(row, names)}`]
  return [line, ...goals, ...absences(row, names).map((absent) => `    ${absent}`)]
}

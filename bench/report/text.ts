// Figures, ratios and goals in words; the same in the table, the page and the documentation.
import type { Reach, SubjectName } from '../case.js'
import { advantage, noisy, type Figure, type Row } from '../measure.js'

/** How the subjects are called; Linux by its release once it is known. */
export type Names = Readonly<Record<SubjectName, string>>

export function subjectNames(linux?: string): Names {
  return {
    skep: 'skep',
    linux: linux ?? 'Linux',
    native: 'native',
    node: 'Node',
    locked: 'locked',
    'rfc-v1': 'rfc-v1',
    merged: 'merged',
    floor: 'floor',
  }
}

function number(value: number): string {
  const size = Math.abs(value)
  if (size >= 10_000) return Math.round(value).toLocaleString('en-US')
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : value.toFixed(2)
}

/** `23.7 ns ± 3%`, with a `?` if it is too noisy to quote. */
export function figureText(figure: Figure, unit: string): string {
  const value = `${number(figure.median)}${unit === '×' || unit === '%' ? '' : ' '}${unit}`
  if (figure.figures.length === 1) return value
  const { median, quartiles } = figure
  const spread = median === 0 ? 0 : Math.abs((quartiles[1] - quartiles[0]) / median / 2)
  return `${value} ±${Math.round(spread * 100)}%${noisy(figure) ? '?' : ''}`
}

/** How many times better skep is; without end where the other stood still. */
function ratioText(row: Row, subject: SubjectName): string {
  const ratio = advantage(row, subject)
  if (ratio === undefined || Number.isNaN(ratio)) return ''
  return ratio === Infinity ? '∞' : `${number(ratio)}×`
}

export function goalText(goal: Reach, unit: string, names: Names): string {
  const space = unit === '×' || unit === '%' ? '' : ' '
  if ('atMost' in goal) return `≤ ${goal.atMost}${space}${unit}`
  if ('atLeast' in goal) return `≥ ${goal.atLeast}${space}${unit}`
  if ('times' in goal)
    return `≥ ${goal.times}× ${names[goal.than]}${goal.without === undefined ? '' : ` without “${goal.without}”`}`
  return `≤ ${goal.within}× ${'ofCase' in goal ? `“${goal.ofCase}”` : names[goal.of]}`
}

/** A `?` follows where one of the figures is too noisy to quote. */
export function verdict(row: Row, { reached, beyond }: Pick<Row['reach'][number], 'reached' | 'beyond'>): string {
  if (reached === undefined) return 'not measured'
  return `${reached ? 'reached' : beyond ? 'out of reach' : 'not reached'}${row.figures.some(noisy) ? '?' : ''}`
}

/** Goals and what became of them, in one line. */
export function reachText(row: Row, names: Names): string {
  return row.reach.map((one) => `${goalText(one.goal, row.unit, names)}: ${verdict(row, one)}`).join('; ')
}

/** The figures of what skep is compared with, each with how many times better skep is. */
export function comparisons(row: Row, names: Names): string[] {
  return row.figures
    .filter(({ subject }) => subject !== 'skep')
    .map((figure) => {
      const ratio = figure.subject === 'floor' ? '' : ratioText(row, figure.subject)
      return `${figure.what ?? names[figure.subject]} ${figureText(figure, row.unit)}${ratio && ` (${ratio})`}`
    })
}

/** What is missing, and why. */
export function absences(row: Row, names: Names): string[] {
  return row.absent.map(({ subject, reason }) => `${names[subject]}: ${reason}`)
}

/** Rows under the theme that they belong to. */
export function byTheme(rows: readonly Row[]): [theme: string, rows: Row[]][] {
  const themes = new Set(rows.map(({ theme }) => theme))
  return [...themes].map((theme) => [theme, rows.filter((row) => row.theme === theme)])
}

/** Names of rows with a figure of skep that is too noisy to quote. */
export function noisyRows(rows: readonly Row[]): string[] {
  return rows.filter(({ figures }) => figures.some(noisy)).map(({ name }) => name)
}

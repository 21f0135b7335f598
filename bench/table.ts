// Figures as a table for people. The first subject is the one that is compared with the others.
import type { Figure, Row } from './measure.js'

/** Half of the figures spread over more than this share of the median: not to be quoted. */
const NOISY = 0.25

const NAME_WIDTH = 60

export function heading(subjects: readonly string[]): string {
  const columns = subjects.map((name, i) => name.padStart(24) + (i === 0 ? '' : '   ratio'))
  return 'case'.padEnd(NAME_WIDTH) + columns.join('')
}

export function line(row: Row, subjects: readonly string[]): string {
  const first = row.figures.find(({ subject }) => subject === subjects[0])
  const columns = subjects.map((name, i) => {
    const figure = row.figures.find(({ subject }) => subject === name)
    const text = figure ? `${format(figure.median)} ${row.unit} ${spread(figure)}` : '—'
    const ratio = figure && first ? `${format(figure.median / first.median)}×` : ''
    return text.padStart(24) + (i === 0 ? '' : ratio.padStart(8))
  })
  const reasons = row.absent.map(({ subject, reason }) => `\n    ${subject}: ${reason.split('\n')[0]}`)
  return row.name.padEnd(NAME_WIDTH) + columns.join('') + reasons.join('')
}

function spread({ median, quartiles: [low, high] }: Figure): string {
  const share = (high - low) / median
  return `±${Math.round((share / 2) * 100)
    .toString()
    .padStart(2)}%${share > NOISY ? '?' : ' '}`
}

function format(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

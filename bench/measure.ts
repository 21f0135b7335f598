// Takes the figures: the subjects of a case take turns, so that what disturbs the machine disturbs all of them, each
// time in the opposite order, so that nobody always comes behind the same other.
import { median, type Case, type Reach, type Running, type Series, type SubjectName, type Theme } from './case.js'
import type { Bench } from './systems/bench.js'

export interface Figure {
  subject: SubjectName
  /** What was measured, where the subject's name does not say it. */
  what?: string
  /** In the case's unit. */
  median: number
  /** Half of the figures lie between these two. */
  quartiles: [number, number]
  figures: number[]
  series?: Series
}

export interface Row {
  theme: string
  name: string
  unit: Case['unit']
  better: 'less' | 'more'
  note?: string
  figures: Figure[]
  /** Why a subject has no figure here. */
  absent: { subject: SubjectName; reason: string }[]
  /**
   * What was to be reached, and whether it was; undefined: what it is compared with has no figure in this run.
   * `beyond`: not even the floor reaches it.
   */
  reach: { goal: Reach; reached: boolean | undefined; beyond: boolean }[]
}

/** Half of the figures spread over more than this share of the median: not to be quoted. */
const NOISY = 0.25

export function noisy({ median, quartiles: [low, high] }: Figure): boolean {
  return high - low > NOISY * Math.abs(median)
}

export function figureOf(row: Row, subject: SubjectName): Figure | undefined {
  return row.figures.find((figure) => figure.subject === subject)
}

/**
 * How many times better skep (or another, `of`) is than `subject`; undefined if one of them has no figure. `without`: a
 * row whose figures both rows contain, which is taken off first; what then is not above zero costs nothing that can be
 * measured (Infinity).
 */
export function advantage(
  row: Row,
  subject: SubjectName,
  { of = 'skep', without }: { of?: SubjectName; without?: Row } = {},
): number | undefined {
  const [mine, other] = ([of, subject] as const).map((name) => {
    const figure = figureOf(row, name)?.median
    const share = without ? figureOf(without, name)?.median : 0
    return figure === undefined || share === undefined ? undefined : Math.max(0, figure - share)
  })
  if (mine === undefined || other === undefined) return undefined
  return row.better === 'less' ? other / mine : mine / other
}

/** Measures one case on every subject that it has; `only`: on those that are wanted. */
export async function measure(
  theme: string,
  bench: Case,
  resources: Bench,
  { repetitions, only }: { repetitions: number; only?: readonly SubjectName[] },
): Promise<Row> {
  const { name, unit, better = 'less', note } = bench
  const row: Row = {
    theme,
    name,
    unit,
    better,
    ...(note === undefined ? {} : { note }),
    figures: [],
    absent: [],
    reach: [],
  }
  const open: { subject: SubjectName; run: Running; figures: number[] }[] = []
  const giveUp = (subject: SubjectName, reason: unknown) =>
    row.absent.push({
      subject,
      reason: reason instanceof Error ? (reason.message.split('\n')[0] ?? '') : String(reason),
    })

  for (const [subject, start] of Object.entries(bench.on) as [SubjectName, NonNullable<Case['on']['skep']>][]) {
    if (only && !only.includes(subject)) continue
    try {
      const run = await start(resources)
      if (typeof run === 'string') giveUp(subject, run)
      else open.push({ subject, run, figures: [] })
    } catch (error) {
      giveUp(subject, error)
    }
  }
  for (let turn = 0; turn < Math.min(repetitions, bench.repetitions ?? Infinity); turn++)
    for (const one of turn % 2 === 0 ? [...open] : [...open].reverse())
      try {
        one.figures.push(await one.run.measure())
      } catch (error) {
        giveUp(one.subject, error)
        open.splice(open.indexOf(one), 1)
        await one.run.end()
      }
  for (const { subject, run, figures } of open) {
    const series = await run.series?.()
    await run.end()
    const what = run.what === undefined ? {} : { what: run.what }
    row.figures.push({ ...figure(subject, figures), ...what, ...(series ? { series } : {}) })
  }
  return row
}

function figure(subject: SubjectName, figures: number[]): Figure {
  const sorted = [...figures].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
  return { subject, median: median(sorted), quartiles: [at(0.25), at(0.75)], figures }
}

/** The geometric mean of a theme's rows, over the subjects that have a figure in all of them. */
export function geometricMean(theme: Theme, rows: readonly Row[]): Row | undefined {
  const { mean } = theme
  const mine = rows.filter((row) => row.theme === theme.title)
  if (!mean || mine.length < theme.cases.length) return undefined
  const subjects = (['skep', 'linux', 'native'] as const).filter((subject) =>
    mine.every((row) => figureOf(row, subject)),
  )
  const over = (values: number[]) => Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
  return {
    theme: theme.title,
    name: mean.name,
    unit: mean.unit,
    better: 'less',
    ...(mean.note === undefined ? {} : { note: mean.note }),
    figures: subjects.map((subject) => {
      const all = mine.map((row) => figureOf(row, subject)!)
      const quartile = (index: 0 | 1) => over(all.map(({ quartiles }) => quartiles[index]))
      const middle = over(all.map(({ median }) => median))
      return { subject, median: middle, quartiles: [quartile(0), quartile(1)], figures: [middle] }
    }),
    absent: [],
    reach: [],
  }
}

/** Says of each goal of a row whether it was reached; `rows` are those of the same run. */
export function judge(goals: readonly Reach[], row: Row, rows: readonly Row[]): void {
  row.reach = goals.map((goal) => {
    const reached = reaches('skep', goal, row, rows)
    return { goal, reached, beyond: reached === false && reaches('floor', goal, row, rows) === false }
  })
}

/** Whether what was measured of `subject` reaches a goal that is skep's. */
function reaches(subject: SubjectName, goal: Reach, row: Row, rows: readonly Row[]): boolean | undefined {
  const mine = figureOf(row, subject)?.median
  if (mine === undefined) return undefined
  if ('atMost' in goal) return mine <= goal.atMost
  if ('atLeast' in goal) return mine >= goal.atLeast
  if ('ofCase' in goal) {
    const found = rows.find(({ name }) => name === goal.ofCase)
    const other = found && figureOf(found, 'skep')?.median
    return other === undefined ? undefined : mine <= other * goal.within
  }
  if ('of' in goal) {
    const ratio = advantage(row, goal.of, { of: subject })
    return ratio === undefined ? undefined : ratio >= 1 / goal.within
  }
  const without = rows.find(({ name }) => name === goal.without)
  if (goal.without !== undefined && (!without || subject === 'floor')) return undefined
  const ratio = advantage(row, goal.than, { of: subject, ...(without ? { without } : {}) })
  return ratio === undefined || Number.isNaN(ratio) ? undefined : ratio >= goal.times
}

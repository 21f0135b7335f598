// The pictures of a report, each from the rows of a run; undefined where the run has nothing for it.
import * as Plot from '@observablehq/plot'
import type { SubjectName } from '../case.js'
import { figureOf, noisy, type Row } from '../measure.js'
import type { BenchRun } from './run.js'
import { COLORS, draw, legend } from './svg.js'

const ROW_HEIGHT = 21
const BASELINES: readonly SubjectName[] = ['linux', 'native', 'node', 'floor']

interface Point {
  subject: SubjectName
  name: string
  median: number
  noisy: boolean
}

const color = ({ subject }: { subject: SubjectName }): string => COLORS[subject]

/** A row's figures: skep's larger, those that are too noisy to quote hollow. */
const dots = (points: Point[]): Plot.Dot =>
  Plot.dot(points, {
    x: 'median',
    y: 'name',
    r: ({ subject }: Point) => (subject === 'skep' ? 5.5 : 4.5),
    stroke: color,
    strokeWidth: 1.6,
    fill: (point: Point) => (point.noisy ? '#fff' : color(point)),
  })

/** Time of one operation, skep and the baselines, on a logarithmic scale: a line leads from skep to Linux. */
export function operations({ rows, names }: BenchRun): string | undefined {
  const shown = rows.filter(
    (row) => row.unit === 'ns' && figureOf(row, 'skep') && BASELINES.some((subject) => figureOf(row, subject)),
  )
  if (shown.length === 0) return undefined
  const themes = [...new Set(shown.map(({ theme }) => theme))]
  const heading = (theme: string): string => `${theme}:`
  const order = themes.flatMap((theme) => [
    heading(theme),
    ...shown.filter((row) => row.theme === theme).map(({ name }) => name),
  ])
  const subjects = (['skep', ...BASELINES] as const).filter((subject) => shown.some((row) => figureOf(row, subject)))
  const points = shown.flatMap(({ name, figures }) =>
    figures.filter(({ median }) => median > 0).map((figure) => ({ ...figure, name, noisy: noisy(figure) })),
  )
  const links = shown.flatMap((row) => {
    const skep = figureOf(row, 'skep')!.median
    const linux = figureOf(row, 'linux')?.median
    return linux === undefined ? [] : [{ name: row.name, skep, linux, ahead: linux >= skep }]
  })
  return draw('Time of one operation on skep and its baselines', {
    width: 900,
    height: order.length * ROW_HEIGHT + 90,
    marginLeft: 370,
    marginTop: 48,
    marginBottom: 38,
    x: { type: 'log', grid: true, label: 'nanoseconds for one operation (less is better) →', tickFormat: ',' },
    y: { domain: order, label: null },
    marks: [
      Plot.axisY({
        tickSize: 0,
        tickFormat: (name: string) => (name.endsWith(':') ? '' : name),
        fontSize: 11.5,
      }),
      Plot.text(themes, {
        y: heading,
        frameAnchor: 'left',
        textAnchor: 'end',
        dx: -8,
        text: (theme: string) => theme,
        fontWeight: 700,
      }),
      Plot.ruleY(links, {
        y: 'name',
        x1: 'skep',
        x2: 'linux',
        stroke: ({ ahead }: { ahead: boolean }) => (ahead ? COLORS.skep : COLORS.linux),
        strokeWidth: 5,
        strokeOpacity: 0.18,
      }),
      dots(points),
      ...legend(subjects, names),
    ],
  })
}

/** Throughput of two threads over two seconds, while a third stands still for one of them. */
export function standstill({ rows, names }: BenchRun): string | undefined {
  const row = rows.find(({ figures }) => figures.some(({ series }) => series))
  if (!row) return undefined
  const points = row.figures.flatMap(({ subject, series = [] }) => {
    const before = series.filter(([time]) => time < 480)
    const usual = before.reduce((sum, [, value]) => sum + value, 0) / Math.max(1, before.length)
    return series.map(([time, value]) => ({
      subject,
      design: names[subject],
      second: time / 1000,
      share: value / usual,
    }))
  })
  const designs = [...new Set(points.map(({ design }) => design))]
  return draw('Two threads while a third stands still inside a start of their timer', {
    width: 900,
    height: 90 * designs.length + 50,
    marginLeft: 46,
    marginRight: 70,
    x: { label: 'seconds →' },
    y: { domain: [0, 1.6], ticks: [0, 1], grid: true, label: null },
    fy: { domain: designs, label: null },
    marks: [
      Plot.rect([{ x1: 0.5, x2: 1.5, y1: 0, y2: 1.6 }], { x1: 'x1', x2: 'x2', y1: 'y1', y2: 'y2', fill: '#f1f5f9' }),
      Plot.areaY(points, {
        x: 'second',
        y: (point: { share: number }) => Math.min(point.share, 1.6),
        fy: 'design',
        fill: color,
        fillOpacity: 0.25,
      }),
      Plot.lineY(points, {
        x: 'second',
        y: (point: { share: number }) => Math.min(point.share, 1.6),
        fy: 'design',
        stroke: color,
        strokeWidth: 1.6,
      }),
      Plot.ruleY([0]),
    ],
  })
}

/** How much more several CPUs do, of skep and the older designs. */
export function scaling({ rows, names }: BenchRun): string | undefined {
  const shown = rows.filter((row) => row.unit === '×' && row.better === 'more' && figureOf(row, 'skep'))
  if (shown.length === 0) return undefined
  const points = shown.flatMap(({ name, figures }) =>
    figures.map((figure) => ({ ...figure, name, noisy: noisy(figure) })),
  )
  const goals = shown.flatMap(({ name, reach }) =>
    reach.flatMap(({ goal }) => ('atLeast' in goal ? [{ name, goal: goal.atLeast }] : [])),
  )
  const subjects = (['skep', 'locked', 'rfc-v1', 'merged', 'floor'] as const).filter((subject) =>
    shown.some((row) => figureOf(row, subject)),
  )
  return draw('Throughput of several CPUs', {
    width: 900,
    height: shown.length * 30 + 90,
    marginLeft: 420,
    marginTop: 48,
    x: {
      domain: [0, Math.max(2.2, ...points.map(({ median }) => median))],
      grid: true,
      label: 'times the throughput (more is better) →',
    },
    y: { domain: shown.map(({ name }) => name), label: null },
    marks: [
      Plot.axisY({ tickSize: 0, fontSize: 11.5 }),
      Plot.tickX(goals, { x: 'goal', y: 'name', stroke: '#94a3b8', strokeWidth: 2, strokeDasharray: '3 2' }),
      dots(points),
      ...legend(subjects, names),
    ],
  })
}

const LATENESS = /^lateness, every (.+), (idle|busy) machine, (median|99 of 100)$/

/** How late timers come, by their period. */
export function latenessPlot({ rows, names }: BenchRun): string | undefined {
  const points = rows.flatMap((row: Row) => {
    const [, period, machine, what] = LATENESS.exec(row.name) ?? []
    if (!period || !machine) return []
    return row.figures.map(({ subject, median }) => ({
      subject,
      period,
      machine,
      what,
      median: Math.max(0.05, median),
    }))
  })
  if (points.length === 0) return undefined
  const periods = [...new Set(points.map(({ period }) => period))]
  const subjects = (['skep', 'linux', 'node'] as const).filter((name) => points.some(({ subject }) => subject === name))
  const shift: Partial<Record<SubjectName, number>> = { skep: -12, linux: 0, node: 12 }
  return draw('Lateness of timers', {
    width: 900,
    height: 330,
    marginLeft: 56,
    marginTop: 52,
    marginBottom: 40,
    x: { domain: periods, label: 'period of the timer', type: 'band' },
    y: { type: 'log', grid: true, label: '↑ µs late: median ●, 99 of 100 ▬', tickFormat: ',' },
    fx: {
      domain: ['idle', 'busy'].filter((one) => points.some(({ machine }) => machine === one)),
      label: null,
      tickFormat: (one: string) => `${one} machine`,
    },
    marks: [
      Plot.frame({ stroke: '#e2e8f0' }),
      ...subjects.flatMap((name) => {
        const own = points.filter(({ subject }) => subject === name)
        const place = { fx: 'machine', x: 'period', y: 'median', dx: shift[name] ?? 0 }
        return [
          Plot.dot(
            own.filter(({ what }) => what === 'median'),
            { ...place, r: 4.5, fill: COLORS[name] },
          ),
          Plot.dot(
            own.filter(({ what }) => what !== 'median'),
            {
              ...place,
              symbol: {
                draw: (context: { rect(x: number, y: number, w: number, h: number): void }) =>
                  context.rect(-7, -1.5, 14, 3),
              } as unknown as Plot.SymbolType,
              r: 4.5,
              fill: COLORS[name],
            },
          ),
        ]
      }),
      ...legend(subjects, names, -38),
    ],
  })
}

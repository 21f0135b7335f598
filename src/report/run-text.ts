// A run report as text for people.
import type { ObjectSpec } from '../object/spec.js'
import type { TimerInfo } from '../machine/observe/control-blocks.js'
import { plainText, typedText } from '../object/typed-text.js'
import { keyText, slotName } from './lifecycle-text.js'
import { retvalText } from './retval.js'
import type { MapReport, ProgramReport, RunReport } from './run-report.js'
import type { Style } from './style.js'
import { table } from './table.js'
import { durationText } from './time-text.js'

/** What to show besides the summary. */
export interface RunTextOptions {
  readonly maps: boolean
  readonly timers: boolean
  /** BTF types of the records of ring and perf buffers, by map; 0 if not known. */
  readonly recordTypes: ReadonlyMap<string, number>
}

/** Return values of a program, map or variables that are shown before '…'. */
const MOST_RETVALS = 6
const MOST_VARIABLES = 40

export function runText(spec: ObjectSpec, report: RunReport, options: RunTextOptions, style: Style): string[] {
  const lines: string[] = []
  const section = (title: string, body: readonly string[]): void => {
    if (body.length > 0) lines.push(...(lines.length > 0 ? [''] : []), style.heading(title), ...body)
  }
  const input = report.input === undefined ? '' : ` on ${report.input}`
  section(`Programs${input}`, [
    ...table(
      report.programs.map((program) => programRow(program, style)),
      { indent: '  ', right: [1] },
    ),
    ...report.programs.flatMap(({ name, context }) =>
      context?.changed ? [`  ${style.name(name)} left ctx = ${typedText(spec.btf, context.type, context.value)}`] : [],
    ),
  ])
  section('Maps', mapLines(spec, report, options, style))
  section('Variables', variableLines(spec, report, style))
  section('Timers and work', options.timers ? timerLines(spec, report, style) : timerSummary(report))
  section('Clock', clockLines(report))
  return lines
}

function programRow({ name, type, runs, faults, retvals, duration }: ProgramReport, style: Style): string[] {
  const values = retvals.slice(0, MOST_RETVALS).map(({ retval, runs: count }) => {
    const text = retvalText(type, retval)
    return retvals.length === 1 ? text : `${text} × ${count}`
  })
  if (retvals.length > MOST_RETVALS) values.push(`and ${retvals.length - MOST_RETVALS} more values`)
  const notes = duration > 0 ? style.faint(`${durationText(duration)} a run`) : ''
  return [
    style.name(name),
    runs === 1 ? '1 run ' : `${runs} runs`,
    [...values, ...(faults > 0 ? [style.bad(`${faults} fault${faults === 1 ? '' : 's'}`)] : [])].join(', '),
    notes,
  ]
}

function mapLines(
  spec: ObjectSpec,
  { maps }: RunReport,
  { maps: all, recordTypes }: RunTextOptions,
  style: Style,
): string[] {
  const rows = table(
    Object.entries(maps).map(([name, map]) => [style.name(name), map.type, sizeText(map)]),
    { indent: '  ' },
  )
  if (!all) return rows
  return Object.entries(maps).flatMap(([name, { type, entries = [], records = [], values = [] }], index) => {
    // What an array holds from the start is not worth a line for each element.
    const shown = type.endsWith('array') ? entries.filter(({ value }) => !isZero(value)) : entries
    const zeros = entries.length - shown.length
    return [
      rows[index]!,
      ...shown.map(({ key, value }) => `    ${keyText(spec, name, key)} ${valueText(spec, name, value)}`),
      ...values.map((value) => `    ${valueText(spec, name, value)}`),
      ...records.map((record) => `    ${recordText(spec, recordTypes.get(name) ?? 0, record)}`),
      ...(zeros > 0 ? [style.faint(`    ${shown.length > 0 ? `the other ${zeros}` : `all ${zeros}`}: 0`)] : []),
    ]
  })
}

function recordText({ btf }: ObjectSpec, type: number, record: unknown): string {
  return record instanceof Uint8Array ? plainText(record) : typedText(btf, type, record)
}

function sizeText({ type, size, maxEntries, lost }: MapReport): string {
  if (type === 'ringbuf' || lost !== undefined)
    return `${size} record${size === 1 ? '' : 's'}${lost ? `, ${lost} lost` : ''}`
  if (size === undefined) return `max_entries ${maxEntries}`
  if (type === 'prog_array') return `${size} of ${maxEntries}`
  if (type.endsWith('array')) return `${maxEntries} element${maxEntries === 1 ? '' : 's'}`
  return `${size} of ${maxEntries}`
}

function isZero(value: unknown): boolean {
  if (value instanceof Uint8Array) return value.every((byte) => byte === 0)
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isZero)
  return value === 0 || value === 0n || value === false
}

/** A value of a map; of a per-CPU map one for each CPU. */
function valueText(spec: ObjectSpec, name: string, value: unknown): string {
  const map = spec.maps.get(name)
  const type = map?.value ?? 0
  if (!map || !Array.isArray(value) || type === 0 || spec.btf?.resolved(type).kind === 'array')
    return typedText(spec.btf, type, value)
  return value.map((one, cpu) => `cpu ${cpu}: ${typedText(spec.btf, type, one)}`).join('  ')
}

function variableLines(spec: ObjectSpec, { variables }: RunReport, style: Style): string[] {
  const changeable = Object.entries(variables).filter(
    ([name]) => !spec.variables.get(name)?.section.startsWith('.rodata'),
  )
  const lines = table(
    changeable
      .slice(0, MOST_VARIABLES)
      .map(([name, value]) => [style.name(name), cut(typedText(spec.btf, spec.variables.get(name)?.type ?? 0, value))]),
    { indent: '  ' },
  )
  if (changeable.length > MOST_VARIABLES) lines.push(`  and ${changeable.length - MOST_VARIABLES} more`)
  return lines
}

function timerSummary({ timers }: RunReport): string[] {
  if (timers.length === 0) return []
  const states = ['armed', 'running', 'idle'] as const
  const counts = (['timer', 'work'] as const).flatMap((kind) =>
    states.flatMap((state) => {
      const count = timers.filter((timer) => timer.kind === kind && timer.state === state).length
      return count === 0 ? [] : [`${count} ${kind === 'timer' ? `timer${count === 1 ? '' : 's'}` : 'work'} ${state}`]
    }),
  )
  return [`  ${counts.join(', ')}`]
}

function timerLines(spec: ObjectSpec, { timers, time }: RunReport, style: Style): string[] {
  if (timers.length === 0) return ['  none']
  return table(
    [...timers]
      .sort((a, b) => (a.expiry ?? Infinity) - (b.expiry ?? Infinity))
      .map((timer) => [
        style.name(slotName(spec, timer.map, timer.kind)),
        timer.state === 'idle' ? style.faint(timer.state) : style.good(timer.state),
        whenText(timer, time),
        timer.callback ?? style.faint('no callback'),
        timer.cpu === undefined ? '' : `cpu ${timer.cpu}${timer.pinned ? ' (pinned)' : ''}`,
        `${timer.runs} run${timer.runs === 1 ? '' : 's'}`,
        keyText(spec, timer.map, timer.key),
      ]),
    { indent: '  ' },
  )
}

function whenText({ kind, expiry }: TimerInfo, now: number): string {
  if (expiry === undefined || kind === 'work') return ''
  if (expiry === Infinity) return 'never'
  return expiry <= now ? 'due' : `in ${durationText(expiry - now)}`
}

const ENDED: Record<RunReport['ended'], string> = {
  idle: 'nothing is armed any more',
  time: 'the time that --for gave is over',
  limit: 'stopped: timers go on arming themselves (--for DURATION sets an end)',
  interrupted: 'interrupted',
}

function clockLines({ clock, start, time, ended, statistics }: RunReport): string[] {
  const sum = (of: 'runs' | 'firings' | 'works'): number => statistics.cpus.reduce((total, cpu) => total + cpu[of], 0)
  const counts = [
    `${sum('firings')} timer callback${sum('firings') === 1 ? '' : 's'}`,
    `${sum('works')} work callback${sum('works') === 1 ? '' : 's'}`,
  ].join(', ')
  return [`  ${clock}, ${durationText(time - start)} since the start: ${ENDED[ended]}`, `  ${counts}`]
}

function cut(text: string, length = 100): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}

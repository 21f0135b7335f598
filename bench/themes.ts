// Every case of the benchmark, in the order in which they are measured and shown.
import type { Theme } from './case.js'
import { calls } from './cases/calls.js'
import { compute } from './cases/compute.js'
import { explorer } from './cases/explorer.js'
import { firing } from './cases/firing.js'
import { footprint } from './cases/footprint.js'
import { latenesses } from './cases/lateness.js'
import { maps } from './cases/maps.js'
import { run } from './cases/run.js'
import { threads } from './cases/threads.js'
import { timers } from './cases/timers.js'
import { work } from './cases/work.js'

export const THEMES: readonly Theme[] = [
  timers,
  firing,
  work,
  calls,
  maps,
  compute,
  run,
  threads,
  latenesses,
  footprint,
  explorer,
]

/** The cases whose names contain one of the filters (all without one), by theme. */
export function chosen(filters: readonly string[]): Theme[] {
  const wanted = (name: string): boolean => filters.length === 0 || filters.some((filter) => name.includes(filter))
  return THEMES.map((theme) => ({ ...theme, cases: theme.cases.filter(({ name }) => wanted(name)) })).filter(
    ({ cases }) => cases.length > 0,
  )
}

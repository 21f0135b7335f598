// A transcript of a scenario: one line for each answer, then what the maps and variables hold at the end. The same
// lines from both engines and from a kernel.
import { readFileSync } from 'node:fs'
import { boot, type LoadedObject, type ObjectSpec } from '../../src/index.js'
import { parseObject } from '../../src/object/read.js'
import type { Scenario, Step } from './scenarios.js'

/** dist/test/programs → test/programs. */
export const FOLDER = new URL('../../../test/programs/', import.meta.url)

/** The machine that recorded the answers had as many, and per-CPU maps show it. */
export const CPUS = 2

const MAPS_WITH_ENTRIES = new Set([1, 2, 5, 6, 9, 10, 11])

/** Its objects, by file name. */
export function objectsOf({ name, variants = [] }: Scenario): string[] {
  return [`${name}.bpf.o`, ...variants.map((variant) => `${name}.${variant}.bpf.o`)]
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** What was given to a run of a program, and what it left. */
interface Run {
  readonly retval: number
  readonly data?: Uint8Array | undefined
  readonly ctx?: Uint8Array | undefined
}

/** A line for a run; what it left as it was is not in it. */
export function runLine(step: Extract<Step, { run: string }>, data: Uint8Array | undefined, run: Run): string {
  const packet = data && run.data && hex(run.data) !== hex(data) ? ` packet ${hex(run.data)}` : ''
  const context = step.ctx && run.ctx && hex(run.ctx) !== hex(step.ctx) ? ` context ${hex(run.ctx)}` : ''
  return `${step.run} ${run.retval | 0}${packet}${context}`
}

/** The maps of a scenario that are looked at in the end. */
export function mapsToShow(spec: ObjectSpec): string[] {
  return [...spec.maps.values()]
    .filter(
      ({ type, section, name }) => MAPS_WITH_ENTRIES.has(type) && section === undefined && !name.includes('.inner'),
    )
    .map(({ name }) => name)
}

/** The variables that programs write. */
export function variablesToShow(spec: ObjectSpec): string[] {
  return [...spec.variables.values()]
    .filter(({ section }) => !/^\.(rodata|kconfig)/.test(section))
    .map(({ name }) => name)
}

/** Lines for the elements of a map that are not zero, in order of their keys; times are left out. */
export function mapLines(
  { times }: Scenario,
  map: string,
  entries: readonly (readonly [key: Uint8Array, value: Uint8Array])[],
): string[] {
  return entries
    .map(([key, value]) => {
      const shown = Buffer.from(value)
      const time = times?.[map]
      if (time) shown.fill(0, time[0], time[0] + time[1])
      return shown.some((byte) => byte !== 0) || time ? `${map} ${hex(key)} ${hex(shown).replace(/(00)+$/, '')}` : ''
    })
    .filter(Boolean)
    .sort()
}

/** What a scenario answers on an engine. */
export function transcript(scenario: Scenario, file: string, engine: 'jit' | 'interp'): string[] {
  const spec = parseObject(readFileSync(new URL(file, FOLDER)), file)
  using machine = boot.virtual({ memory: '16 MiB', cpus: CPUS })
  const object = machine.load(spec, {
    engine,
    ...(scenario.variables && { variables: scenario.variables }),
    ...(scenario.kconfig && { kconfig: scenario.kconfig }),
  })
  const lines = scenario.steps.flatMap((step) => linesOf(spec, object, step))
  for (const map of mapsToShow(spec)) lines.push(...mapLines(scenario, map, object.maps[map]!.entriesBytes()))
  for (const name of variablesToShow(spec)) lines.push(`${name} = ${hex(object.variables[name]!.getBytes())}`)
  return lines
}

function linesOf(spec: ObjectSpec, { programs, maps }: LoadedObject, step: Step): string[] {
  if ('run' in step) {
    const { run, ctx, cpu = 0 } = step
    return (step.data ?? [undefined]).map((data) => {
      const answer = programs[run]!.run({ cpu, ...(data && { data }), ...(ctx && { ctx }) })
      // The kernel's packet begins with its metadata.
      const packet = answer.data && Buffer.concat([answer.metadata ?? new Uint8Array(), answer.data])
      return runLine(step, data, { retval: answer.retval, data: packet, ctx: answer.ctx as Uint8Array })
    })
  }
  if ('set' in step) maps[step.set]!.set(step.key, step.value)
  else if ('push' in step) maps[step.push]!.push(step.value)
  else if ('pop' in step) {
    const value = maps[step.pop]!.pop()
    return [
      `${step.pop}: ${value === undefined ? 'empty' : hex(spec.btf!.encode(spec.maps.get(step.pop)!.value, value))}`,
    ]
  } else return (maps[step.records]!.drain() as Uint8Array[]).map((record) => `${step.records}: ${hex(record)}`)
  return []
}

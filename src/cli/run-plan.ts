// Which programs run on what, in which order: programs without packets once, then each packet through each packet
// program.
import { MAP_TYPE_PROG_ARRAY } from '../../core/abi.js'
import { SkepError } from '../error.js'
import type { RunOptions } from '../machine/run/context.js'
import { PACKET_TYPES } from '../machine/program-types.js'
import type { MapSpec, ObjectSpec, ProgramSpec } from '../object/spec.js'
import type { PacketSource, WrittenContext } from './data.js'

/** One run that is to be made. */
export interface PlannedRun {
  program: ProgramSpec
  options: RunOptions
  /** Index of its packet, and nanoseconds from the first packet to it. */
  packet?: number
  after: number
}

export function takesPackets({ type }: ProgramSpec): boolean {
  return PACKET_TYPES.includes(type)
}

/**
 * The named programs in the order given; without names all of the object but those that an object puts into a program
 * array, for they are what others call. Throws SkepError NO_PROGRAM.
 */
export function chosenPrograms(spec: ObjectSpec, names: readonly string[] | undefined): ProgramSpec[] {
  const all = [...spec.programs.values()]
  if (all.length === 0) throw new SkepError('NO_PROGRAM', `object '${spec.name}' has no programs`)
  if (names) return names.map((name) => programNamed(spec, name))
  const called = new Set([...spec.maps.values()].flatMap(programsIn))
  const callers = all.filter(({ name }) => !called.has(name))
  return callers.length > 0 ? callers : all
}

/** The programs that a program array holds from the start. */
function programsIn({ type, initial }: MapSpec): string[] {
  return type === MAP_TYPE_PROG_ARRAY && initial ? [...initial.values()] : []
}

/** One program. Throws SkepError NO_PROGRAM, which lists those that are there. */
export function programNamed({ name: object, programs }: ObjectSpec, name: string): ProgramSpec {
  const program = programs.get(name)
  if (program) return program
  const known = [...programs.keys()].join(', ')
  throw new SkepError('NO_PROGRAM', `object '${object}' has no program '${name}'; it has ${known || 'none'}`)
}

export interface PlanOptions {
  readonly cpus: number
  /** The CPU of all runs; undefined: runs take turns over the CPUs. */
  readonly cpu: number | undefined
  readonly repeat: number
  readonly ctx: WrittenContext | undefined
}

/** The runs in order. `source` is used only if a program takes packets. Throws SkepError BAD_VALUE for a context. */
export function* plannedRuns(
  spec: ObjectSpec,
  programs: readonly ProgramSpec[],
  source: PacketSource | undefined,
  { cpus, cpu, repeat, ctx }: PlanOptions,
): Generator<PlannedRun> {
  let next = 0
  const mixed = programs.some(takesPackets) && !programs.every(takesPackets)
  const options = (program: ProgramSpec): RunOptions => ({
    cpu: cpu ?? next++ % cpus,
    ...(repeat === 1 ? {} : { repeat }),
    // Where programs of both kinds run, a context is for those that have nothing else.
    ...(ctx === undefined || (mixed && takesPackets(program)) ? {} : { ctx: contextFor(spec, program, ctx) }),
  })
  for (const program of programs.filter((one) => !takesPackets(one)))
    yield { program, options: options(program), after: 0 }
  const packetPrograms = programs.filter(takesPackets)
  for (const [packet, { time, bytes }] of (packetPrograms.length > 0 ? (source?.packets ?? []) : []).entries())
    for (const program of packetPrograms)
      yield { program, options: { ...options(program), data: bytes }, packet, after: time }
}

/** Fields become bytes where the program says by its parameter's type what its context is. */
function contextFor(spec: ObjectSpec, program: ProgramSpec, ctx: WrittenContext): WrittenContext {
  if (ctx instanceof Uint8Array || Array.isArray(ctx) || takesPackets(program)) return ctx
  const type = contextType(spec, program)
  if (type !== 0 && spec.btf) return spec.btf.encode(type, ctx)
  throw new SkepError('BAD_OPTION', `--ctx: program '${program.name}' does not say of which struct its context is`)
}

/** BTF id of the struct that the program's parameter points to; 0 if it says none. */
export function contextType({ btf, functions }: ObjectSpec, { entry }: ProgramSpec): number {
  const id = functions.get(entry)?.btfId ?? 0
  const fn = btf && id !== 0 ? btf.type(id) : undefined
  const prototype = btf && fn?.kind === 'function' ? btf.type(fn.type) : undefined
  const parameter = prototype?.kind === 'prototype' ? prototype.parameters[0]?.type : undefined
  const pointer = btf && parameter ? btf.resolved(parameter) : undefined
  if (!btf || pointer?.kind !== 'pointer') return 0
  const target = btf.resolve(pointer.type)
  return btf.type(target).kind === 'struct' ? target : 0
}

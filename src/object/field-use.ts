// Uses of timers, work and spin locks that are certainly wrong, in the words of the kernel's verifier: a map that has
// no such field, an offset that is not the field's, another map than the timer's, a pointer that is no map value, a
// callback that cannot be one, the field's bytes read or written. Only what holds on every way is reported, so a correct
// program never is; what is not certain shows when it runs. For loaders, before anything is loaded.
import type { Instruction } from '../isa/decode.js'
import { storesMemory } from '../isa/decode.js'
import { visitRegisters, type RegisterValue } from './register-values.js'
import type { FunctionSpec, MapSpec, ObjectSpec } from './spec.js'

type Field = 'bpf_timer' | 'bpf_wq' | 'bpf_spin_lock'

/** What a helper or kfunc wants in r1 (a pointer to a field) and r2. */
interface Signature {
  readonly field: Field
  readonly second?: 'map' | 'callback'
}

const HELPERS: ReadonlyMap<number, Signature> = new Map<number, Signature>([
  [93, { field: 'bpf_spin_lock' }],
  [94, { field: 'bpf_spin_lock' }],
  [169, { field: 'bpf_timer', second: 'map' }],
  [170, { field: 'bpf_timer', second: 'callback' }],
  [171, { field: 'bpf_timer' }],
  [172, { field: 'bpf_timer' }],
])

const KFUNCS: ReadonlyMap<string, Signature> = new Map<string, Signature>([
  ['bpf_timer_cancel_async', { field: 'bpf_timer' }],
  ['bpf_wq_init', { field: 'bpf_wq', second: 'map' }],
  ['bpf_wq_set_callback', { field: 'bpf_wq', second: 'callback' }],
  ['bpf_wq_set_callback_impl', { field: 'bpf_wq', second: 'callback' }],
  ['bpf_wq_start', { field: 'bpf_wq' }],
])

const FIELDS: readonly { field: Field; size: number; offset: (map: MapSpec) => number }[] = [
  { field: 'bpf_timer', size: 16, offset: (map) => map.timerOffset },
  { field: 'bpf_wq', size: 16, offset: (map) => map.workOffset },
  { field: 'bpf_spin_lock', size: 4, offset: (map) => map.lockOffset },
]

/** The verifier's names of what a register holds. */
const REGISTER_TYPES = {
  map: 'map_ptr',
  value: 'map_value',
  stack: 'fp',
  ctx: 'ctx',
  function: 'func',
  scalar: 'scalar',
}

/**
 * One line per wrong use in a function: "function 'on_packet', instruction 12 (flow.bpf.c:30): map 'm' has no valid
 * bpf_timer". Throws SkepError BAD_INSTRUCTION if the function's code cannot be decoded.
 */
export function findFieldMisuse(spec: ObjectSpec, fn: FunctionSpec): string[] {
  const problems: string[] = []
  visitRegisters(spec, fn, (instruction, registers, relocation) => {
    const problem =
      relocation?.kind === 'kfunc'
        ? callProblem(spec, KFUNCS.get(relocation.name), registers, true)
        : instruction.form.operation === 'helper'
          ? callProblem(spec, HELPERS.get(instruction.imm), registers, false)
          : accessProblem(spec, instruction, registers)
    if (problem !== undefined)
      problems.push(
        `function '${fn.name}', instruction ${instruction.index}${lineOf(fn, instruction.index)}: ${problem}`,
      )
  })
  return problems
}

function lineOf({ lines }: FunctionSpec, instruction: number): string {
  const line = lines.filter((candidate) => candidate.instruction <= instruction).at(-1)
  return line ? ` (${line.file}:${line.line})` : ''
}

function callProblem(
  spec: ObjectSpec,
  signature: Signature | undefined,
  registers: readonly RegisterValue[],
  isKfunc: boolean,
): string | undefined {
  const [, first, second] = registers
  if (!signature || !first || !second) return undefined
  const problem = pointerProblem(spec, signature.field, first, isKfunc)
  if (problem !== undefined) return problem
  if (signature.second === 'map') {
    if (second.is !== 'map' && second.is !== 'unknown') return `R2 type=${REGISTER_TYPES[second.is]} expected=map_ptr`
    if (second.is !== 'map') return undefined
    if (first.is === 'value' && first.map !== second.map) {
      const what = signature.field === 'bpf_timer' ? 'timer' : 'workqueue'
      return `${what} pointer in R1 map_uid=0 doesn't match map pointer in R2 map_uid=0`
    }
    return fieldProblem(spec.maps.get(second.map), signature.field)
  }
  if (signature.second === 'callback') {
    if (second.is !== 'function' && second.is !== 'unknown') return `R2 type=${REGISTER_TYPES[second.is]} expected=func`
    if (second.is === 'function' && spec.functions.get(second.name)?.isStatic === false)
      return 'callback function not static'
  }
  return undefined
}

/** A pointer that certainly is not the field of a map value. */
function pointerProblem(spec: ObjectSpec, field: Field, value: RegisterValue, isKfunc: boolean): string | undefined {
  if (value.is === 'unknown') return undefined
  if (value.is !== 'value')
    return isKfunc ? "arg#0 doesn't point to a map value" : `R1 type=${REGISTER_TYPES[value.is]} expected=map_value`
  const map = spec.maps.get(value.map)
  const problem = fieldProblem(map, field)
  if (problem !== undefined || !map) return problem
  const offset = FIELDS.find((known) => known.field === field)?.offset(map)
  if (value.offset === offset) return undefined
  return `off ${value.offset} doesn't point to 'struct ${field}' that is at ${offset}`
}

/** Why a map has no such field, undefined if it has one. */
function fieldProblem(map: MapSpec | undefined, field: Field): string | undefined {
  if (!map) return undefined
  if ((FIELDS.find((known) => known.field === field)?.offset(map) ?? -1) >= 0) return undefined
  return map.problems.find((problem) => problem.endsWith(` ${field}`)) ?? `map '${map.name}' has no valid ${field}`
}

/** A load or store that touches the bytes of a field. */
function accessProblem(
  spec: ObjectSpec,
  { form, dst, src, offset }: Instruction,
  registers: readonly RegisterValue[],
): string | undefined {
  if (form.kind !== 'load' && form.kind !== 'store' && form.kind !== 'atomic') return undefined
  const base = registers[storesMemory(form) ? dst : src]
  const map = base?.is === 'value' ? spec.maps.get(base.map) : undefined
  if (base?.is !== 'value' || !map) return undefined
  const start = base.offset + offset
  const end = start + form.width / 8
  const hit = FIELDS.find((known) => {
    const at = known.offset(map)
    return at >= 0 && start < at + known.size && at < end
  })
  return hit && `${hit.field} cannot be accessed directly by load/store`
}

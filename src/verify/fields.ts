// Timers, work and spin locks in map values: calls that are given something else, loads and stores that touch their
// bytes. In the words of the kernel's verifier. Used by the step over one instruction.
import type { MapSpec, ObjectSpec } from '../object/spec.js'
import { access, invalid, type Complaint } from './refusal.js'
import type { Field, Signature } from './signatures.js'
import { typeName, UNKNOWN, type Value, type ValuePointer } from './value.js'

const FIELDS: readonly { field: Field; size: number; offset: (map: MapSpec) => number }[] = [
  { field: 'bpf_timer', size: 16, offset: (map) => map.timerOffset },
  { field: 'bpf_wq', size: 16, offset: (map) => map.workOffset },
  { field: 'bpf_spin_lock', size: 4, offset: (map) => map.lockOffset },
]

function offsetOf(map: MapSpec, field: Field): number {
  return FIELDS.find((known) => known.field === field)?.offset(map) ?? -1
}

/** What is certainly wrong with r1 and r2 of a call that takes a field, a map or a callback. */
export function callComplaint(
  spec: ObjectSpec,
  signature: Signature,
  registers: readonly Value[],
  isKfunc: boolean,
): Complaint | undefined {
  const first = registers[1] ?? UNKNOWN
  const second = registers[2] ?? UNKNOWN
  const { field } = signature
  const problem = field && fieldArgument(spec, field, first, isKfunc)
  if (problem) return problem
  if (signature.second === 'map' && field) return mapArgument(spec, field, first, second, isKfunc)
  if (signature.second === 'callback') {
    if (second.is !== 'function' && second.is !== 'unknown') return access(`R2 type=${typeName(second)} expected=func`)
    if (second.is === 'function' && spec.functions.get(second.name)?.isStatic === false)
      return invalid('callback function not static')
  }
  return undefined
}

function mapArgument(
  spec: ObjectSpec,
  field: Field,
  first: Value,
  second: Value,
  isKfunc: boolean,
): Complaint | undefined {
  if (second.is === 'unknown') return undefined
  if (second.is !== 'map')
    return isKfunc ? invalid("pointer in R2 isn't map pointer") : access(`R2 type=${typeName(second)} expected=map_ptr`)
  if (first.is === 'value' && first.map !== second.map) {
    const what = field === 'bpf_timer' ? 'timer' : 'workqueue'
    return invalid(`${what} pointer in R1 map_uid=0 doesn't match map pointer in R2 map_uid=0`)
  }
  return noField(spec.maps.get(second.map), field)
}

function fieldArgument(spec: ObjectSpec, field: Field, value: Value, isKfunc: boolean): Complaint | undefined {
  if (value.is === 'unknown') return undefined
  if (value.is !== 'value')
    return isKfunc
      ? invalid("arg#0 doesn't point to a map value")
      : access(`R1 type=${typeName(value)} expected=map_value`)
  const map = spec.maps.get(value.map)
  const problem = noField(map, field)
  if (problem || !map || value.min !== value.max) return problem
  const offset = offsetOf(map, field)
  return value.min === offset
    ? undefined
    : invalid(`off ${value.min} doesn't point to 'struct ${field}' that is at ${offset}`)
}

/** Why a map has no such field. */
function noField(map: MapSpec | undefined, field: Field): Complaint | undefined {
  if (!map || offsetOf(map, field) >= 0) return undefined
  return invalid(
    map.problems.find((problem) => problem.endsWith(` ${field}`)) ?? `map '${map.name}' has no valid ${field}`,
  )
}

const F_RDONLY_PROG = 1 << 7
const F_WRONLY_PROG = 1 << 8

/** A load or store through `register` that the map forbids, certainly leaves its value, or touches a field's bytes. */
export function valueComplaint(
  map: MapSpec,
  pointer: ValuePointer,
  offset: number,
  bytes: number,
  register: number,
  stores: boolean,
): Complaint | undefined {
  const low = pointer.min + offset
  const forbidden = (map.flags & (stores ? F_RDONLY_PROG : F_WRONLY_PROG)) !== 0
  if (forbidden && pointer.min === pointer.max)
    return access(
      `${stores ? 'write into' : 'read from'} map forbidden, value_size=${map.valueSize} off=${low} size=${bytes}`,
    )
  const high = pointer.max + offset
  if (low + bytes > map.valueSize || high < 0)
    return access(`R${register} min value is outside of the allowed memory range`)
  if (low !== high) return undefined
  const hit = FIELDS.find(({ size, offset: at }) => at(map) >= 0 && low < at(map) + size && at(map) < low + bytes)
  return hit && access(`${hit.field} cannot be accessed directly by load/store`)
}

// Editing a spec before it is loaded: initial values of global variables, sizes of maps. A spec is plain data and may
// be changed by hand too; these functions check what they are given.
import { show, SkepError } from '../error.js'
import type { BtfValue, DecodeOptions } from './btf.js'
import { withoutTypes } from './special-fields.js'
import type { MapSpec, ObjectSpec, VariableSpec } from './spec.js'

/** Whether it is what readObject gives a promise of. */
export function isSpec(given: unknown): given is ObjectSpec {
  const { maps, programs, variables } = (given ?? {}) as Partial<ObjectSpec>
  return maps instanceof Map && programs instanceof Map && variables instanceof Map
}

function checkSpec(given: unknown): void {
  if (isSpec(given)) return
  const found = given instanceof Promise ? 'a promise of one: await it' : show(given)
  throw new SkepError('BAD_OBJECT', `expected a spec of readObject, got ${found}`)
}

function variableNamed(spec: ObjectSpec, name: string): { variable: VariableSpec; map: MapSpec } {
  checkSpec(spec)
  const variable = spec.variables.get(name)
  const map = variable && spec.maps.get(variable.map)
  if (!variable || !map)
    throw new SkepError(
      'NO_VARIABLE',
      `object '${spec.name}' has no variable ${show(name)}${known(spec.variables.keys())}`,
    )
  return { variable, map }
}

function known(names: Iterable<string>): string {
  const list = [...names]
  return list.length === 0 ? '' : `; it has ${list.slice(0, 20).join(', ')}${list.length > 20 ? ' …' : ''}`
}

/** The initial bytes of a variable: a copy. Throws NO_VARIABLE. */
export function variableBytes(spec: ObjectSpec, name: string): Uint8Array {
  const { variable, map } = variableNamed(spec, name)
  const { offset, size } = variable
  return map.contents ? map.contents.slice(offset, offset + size) : new Uint8Array(size)
}

/** The initial value of a variable, decoded by BTF; bytes if it has no type. Throws NO_VARIABLE. */
export function getVariable(spec: ObjectSpec, name: string, options: DecodeOptions = {}): BtfValue | Uint8Array {
  const { variable } = variableNamed(spec, name)
  const bytes = variableBytes(spec, name)
  return spec.btf && variable.type !== 0 ? spec.btf.decode(variable.type, bytes, options) : bytes
}

/**
 * Sets the initial value of a variable: a value for its BTF type, or its bytes as a Uint8Array of exactly its size.
 * Throws NO_VARIABLE, BAD_VALUE.
 */
export function setVariable(spec: ObjectSpec, name: string, value: unknown): void {
  const { variable, map } = variableNamed(spec, name)
  const bytes = encodeVariable(spec, variable, value)
  map.contents ??= new Uint8Array(map.valueSize)
  map.contents.set(bytes, variable.offset)
}

function encodeVariable(spec: ObjectSpec, variable: VariableSpec, value: unknown): Uint8Array {
  const { name, size, type } = variable
  if (value instanceof Uint8Array && value.length === size) return value
  if (spec.btf && type !== 0)
    try {
      return spec.btf.encode(type, value)
    } catch (error) {
      if (!(error instanceof SkepError)) throw error
      throw new SkepError(error.code, `variable '${name}': ${error.message}`, error.details, { cause: error })
    }
  const found = value instanceof Uint8Array ? `${value.length}` : 'no Uint8Array'
  throw new SkepError('BAD_VALUE', `variable '${name}' has no type: expected ${size} bytes, found ${found}`)
}

/** Sets several variables: `setVariables(spec, { timeout_ns: 5_000_000n, debug: true })`. */
export function setVariables(spec: ObjectSpec, values: Readonly<Record<string, unknown>>): void {
  if (typeof values !== 'object' || values === null)
    throw new SkepError('BAD_VALUE', `setVariables: expected an object with values by name, got ${show(values)}`)
  for (const [name, value] of Object.entries(values)) setVariable(spec, name, value)
}

/** Changes `max_entries` of a map, 1 to 2^32-1. Throws NO_MAP, BAD_VALUE. */
export function setMaxEntries(spec: ObjectSpec, name: string, maxEntries: number): void {
  const map = mapNamed(spec, name, 'it has one entry')
  map.maxEntries = checkedNumber(name, 'max_entries', maxEntries, 1)
}

/**
 * Changes `key_size` of a map, in bytes, 0 to 2^32-1; whether the map's type can have it is seen when the map is made.
 * If the key's or the value's BTF type has another size, the map is made without types, as libbpf does: keys and values
 * are bytes, and it holds no timer, work or lock. Throws NO_MAP, BAD_VALUE.
 */
export function setKeySize(spec: ObjectSpec, name: string, bytes: number): void {
  setSize(spec, name, 'keySize', bytes)
}

/** Changes `value_size` of a map, in bytes: as setKeySize. */
export function setValueSize(spec: ObjectSpec, name: string, bytes: number): void {
  setSize(spec, name, 'valueSize', bytes)
}

function setSize(spec: ObjectSpec, name: string, size: 'keySize' | 'valueSize', bytes: number): void {
  const map = mapNamed(spec, name, "its size is that of the object's variables")
  map[size] = checkedNumber(name, size === 'keySize' ? 'key_size' : 'value_size', bytes, 0)
  const fits = (type: number, found: number) => type === 0 || spec.btf?.sizeOf(type) === found
  if (!fits(map.key, map.keySize) || !fits(map.value, map.valueSize)) withoutTypes(map)
}

/** A map that is no data section; `why` says why those are refused. */
function mapNamed(spec: ObjectSpec, name: string, why: string): MapSpec {
  checkSpec(spec)
  const map = spec.maps.get(name)
  if (!map) throw new SkepError('NO_MAP', `object '${spec.name}' has no map ${show(name)}${known(spec.maps.keys())}`)
  if (map.section !== undefined)
    throw new SkepError('BAD_VALUE', `map '${name}' is the data section '${map.section}': ${why}`)
  return map
}

function checkedNumber(map: string, attribute: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least && value <= 0xffffffff) return value
  throw new SkepError(
    'BAD_VALUE',
    `map '${map}': expected ${attribute} from ${least} to 4294967295, found ${show(value)}`,
  )
}

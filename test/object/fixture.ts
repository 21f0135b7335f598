// The committed objects that the tests of src/object/ read.
import { readFileSync } from 'node:fs'
import { parseObject } from '../../src/object/read.js'
import type { ObjectSpec } from '../../src/object/spec.js'

const folder = new URL('../../../test/fixtures/', import.meta.url)

/** The bytes of `test/fixtures/<name>.bpf.o`. */
export function fixtureBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`${name}.bpf.o`, folder)))
}

export function readFixture(name: string): ObjectSpec {
  return parseObject(fixtureBytes(name), `${name}.bpf.o`)
}

export function get<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key)
  if (value === undefined) throw new Error(`there is no '${String(key)}', only ${[...map.keys()].join(', ')}`)
  return value
}

/** The fixtures that are read without complaint, by both compilers. */
export const GOOD = [
  'types',
  'types.c14',
  'special-fields',
  'special-fields.c14',
  'calls',
  'calls.c14',
  'calls.v1',
  'calls.v4',
  'calls.c16',
  'calls.c22',
  'special-fields.c22',
  'calls.sections',
  'core-relocations',
  'core-relocations.c14',
  'initial-maps',
]

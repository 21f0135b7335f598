// What `skep types` writes: a TypeScript module that says what load() gives of an object. Names are made from those of
// C; the types are those of decoded values (btf-shape.ts). The same object gives the same text.
import { MAP_TYPE_PERF_EVENT_ARRAY, MAP_TYPE_RINGBUF, MAP_TYPE_USER_RINGBUF } from '../../core/abi.js'
import { SkepError } from '../error.js'
import { decodedShape } from '../machine/map/codec.js'
import { mapType } from '../machine/map/types.js'
import type { Btf } from '../object/btf.js'
import { MAP_TYPE_NAMES } from '../object/map-types.js'
import { howToKeep, recordType } from '../object/maps.js'
import type { MapSpec, ObjectSpec } from '../object/spec.js'

/** What libbpf's bpf_printk, BPF_SNPRINTF and the like make of each format: a variable that nobody names. */
const FORMAT = /\.____?(fmt|param)(\.\d+)?$/

/**
 * The module's text. `records` names structs that records may have besides those that the object tells of. Throws
 * SkepError NO_TYPES for an object without BTF, BAD_OPTION if it has no such struct.
 */
export function declarationText(spec: ObjectSpec, records: readonly string[] = []): string {
  const { btf, name } = spec
  if (!btf)
    throw new SkepError('NO_TYPES', `object '${name}' has no BTF, which says what its types are: compile it with -g`)
  const writer = new Writer(btf)
  const own = writer.newName(name)
  const structs = recordStructs(spec, btf, records)
  const maps = [...spec.maps.values()].map((map) => {
    const key = map.keySize === 0 ? 'never' : writer.text(map.key, map.keySize, '      ')
    const type = MAP_TYPE_NAMES[map.type] ?? String(map.type)
    const lines = [`type: '${type}'`, `key: ${key}`, `value: ${valueText(writer, map)}`]
    return block(propertyName(map.name), [...lines, ...recordLines(writer, map, btf, structs)], '    ')
  })
  const variables = [...spec.variables.values()]
    .filter((variable) => !FORMAT.test(variable.name))
    .map((variable) => `    ${propertyName(variable.name)}: ${writer.text(variable.type, variable.size, '    ')}`)
  const programs = [...spec.programs.keys()].map((program) => JSON.stringify(program).replace(/^"|"$/g, "'"))
  return [
    `// Written by skep types from the object '${printable(name)}'. Do not edit: write it again when the object has changed.`,
    '',
    `/** The object '${printable(name)}', for load<${own}>(). */`,
    `export interface ${own} {`,
    `  programs: ${programs.join(' | ') || 'never'}`,
    ...section('maps', maps),
    ...section('variables', variables),
    '}',
    ...writer.interfaces(),
    '',
  ].join('\n')
}

function valueText(writer: Writer, map: MapSpec): string {
  if (hasRecords(map) || map.type === MAP_TYPE_USER_RINGBUF) return 'never'
  const { perCpu, references } = mapType(map.type)
  // A program's name, an inner map's id.
  if (references) return MAP_TYPE_NAMES[map.type] === 'prog_array' ? 'string' : 'number'
  return writer.text(map.value, map.valueSize, '      ') + (perCpu ? '[]' : '')
}

const hasRecords = ({ type }: MapSpec): boolean => type === MAP_TYPE_RINGBUF || type === MAP_TYPE_PERF_EVENT_ARRAY

/**
 * Structs of which records may be, by name: those that maps of records name, those that a global variable is or points
 * to, which is how others are kept in BTF, and those that were asked for.
 */
function recordStructs({ maps, variables, name }: ObjectSpec, btf: Btf, asked: readonly string[]): Map<string, number> {
  const structs = new Map<string, number>()
  if (![...maps.values()].some(hasRecords)) return structs
  const add = (id: number): void => {
    const type = btf.resolved(id)
    // Those that `as` finds.
    if (type.kind === 'struct' && btf.find('struct', type.name) === btf.resolve(id)) structs.set(type.name, id)
  }
  for (const map of maps.values()) add(recordType(btf, map.type, map.value))
  for (const { type } of variables.values()) {
    const pointer = btf.resolved(type)
    add(pointer.kind === 'pointer' ? pointer.type : type)
  }
  for (const struct of asked) {
    if (!btf.find('struct', struct))
      throw new SkepError(
        'BAD_OPTION',
        `--record: the BTF of object '${name}' has no struct '${struct}'; ${howToKeep(struct)}`,
      )
    add(btf.find('struct', struct))
  }
  return structs
}

function recordLines(writer: Writer, map: MapSpec, btf: Btf, structs: ReadonlyMap<string, number>): string[] {
  if (!hasRecords(map)) return []
  const type = recordType(btf, map.type, map.value)
  const named = [...structs].map(([name, id]) => `${propertyName(name)}: ${writer.text(id, 0, '        ')}`)
  return [
    `record: ${type === 0 ? 'Uint8Array' : writer.text(type, 0, '      ')}`,
    ...(named.length === 0 ? [] : ['records: {', ...named.map((line) => `  ${line}`), '}']),
  ]
}

/** The type of an object without members. */
const NOTHING = 'Record<never, never>'

function section(name: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [`  ${name}: ${NOTHING}`] : [`  ${name}: {`, ...lines, '  }']
}

function block(name: string, lines: readonly string[], indent: string): string {
  return [`${indent}${name}: {`, ...lines.map((line) => `${indent}  ${line}`), `${indent}}`].join('\n')
}

/** Names of types in the text, and the interfaces that are still to be written. */
class Writer {
  readonly #btf: Btf
  readonly #names = new Map<number, string>()
  readonly #taken = new Set(['Uint8Array', 'Record'])

  constructor(btf: Btf) {
    this.#btf = btf
  }

  /** A name in TypeScript's manner that nothing has yet. */
  newName(name: string): string {
    const words = name.split(/[^A-Za-z0-9]+/).map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    const base = words.join('').replace(/^(?=\d|$)/, 'Object')
    let unique = base
    for (let count = 2; this.#taken.has(unique); count++) unique = `${base}${count}`
    this.#taken.add(unique)
    return unique
  }

  /** The type of a decoded value; `size` is for those without BTF type. */
  text(id: number, size: number, indent: string): string {
    const shape = decodedShape(this.#btf, id, size)
    switch (shape.kind) {
      case 'bytes':
        return 'Uint8Array'
      case 'none':
        return 'never'
      case 'array':
        return shape.empty ? 'never[]' : `${this.text(shape.element, 0, indent)}[]`
      case 'object':
        return this.#interfaceOf(id) ?? this.#members(id, indent).replace(/^\{\}$/, NOTHING)
      default:
        return shape.kind
    }
  }

  /** Those of all types that were named so far, and of what is in them. */
  *interfaces(): Generator<string> {
    for (const [id, name] of this.#names)
      yield `\n/** ${printable(this.#btf.name(id))} */\nexport interface ${name} ${this.#members(id, '')}`
  }

  #interfaceOf(id: number): string | undefined {
    let named = ''
    let type = this.#btf.type(id)
    for (; 'type' in type && type.kind !== 'array' && type.kind !== 'pointer'; type = this.#btf.type(type.type))
      if (type.kind === 'typedef') named = type.name
    const name = type.kind === 'section' ? '' : type.name || named
    if (name === '') return undefined
    const inner = this.#btf.resolve(id)
    const known = this.#names.get(inner) ?? this.newName(name)
    this.#names.set(inner, known)
    return known
  }

  #members(id: number, indent: string): string {
    const shape = decodedShape(this.#btf, id, 0)
    const members = shape.kind === 'object' ? shape.members : []
    const lines = members.map(
      ({ name, type }) => `${indent}  ${propertyName(name)}: ${this.text(type, 0, `${indent}  `)}\n`,
    )
    return lines.length === 0 ? '{}' : `{\n${lines.join('')}${indent}}`
  }
}

function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name).replace(/^"([^'"\\]*)"$/, "'$1'")
}

/** For a comment: one line, which does not end it. */
function printable(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?').replaceAll('*/', '* /')
}

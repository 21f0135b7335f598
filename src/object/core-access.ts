// What a CO-RE record says: the type it starts from, and from there the way to a field, an enumerator or nothing. The
// same shape describes where it comes out in the target's types. Used by core-match.ts and core-relocations.ts.
import type { BtfType } from './btf-types.js'
import type { TypeTable } from './kernel-btf.js'

/** libbpf's names of the kinds (BPF_CORE_*). */
export const CORE_KINDS = [
  'byte_off',
  'byte_sz',
  'field_exists',
  'signed',
  'lshift_u64',
  'rshift_u64',
  'local_type_id',
  'target_type_id',
  'type_exists',
  'type_size',
  'enumval_exists',
  'enumval_value',
  'type_matches',
] as const

export type CoreKind = (typeof CORE_KINDS)[number]

export type CoreSubject = 'field' | 'type' | 'enumerator'

export function subjectOf(kind: CoreKind): CoreSubject {
  if (kind.startsWith('enumval')) return 'enumerator'
  return kind.includes('type') ? 'type' : 'field'
}

/** A step that has a name, or an index into an array. */
export interface Step {
  /** The struct, union or enum that has the member; the element type of an array. */
  readonly type: number
  readonly index: number
  readonly name?: string
}

/** A way through types; anonymous members stand in `path` but make no step. */
export interface Access {
  readonly root: number
  readonly steps: Step[]
  /** Indices as the compiler writes them, anonymous members included. */
  path: number[]
  /** From the root's start. */
  bitOffset: number
}

/** More levels are refused, as in libbpf. */
export const DEEPEST_ACCESS = 64

/** Reads '0:1:2' against the local types; undefined if it does not fit them. */
export function parseAccess(types: TypeTable, root: number, text: string, kind: CoreKind): Access | undefined {
  const path = text.split(':').map((part) => (/^\d{1,9}$/.test(part) ? Number(part) : NaN))
  if (path.some(Number.isNaN) || path.length > DEEPEST_ACCESS) return undefined
  const [first = 0] = path
  const access: Access = { root, steps: [], path, bitOffset: 0 }
  const subject = subjectOf(kind)
  if (subject === 'type') return text === '0' ? access : undefined
  let id = types.resolve(root)
  const type = types.type(id)
  if (subject === 'enumerator') {
    const found = type.kind === 'enum' && path.length === 1 ? type.values[first] : undefined
    if (found) access.steps.push({ type: id, index: first, name: found.name })
    return found && access
  }
  access.steps.push({ type: id, index: first })
  if (!hasSize(type)) return undefined
  access.bitOffset = first * types.sizeOf(id) * 8
  for (const index of path.slice(1)) {
    const outer = types.type(id)
    if (hasMembers(outer)) {
      const member = outer.members[index]
      if (!member) return undefined
      const inner = types.resolve(member.type)
      // Nothing can be said of an unnamed bitfield: it only keeps a place free.
      if (member.name === '' && !hasMembers(types.type(inner))) return undefined
      access.bitOffset += member.bitOffset
      if (member.name !== '') access.steps.push({ type: id, index, name: member.name })
      id = inner
    } else if (outer.kind === 'array') {
      if (index >= outer.length && !isFlexible(types, access.steps.at(-1), outer)) return undefined
      id = types.resolve(outer.type)
      access.steps.push({ type: id, index })
      access.bitOffset += index * types.sizeOf(id) * 8
    } else return undefined
  }
  return access
}

function hasMembers(type: BtfType): type is BtfType & { kind: 'struct' | 'union' } {
  return type.kind === 'struct' || type.kind === 'union'
}

function hasSize({ kind }: BtfType): boolean {
  return !['void', 'forward', 'function', 'prototype', 'decl-tag'].includes(kind)
}

/** As libbpf shows it: "<byte_off> [7] struct task.pid (0:1 @ offset 4)". */
export function accessText(types: TypeTable, kind: CoreKind, access: Access): string {
  const root = types.type(access.root)
  const start = `<${kind}> [${access.root}] ${kindName(root)} ${root.name || '<anon>'}`
  const subject = subjectOf(kind)
  if (subject === 'type') return start
  if (subject === 'enumerator') {
    const [step] = access.steps
    const type = types.type(types.resolve(access.root))
    const value = type.kind === 'enum' ? type.values[step?.index ?? -1]?.value : undefined
    return `${start}::${step?.name} = ${value}`
  }
  const steps = access.steps.map(({ name, index }, at) =>
    name !== undefined ? `.${name}` : at > 0 || index > 0 ? `[${index}]` : '',
  )
  const bits = access.bitOffset % 8
  const offset = `${Math.floor(access.bitOffset / 8)}${bits === 0 ? '' : `.${bits}`}`
  return `${start}${steps.join('')} (${access.path.join(':')} @ offset ${offset})`
}

function kindName({ kind }: BtfType): string {
  return (
    { pointer: 'ptr', array: 'arr', forward: 'fwd', prototype: 'func_proto', function: 'func' }[kind as string] ?? kind
  )
}

/** An array of length 0 or 1 that ends its struct takes any index. */
export function isFlexible(types: TypeTable, owner: Step | undefined, array: BtfType & { kind: 'array' }): boolean {
  if (array.length > 1 || owner?.name === undefined) return false
  const type = types.type(owner.type)
  return (type.kind === 'struct' || type.kind === 'union') && owner.index === type.members.length - 1
}

// Of what JavaScript type the values are that btf-decode.ts gives: its table once more, for declarations instead of
// bytes. A change there is a change here; a test decodes values of every type of real objects and compares. Used by
// src/machine/map/codec.ts.
import type { Btf } from './btf.js'
import { refuseEndless } from './btf-decode.js'
import type { BtfType } from './btf-types.js'
import { isOpaque } from './special-types.js'

/** One level of a value's type; ids are BTF types. `none`: such a value cannot be decoded. */
export type Shape =
  | { readonly kind: 'number' | 'bigint' | 'boolean' | 'bytes' | 'none' }
  | { readonly kind: 'array'; readonly element: number; readonly empty: boolean }
  | { readonly kind: 'object'; readonly members: readonly ShapeMember[] }

export interface ShapeMember {
  readonly name: string
  readonly type: number
}

/** The shape of what Btf.decode gives of that type. Throws BAD_TYPE for a type with absurdly many values in it. */
export function shapeOf(btf: Btf, id: number): Shape {
  refuseEndless(btf, id)
  const type = btf.resolved(id)
  switch (type.kind) {
    case 'int':
      return { kind: type.bool ? 'boolean' : wide(type.size) }
    case 'enum':
      return { kind: wide(type.size) }
    case 'pointer':
      return { kind: 'bigint' }
    case 'float':
      return { kind: type.size === 4 || type.size === 8 ? 'number' : 'none' }
    case 'array':
      return { kind: 'array', element: type.type, empty: type.length === 0 || btf.sizeOf(type.type) === 0 }
    case 'struct':
    case 'union':
      return { kind: 'object', members: [...membersOf(btf, type)] }
    case 'section':
      return {
        kind: 'object',
        members: type.variables.map((variable) => ({ name: btf.type(variable.type).name, type: variable.type })),
      }
    default:
      return { kind: 'none' }
  }
}

/** A bitfield has the shape of its integer. */
const wide = (size: number): 'number' | 'bigint' => (size >= 8 ? 'bigint' : 'number')

function* membersOf(btf: Btf, type: BtfType & { kind: 'struct' | 'union' }): Generator<ShapeMember> {
  for (const member of type.members) {
    if (isOpaque(btf, member.type)) continue
    const inner = btf.resolved(member.type)
    if (member.name !== '') yield { name: member.name, type: member.type }
    else if (member.bits === 0 && (inner.kind === 'struct' || inner.kind === 'union')) yield* membersOf(btf, inner)
  }
}

// The number that a CO-RE record comes to in one set of types, and for a field what an instruction must know to access
// it.
// Used by core-relocations.ts, for the local types and for the target's.
import type { BtfMember, BtfType } from './btf-types.js'
import { subjectOf, type Access, type CoreKind } from './core-access.js'
import type { TypeTable } from './kernel-btf.js'

export interface CoreValue {
  readonly value: bigint
  /** Of a byte offset of what is no bitfield: the bytes that are accessed, and their type. */
  readonly memory?: { readonly bytes: number; readonly type: BtfType }
  /** False: the compiler may have chosen another number for the local type (words of bitfields, type ids). */
  readonly certain: boolean
}

/** A record that makes no sense for what it names; `problem` says why. */
export class CoreProblem extends Error {}

/** `access` undefined: there is no such thing in these types. Answers 'poison' where no number can stand for that. */
export function coreValue(types: TypeTable, access: Access | undefined, kind: CoreKind): CoreValue | 'poison' {
  const plain = (value: number | bigint, certain = true): CoreValue => ({ value: BigInt(value), certain })
  switch (subjectOf(kind)) {
    case 'type':
      if (!access) return plain(0)
      if (kind === 'type_size') return plain(types.sizeOf(access.root))
      return kind === 'target_type_id' || kind === 'local_type_id' ? plain(access.root, false) : plain(1)
    case 'enumerator': {
      if (kind === 'enumval_exists') return plain(access ? 1 : 0)
      const [step] = access?.steps ?? []
      const type = step && types.type(step.type)
      const value = type?.kind === 'enum' ? type.values[step!.index]?.value : undefined
      return value === undefined ? 'poison' : plain(BigInt.asUintN(64, value))
    }
    case 'field':
      if (kind === 'field_exists') return plain(access ? 1 : 0)
      return access ? fieldValue(types, access, kind) : 'poison'
  }
}

function fieldValue(types: TypeTable, access: Access, kind: CoreKind): CoreValue {
  const step = access.steps.at(-1)!
  const owner = types.type(step.type)
  if (step.name === undefined) {
    const bytes = types.sizeOf(step.type)
    if (kind === 'byte_off')
      return { value: BigInt(access.bitOffset / 8), certain: true, memory: { bytes, type: owner } }
    if (kind === 'byte_sz') return { value: BigInt(bytes), certain: true }
    throw new CoreProblem(`relocation ${kind} can't be applied to array access`)
  }
  const member = (owner as BtfType & { kind: 'struct' }).members[step.index]!
  const type = types.type(types.resolve(member.type))
  const word = wordOf(types, access, member)
  const { bits } = member
  const width = bits || word.bytes * 8
  const certain = bits === 0
  switch (kind) {
    case 'byte_off':
      return { value: BigInt(word.offset), certain, ...(certain ? { memory: { bytes: word.bytes, type } } : {}) }
    case 'byte_sz':
      return { value: BigInt(word.bytes), certain }
    case 'signed':
      return { value: BigInt((type.kind === 'int' || type.kind === 'enum') && type.signed), certain: true }
    case 'lshift_u64':
      return { value: BigInt(64 - (access.bitOffset + width - word.offset * 8)), certain }
    case 'rshift_u64':
      return { value: BigInt(64 - width), certain: true }
    default:
      throw new CoreProblem(`relocation ${kind} can't be applied to a field`)
  }
}

/** The bytes of a field; of a bitfield the smallest aligned word that holds it whole. */
function wordOf(types: TypeTable, { bitOffset }: Access, { type, bits }: BtfMember): { offset: number; bytes: number } {
  let bytes = types.sizeOf(type)
  if (bits === 0) return { offset: Math.floor(bitOffset / 8), bytes }
  const offset = (): number => Math.floor(bitOffset / 8 / bytes) * bytes
  while (bitOffset + bits - offset() * 8 > bytes * 8) {
    if (bytes >= 8) throw new CoreProblem('a bitfield that lies in no word of 8 bytes')
    bytes *= 2
  }
  return { offset: offset(), bytes }
}

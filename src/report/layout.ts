// The members of a struct as rows, with the path of a member at a given offset. For showing keys and values of maps.
import type { Btf } from '../object/btf.js'

/** A member of a struct or union. */
export interface Field {
  name: string
  /** As C writes it. */
  type: string
  /** Bytes from the start of the outermost struct. */
  offset: number
  /** Bytes. */
  size: number
  /** Width of a bitfield, which starts at `bit` of the byte at `offset`. */
  bits?: number
  bit?: number
}

/** The members of a struct type, those of anonymous members in their place; empty for all other types. */
export function fieldsOf(btf: Btf, id: number, base = 0): Field[] {
  const type = btf.resolved(id)
  if (type.kind !== 'struct' && type.kind !== 'union') return []
  return type.members.flatMap((member): Field[] => {
    const offset = base + Math.floor(member.bitOffset / 8)
    if (member.name === '') {
      const inner = fieldsOf(btf, member.type, offset)
      if (inner.length > 0) return inner
    }
    const bitfield = member.bits > 0 ? { bits: member.bits, bit: member.bitOffset % 8 } : {}
    return [{ name: member.name, type: btf.name(member.type), offset, size: btf.sizeOf(member.type), ...bitfield }]
  })
}

/**
 * The path of the member of struct type `struct` at an offset: 'idle', 'inner.timer', 'timers[0]'; '' if none is there.
 */
export function pathAt(btf: Btf, id: number, offset: number, struct: string): string {
  const type = btf.resolved(id)
  if (type.kind === 'array') {
    const size = btf.sizeOf(type.type)
    const index = size === 0 ? 0 : Math.floor(offset / size)
    const inner = pathAt(btf, type.type, offset - index * size, struct)
    return `[${index}]${inner === '' || inner.startsWith('[') ? '' : '.'}${inner}`
  }
  if ((type.kind !== 'struct' && type.kind !== 'union') || (type.name === struct && offset === 0)) return ''
  for (const member of type.members) {
    const start = member.bitOffset / 8
    if (member.bits > 0 || offset < start || !btf.hasSize(member.type)) continue
    if (offset >= start + btf.sizeOf(member.type)) continue
    const inner = pathAt(btf, member.type, offset - start, struct)
    const dot = inner === '' || inner.startsWith('[') || member.name === '' ? '' : '.'
    return `${member.name}${dot}${inner}`
  }
  return ''
}

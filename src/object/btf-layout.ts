// Sizes of all BTF types, computed once in an order in which contained types come first. This is also where a type
// that contains itself by value, a member outside its struct and an absurd array are refused. Used by btf.ts only.
import type { BtfType } from './btf-types.js'

/** Deeper nesting than any compiler writes (the kernel stops at 32); lets others walk types recursively. */
const DEEPEST = 64
/** Sizes above this many bytes are refused: no map value or section can be that large. */
const LARGEST = 2 ** 32 - 1

export interface Layout {
  /** Bytes by id; NaN for what has no size (void, functions, forward declarations). */
  readonly sizes: Float64Array
  /** How many plain values decoding gives, by id; what a hostile union of unions blows up. */
  readonly leaves: Float64Array
}

/** Computes sizes; calls `fail` (which throws) with the id of a bad type and what is wrong with it. */
export function layOut(types: readonly BtfType[], fail: (id: number, problem: string) => never): Layout {
  const sizes = new Float64Array(types.length).fill(NaN)
  const leaves = new Float64Array(types.length)
  const depths = new Uint8Array(types.length)
  const done = new Uint8Array(types.length) // 0 not seen, 1 on the path, 2 done
  for (let root = 0; root < types.length; root++) {
    const path: { id: number; inside: readonly number[]; next: number }[] = []
    const enter = (id: number) => {
      if (done[id] === 2) return
      if (done[id] === 1) fail(id, 'expected a finite type, but it contains itself')
      done[id] = 1
      path.push({ id, inside: containedBy(types[id]), next: 0 })
    }
    const leave = (id: number, inside: readonly number[]) => {
      const depth = 1 + inside.reduce((most, inner) => Math.max(most, depths[inner] ?? 0), 0)
      if (depth > DEEPEST) fail(id, `expected types nested at most ${DEEPEST} deep`)
      depths[id] = depth
      done[id] = 2
      path.pop()
    }
    enter(root)
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const inner = top.inside[top.next++]
      if (inner !== undefined) {
        enter(inner)
        continue
      }
      measure(types, top.id, sizes, leaves, fail)
      leave(top.id, top.inside)
    }
  }
  return { sizes, leaves }
}

function containedBy(type: BtfType | undefined): readonly number[] {
  switch (type?.kind) {
    case 'array':
    case 'typedef':
    case 'volatile':
    case 'const':
    case 'restrict':
    case 'type-tag':
    case 'variable':
      return [type.type]
    case 'struct':
    case 'union':
      return type.members.map((member) => member.type)
    case 'section':
      return type.variables.map((variable) => variable.type)
    default:
      return []
  }
}

function measure(
  types: readonly BtfType[],
  id: number,
  sizes: Float64Array,
  leaves: Float64Array,
  fail: (id: number, problem: string) => never,
): void {
  const type = types[id]
  const sizeOf = (of: number) => sizes[of] ?? NaN
  const leavesOf = (of: number) => leaves[of] ?? 0
  switch (type?.kind) {
    case 'int':
    case 'enum':
    case 'float':
      sizes[id] = type.size
      leaves[id] = 1
      break
    case 'pointer':
      sizes[id] = 8
      leaves[id] = 1
      break
    case 'array': {
      const size = type.length * sizeOf(type.type)
      if (Number.isNaN(size)) fail(id, 'expected an array of something that has a size')
      if (size > LARGEST) fail(id, `expected an array below 4 GiB, found ${type.length} elements`)
      sizes[id] = size
      leaves[id] = size === 0 ? 0 : type.length * leavesOf(type.type)
      break
    }
    case 'struct':
    case 'union':
      for (const [index, member] of type.members.entries()) {
        const bits = member.bits || sizeOf(member.type) * 8
        const name = member.name || `member ${index}`
        if (Number.isNaN(bits)) fail(id, `'${name}': expected a type that has a size`)
        if (member.bits === 0 && member.bitOffset % 8 !== 0)
          fail(id, `'${name}': expected a whole number of bytes before it`)
        if (member.bits > integerBits(types, member.type))
          fail(id, `'${name}': expected a bitfield of an integer type that is wide enough`)
        if (member.bitOffset + bits > type.size * 8) fail(id, `'${name}': expected it to lie inside ${type.size} bytes`)
        leaves[id] = (leaves[id] ?? 0) + leavesOf(member.type)
      }
      sizes[id] = type.size
      break
    case 'section': {
      let end = 0
      for (const variable of type.variables) {
        end = Math.max(end, variable.offset + Math.max(variable.size, sizeOf(variable.type) || 0))
        leaves[id] = (leaves[id] ?? 0) + leavesOf(variable.type)
        // Size 0: a section that only BTF has (`.kconfig`, `.ksyms`).
        if (type.size > 0 && end > type.size)
          fail(id, `'${types[variable.type]?.name}': expected it to lie inside the section's ${type.size} bytes`)
      }
      sizes[id] = type.size || end
      break
    }
    case 'typedef':
    case 'volatile':
    case 'const':
    case 'restrict':
    case 'type-tag':
    case 'variable':
      sizes[id] = sizeOf(type.type)
      leaves[id] = leavesOf(type.type)
      break
    default:
      break
  }
}

/** Bits of an integer or enum behind typedefs and qualifiers, 0 for anything else. The chain is known to be finite. */
function integerBits(types: readonly BtfType[], id: number): number {
  for (let type = types[id]; type; type = types[type.type]) {
    if (type.kind === 'int') return type.size <= 8 ? type.size * 8 : 0
    if (type.kind === 'enum') return type.size * 8
    if (!['typedef', 'volatile', 'const', 'type-tag'].includes(type.kind) || !('type' in type)) return 0
  }
  return 0
}

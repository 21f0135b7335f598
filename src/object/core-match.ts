// Whether a type of the target is the one that an object means, and where an access comes out in it. Names decide, not
// layouts; flavours (`name___suffix`) do not count. Three measures of likeness, as libbpf has them: fields are
// compatible if an access of one makes sense on the other, types if they are of one kind, and they match if they have
// the same members. Used by core-relocations.ts.
import { DEEPEST_ACCESS, isFlexible, subjectOf, type Access, type CoreKind, type Step } from './core-access.js'
import type { BtfType } from './btf-types.js'
import { essentialName, type TypeTable } from './kernel-btf.js'

const DEEPEST = 32

/** A type and the table that it is in. */
interface Side {
  readonly types: TypeTable
  readonly id: number
}

function at(side: Side): BtfType {
  return side.types.type(side.id)
}

function through(side: Side, id: number): Side {
  return { types: side.types, id: side.types.resolve(id) }
}

function sameKind(local: BtfType, target: BtfType): boolean {
  return local.kind === target.kind
}

function sameName(local: string, target: string): boolean {
  return essentialName(local) === essentialName(target)
}

/** Candidates must be of the local type's very kind: a typedef is no struct. */
export function isCandidate(local: BtfType, target: BtfType): boolean {
  return sameKind(local, target)
}

/** Where a local access comes out in a candidate; undefined if it is not there. */
export function matchAccess(
  local: TypeTable,
  access: Access,
  target: TypeTable,
  candidate: number,
  kind: CoreKind,
): Access | undefined {
  const found: Access = { root: candidate, steps: [], path: [], bitOffset: 0 }
  const subject = subjectOf(kind)
  if (subject === 'type') {
    const [a, b] = [
      { types: local, id: access.root },
      { types: target, id: candidate },
    ]
    const fits =
      kind === 'type_matches' ? new Match().types(a, b, false, DEEPEST) : new Compatible().types(a, b, DEEPEST)
    return fits ? { ...found, path: [0] } : undefined
  }
  let id = target.resolve(candidate)
  if (subject === 'enumerator') {
    const type = target.type(id)
    const [wanted] = access.steps
    const index = type.kind === 'enum' ? type.values.findIndex(({ name }) => sameName(wanted?.name ?? '', name)) : -1
    if (type.kind !== 'enum' || index < 0) return undefined
    return { ...found, steps: [{ type: id, index, name: type.values[index]!.name }], path: [index] }
  }
  for (const [number, step] of access.steps.entries()) {
    id = target.resolve(id)
    if (step.name !== undefined) {
      const next = matchMember(local, step, target, id, found, new Set())
      if (next === undefined) return undefined
      id = next
      continue
    }
    if (number > 0) {
      const array = target.type(id)
      if (array.kind !== 'array') return undefined
      if (step.index >= array.length && !isFlexible(target, found.steps.at(-1), array)) return undefined
      id = target.resolve(array.type)
    }
    if (found.path.length >= DEEPEST_ACCESS) return undefined
    found.steps.push({ type: id, index: step.index })
    found.path.push(step.index)
    found.bitOffset += step.index * target.sizeOf(id) * 8
  }
  return found
}

/**
 * Looks for a member by name, in anonymous members too; adds what it finds to `found`, and answers its type. `without`:
 * types that do not have it.
 */
function matchMember(
  local: TypeTable,
  step: Step,
  target: TypeTable,
  from: number,
  found: Access,
  without: Set<number>,
): number | undefined {
  const id = target.resolve(from)
  if (without.has(id)) return undefined
  without.add(id)
  const outer = local.type(step.type)
  const type = target.type(id)
  if (type.kind !== 'struct' && type.kind !== 'union') return undefined
  if (outer.kind !== 'struct' && outer.kind !== 'union') return undefined
  if (found.path.length >= DEEPEST_ACCESS) return undefined
  const wanted = outer.members[step.index]!
  for (const [index, member] of type.members.entries()) {
    const before = { path: [...found.path], bitOffset: found.bitOffset }
    found.path.push(index)
    found.bitOffset += member.bitOffset
    if (member.name === '') {
      const inside = matchMember(local, step, target, member.type, found, without)
      if (inside !== undefined) return inside
    } else if (member.name === step.name) {
      if (!fieldsCompatible({ types: local, id: wanted.type }, { types: target, id: member.type })) return undefined
      found.steps.push({ type: id, index, name: member.name })
      return member.type
    }
    Object.assign(found, before)
  }
  return undefined
}

function fieldsCompatible(a: Side, b: Side): boolean {
  let local = through(a, a.id)
  let target = through(b, b.id)
  for (let depth = 0; depth < DEEPEST; depth += 1) {
    const one = at(local)
    const other = at(target)
    if (isComposite(one) && isComposite(other)) return true
    if (!sameKind(one, other)) return false
    switch (one.kind) {
      case 'pointer':
      case 'float':
        return true
      case 'forward':
      case 'enum':
        return one.name === '' || other.name === '' || sameName(one.name, other.name)
      case 'int':
        return one.bitOffset === 0 && other.kind === 'int' && other.bitOffset === 0
      case 'array':
        local = through(local, one.type)
        target = through(target, (other as typeof one).type)
        break
      default:
        return false
    }
  }
  return false
}

function isComposite({ kind }: BtfType): boolean {
  return kind === 'struct' || kind === 'union'
}

/** What was found out about pairs of types, so that each is looked at once; a pair within itself counts as unlike. */
class Pairs {
  private readonly known = new Map<string, boolean>()

  once(local: Side, target: Side, more: unknown, find: () => boolean): boolean {
    const key = `${local.id} ${target.id} ${String(more)}`
    const known = this.known.get(key)
    if (known !== undefined) return known
    this.known.set(key, false)
    const like = find()
    this.known.set(key, like)
    return like
  }
}

class Compatible {
  private readonly pairs = new Pairs()

  types(a: Side, b: Side, depth: number): boolean {
    return depth > 0 && this.pairs.once(a, b, '', () => sameKind(at(a), at(b)) && this.resolved(a, b, depth))
  }

  private resolved(a: Side, b: Side, depth: number): boolean {
    const local = through(a, a.id)
    const target = through(b, b.id)
    const one = at(local)
    const other = at(target)
    if (!sameKind(one, other)) return false
    const inner = (id: number, to: number) =>
      depth > 0 &&
      this.pairs.once({ ...local, id }, { ...target, id: to }, 'resolved', () =>
        this.resolved({ ...local, id }, { ...target, id: to }, depth - 1),
      )
    switch (one.kind) {
      case 'void':
      case 'struct':
      case 'union':
      case 'enum':
      case 'forward':
        return true
      case 'int':
        return one.bitOffset === 0 && other.kind === 'int' && other.bitOffset === 0
      case 'pointer':
      case 'array':
        return inner(one.type, (other as typeof one).type)
      case 'prototype': {
        const like = other as typeof one
        return (
          one.parameters.length === like.parameters.length &&
          one.parameters.every(({ type }, index) => inner(type, like.parameters[index]!.type)) &&
          inner(one.type, like.type)
        )
      }
      default:
        return false
    }
  }
}

class Match {
  private readonly pairs = new Pairs()

  /** `behind`: seen through a pointer, where a struct matches any struct of its name, and its forward declaration. */
  types(a: Side, b: Side, behind: boolean, depth: number): boolean {
    return depth > 0 && this.pairs.once(a, b, behind, () => this.resolved(a, b, behind, depth))
  }

  private resolved(a: Side, b: Side, behind: boolean, depth: number): boolean {
    const local = through(a, a.id)
    const target = through(b, b.id)
    const one = at(local)
    const other = at(target)
    if (!sameName(one.name, other.name)) return false
    const inner = (id: number, to: number, behindNow = behind) =>
      this.types({ ...local, id }, { ...target, id: to }, behindNow, depth - 1)
    switch (one.kind) {
      case 'void':
        return other.kind === 'void'
      case 'forward':
        if (other.kind === 'forward') return one.union === other.union
        return behind && other.kind === (one.union ? 'union' : 'struct')
      case 'enum':
        return (
          other.kind === 'enum' &&
          one.values.length <= other.values.length &&
          one.values.every(({ name }) => other.values.some((value) => sameName(name, value.name)))
        )
      case 'struct':
      case 'union':
        if (behind && other.kind === 'forward') return (one.kind === 'union') === other.union
        if (!sameKind(one, other)) return false
        return behind || membersMatch(one, other as Composite, inner)
      case 'int':
        return other.kind === 'int' && one.size === other.size && one.signed === other.signed
      case 'pointer':
        return other.kind === 'pointer' && inner(one.type, other.type, true)
      case 'array':
        return other.kind === 'array' && one.length === other.length && inner(one.type, other.type)
      case 'prototype':
        return (
          other.kind === 'prototype' &&
          one.parameters.length === other.parameters.length &&
          one.parameters.every(({ type }, index) => inner(type, other.parameters[index]!.type)) &&
          inner(one.type, other.type)
        )
      default:
        return false
    }
  }
}

type Composite = BtfType & { kind: 'struct' | 'union' }

function membersMatch(one: Composite, other: Composite, like: (id: number, to: number) => boolean): boolean {
  return (
    one.members.length <= other.members.length &&
    one.members.every((member) =>
      other.members.some(({ name, type }) => sameName(member.name, name) && like(member.type, type)),
    )
  )
}

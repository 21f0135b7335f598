// CO-RE relocations: numbers in instructions that depend on the layout of types. They are resolved against the types
// that the caller gives (a kernel's, usually) by libbpf's rules: candidates are the types of the same kind and name,
// all that fit must agree, and what has no candidate is 0 where the question was whether it exists, else a poisoned
// instruction.
//
// If no types are given the target is the object's own BTF, each type standing for itself: there is no kernel under
// this machine whose types a program could meet, so the structs that it reads are those it was compiled with (its
// context, its maps, what a test gives it). Flavours (`struct name___flavour`) ask which of several kernels this is;
// there is no answer to that without given types, so they are listed as unsupported. Used by read.ts and by loaders.
import { SkepError } from '../error.js'
import type { CoreRecord } from './btf-ext.js'
import type { ReadContext } from './context.js'
import { accessText, CORE_KINDS, parseAccess, type Access, type CoreKind } from './core-access.js'
import { isCandidate, matchAccess } from './core-match.js'
import { patch, poison } from './core-patch.js'
import { CoreProblem, coreValue, type CoreValue } from './core-value.js'
import { functionAround } from './functions.js'
import { essentialName, type KernelBtf, type TypeTable } from './kernel-btf.js'
import type { CoreRelocation, FunctionSpec, ObjectSpec } from './spec.js'

/** Attaches the records of `.BTF.ext` to their functions and resolves them against the object's own types. */
export function readCoreRelocations(context: ReadContext): void {
  if (!context.spec.btf) return
  for (const [section, records] of context.ext?.relocations ?? []) {
    const names = context.functionsBySection.get(section)?.values() ?? []
    const functions = [...names].flatMap((name) => context.spec.functions.get(name) ?? [])
    const size = context.elf.section(section)?.size ?? 0
    for (const record of records) {
      const fn = functionAround(functions, record.offset)
      // What a linker left of a weak function that another took the place of.
      if (!fn && record.offset % 8 === 0 && record.offset < size) continue
      if (!fn || record.offset % 8 !== 0)
        context.unsupported.add(`${section}: CO-RE relocation at offset ${record.offset}, where no instruction is`)
      else (fn.core ??= []).push(relocationOf(fn, record))
    }
  }
  for (const fn of context.spec.functions.values()) {
    fn.core?.sort((a, b) => a.instruction - b.instruction)
    for (const line of relocate(context.spec, fn, undefined)) context.unsupported.add(line)
  }
}

function relocationOf({ sectionOffset }: FunctionSpec, { offset, type, kind, access }: CoreRecord): CoreRelocation {
  return { instruction: (offset - sectionOffset) / 8, type, kind, access }
}

/**
 * A copy of the spec whose CO-RE relocations are resolved against other types. What cannot be resolved is listed in
 * `unsupported` of the copy, in libbpf's words.
 */
export function relocateCore(spec: ObjectSpec, target: KernelBtf): ObjectSpec {
  const unsupported = new Set(spec.unsupported)
  const functions = new Map<string, FunctionSpec>()
  for (const fn of spec.functions.values()) {
    for (const { unsupported: line } of fn.core ?? []) if (line !== undefined) unsupported.delete(line)
    const copy = fn.core
      ? { ...fn, code: fn.code.slice(), relocations: [...fn.relocations], core: fn.core.map((one) => ({ ...one })) }
      : fn
    functions.set(fn.name, copy)
    for (const line of relocate(spec, copy, target)) unsupported.add(line)
  }
  return { ...spec, functions, unsupported: [...unsupported] }
}

/** Changes the function's code and relocations; answers a line for everything that cannot be done. */
function relocate(spec: ObjectSpec, fn: FunctionSpec, target: KernelBtf | undefined): string[] {
  const lines: string[] = []
  const { btf } = spec
  if (!btf || !fn.core) return lines
  for (const relocation of fn.core) {
    delete relocation.unsupported
    const kind = CORE_KINDS[relocation.kind]
    const where = `function '${fn.name}', instruction ${relocation.instruction}: CO-RE relocation`
    const about = `[${relocation.type}] ${relocation.access}`
    let text = `${kind === undefined ? `of kind ${relocation.kind}` : `<${kind}>`} ${about}`
    try {
      if (kind === undefined) throw new CoreProblem('no kernel knows this kind')
      const access = btf.types[relocation.type] && parseAccess(btf, relocation.type, relocation.access, kind)
      if (!access) throw new CoreProblem('the access does not fit the type')
      text = accessText(btf, kind, access)
      const before = coreValue(btf, access, kind)
      if (before === 'poison') throw new CoreProblem('the access does not fit the type')
      const after = target ? targetValue(btf, access, kind, target, before) : ownValue(btf, access, before)
      const at = relocation.instruction * 8
      if (after === 'poison' || patch(fn.code, at, before, after) === 'poison') poisonAt(fn, at, text)
    } catch (error) {
      if (!(error instanceof CoreProblem) && !(error instanceof SkepError)) throw error
      relocation.unsupported = `${where} ${text}: ${error.message}`
      lines.push(relocation.unsupported)
    }
  }
  fn.relocations.sort((a, b) => a.instruction - b.instruction)
  return lines
}

function poisonAt(fn: FunctionSpec, at: number, text: string): void {
  for (const instruction of poison(fn.code, at)) {
    const words = `<invalid CO-RE relocation> failed to resolve CO-RE relocation ${text}`
    fn.relocations.push({ instruction, kind: 'poison', words })
  }
}

function ownValue(btf: TypeTable, { root }: Access, before: CoreValue): CoreValue {
  const { name } = btf.type(btf.resolve(root))
  if (essentialName(btf.type(root).name) !== btf.type(root).name || essentialName(name) !== name)
    throw new CoreProblem("it asks about another kernel's types, and none are given (btf, --btf)")
  return before
}

/** What all candidates that fit agree on. */
function targetValue(
  btf: TypeTable,
  access: Access,
  kind: CoreKind,
  target: KernelBtf,
  before: CoreValue,
): CoreValue | 'poison' {
  if (kind === 'local_type_id') return before
  const local = btf.type(access.root)
  if (local.name === '') throw new CoreProblem("relocation doesn't support anonymous types")
  let found: { access: Access; value: CoreValue | 'poison' } | undefined
  for (const id of target.named(essentialName(local.name))) {
    if (!isCandidate(local, target.type(id))) continue
    const there = matchAccess(btf, access, target, id, kind)
    if (!there) continue
    const value = coreValue(target, there, kind)
    if (!found) found = { access: there, value }
    else if (found.access.bitOffset !== there.bitOffset)
      throw new CoreProblem(`field offset ambiguity: ${there.bitOffset} != ${found.access.bitOffset}`)
    else if (numberOf(found.value) !== numberOf(value))
      throw new CoreProblem(`relocation decision ambiguity: ${numberOf(value)} != ${numberOf(found.value)}`)
  }
  return found ? found.value : coreValue(target, undefined, kind)
}

function numberOf(value: CoreValue | 'poison'): string {
  return value === 'poison' ? 'failure' : `success ${value.value}`
}

// What `skep inspect` says of an object, as plain data: the shape of its JSON output, which stays compatible between
// versions (members may be added). The text form is inspection-text.ts.
import { helperName } from '../isa/helper-names.js'
import { findUnsupported, helperCalls, type Supported } from '../object/check.js'
import { getVariable } from '../object/edit.js'
import { findMisuse } from '../machine/load/load.js'
import type { BtfValue } from '../object/btf.js'
import { MAP_TYPE_NAMES } from '../object/map-types.js'
import { recordType } from '../object/maps.js'
import type { FunctionSpec, MapSpec, ObjectSpec, ProgramSpec, VariableSpec } from '../object/spec.js'
import { typedText } from '../object/typed-text.js'
import { findAsyncUses, type CallbackUse, type InitUse } from './async-use.js'
import { fieldsOf, pathAt, type Field } from './layout.js'
import { listFunction, type ListedInstruction } from './listing.js'
import { mapFlagNames } from './map-flags.js'

export interface Inspection {
  object: string
  license: string
  /** Whether the object has BTF. */
  btf: boolean
  programs: InspectedProgram[]
  maps: InspectedMap[]
  variables: InspectedVariable[]
  timersAndWork: InspectedSlot[]
  callbacks: CallbackUse[]
  helpers: InspectedCall[]
  kfuncs: InspectedCall[]
  functions: InspectedFunction[]
  /** Everything that `skep run` would refuse, one line each. */
  unsupported: string[]
  /** What is certainly wrong, with the words of the kernel's verifier, one line each. */
  misuse: string[]
}

export type InspectedProgram = Omit<ProgramSpec, 'entry'> & { instructions: number }

export interface InspectedMap {
  name: string
  /** The kernel's word in lower case: 'hash', 'lru_hash' … */
  type: string
  maxEntries: number
  keySize: number
  valueSize: number
  /** C types, where BTF says them. */
  keyType?: string
  valueType?: string
  keyFields: Field[]
  valueFields: Field[]
  /** C type of the records of a ring buffer or perf event array, where its definition names one. */
  recordType?: string
  recordFields: Field[]
  /** Names of BPF_F_* flags. */
  flags: string[]
  pinned: boolean
  /** Of a map in map. */
  inner?: InspectedMap
  /** Initial elements that name other maps or programs. */
  initial?: Record<string, string>
  problems: string[]
}

export interface InspectedVariable {
  name: string
  section: string
  size: number
  type?: string
  /** Decoded by BTF; bytes as hexadecimal where there is none. */
  value: BtfValue
  /** The same as a person would write it. */
  text: string
}

/** A timer, work or spin lock in the values of a map. */
export interface InspectedSlot {
  map: string
  kind: 'timer' | 'work' | 'lock'
  /** Path of the member in the value, for example 'idle'. */
  field: string
  /** Bytes from the value's start. */
  offset: number
  /** Calls that initialise it, where the code names the map. */
  initialisedAt: InitUse['at'][]
  /** Functions that are set as its callback, where the code makes that certain. */
  callbacks: string[]
}

/** A helper or kfunc and the functions that call it. */
export interface InspectedCall {
  name: string
  /** Number, of helpers. */
  id?: number
  calledBy: string[]
  /** Whether the machine has it. */
  supported: boolean
}

export interface InspectedFunction {
  name: string
  section: string
  /** Bytes from the section's start. */
  offset: number
  static: boolean
  /** Functions that it calls. */
  calls: string[]
  code: ListedInstruction[]
}

/** Throws SkepError BAD_INSTRUCTION if a function's code cannot be decoded. */
export function inspect(spec: ObjectSpec, supported: Supported): Inspection {
  const functions = [...spec.functions.values()]
  const uses = functions.map((fn) => findAsyncUses(spec, fn))
  const callbacks = uses.flatMap((use) => use.callbacks)
  const inits = uses.flatMap((use) => use.inits)
  return {
    object: spec.name,
    license: spec.license,
    btf: spec.btf !== undefined,
    programs: [...spec.programs.values()].map((program) => inspectProgram(spec, program)),
    maps: [...spec.maps.values()].filter((map) => map.section === undefined).map((map) => inspectMap(spec, map)),
    variables: [...spec.variables.values()].map((variable) => inspectVariable(spec, variable)),
    timersAndWork: [...spec.maps.values()].flatMap((map) => slotsOf(spec, map, inits, callbacks)),
    callbacks,
    helpers: helpersOf(functions, supported),
    kfuncs: kfuncsOf(functions, supported),
    functions: functions.map((fn) => inspectFunction(spec, fn)),
    unsupported: findUnsupported(spec, supported),
    misuse: findMisuse(spec).items,
  }
}

function inspectProgram(spec: ObjectSpec, { entry, ...program }: ProgramSpec): InspectedProgram {
  return { ...program, instructions: (spec.functions.get(entry)?.code.length ?? 0) / 8 }
}

function inspectMap(spec: ObjectSpec, map: MapSpec): InspectedMap {
  const { btf } = spec
  const record = recordType(btf, map.type, map.value)
  const value = record === 0 ? map.value : 0
  return {
    name: map.name,
    type: MAP_TYPE_NAMES[map.type] ?? `type ${map.type}`,
    maxEntries: map.maxEntries,
    keySize: map.keySize,
    valueSize: map.valueSize,
    ...(btf && map.key !== 0 ? { keyType: btf.name(map.key) } : {}),
    ...(btf && value !== 0 ? { valueType: btf.name(value) } : {}),
    keyFields: btf ? fieldsOf(btf, map.key) : [],
    valueFields: btf ? fieldsOf(btf, value) : [],
    ...(btf && record !== 0 ? { recordType: btf.name(record) } : {}),
    recordFields: btf ? fieldsOf(btf, record) : [],
    flags: mapFlagNames(map.flags),
    pinned: map.pinning === 1,
    ...(map.inner ? { inner: inspectMap(spec, map.inner) } : {}),
    ...(map.initial ? { initial: Object.fromEntries(map.initial) } : {}),
    problems: map.problems,
  }
}

function inspectVariable(spec: ObjectSpec, variable: VariableSpec): InspectedVariable {
  const { name, section, size, type } = variable
  const value = getVariable(spec, name, { text: true })
  return {
    name,
    section,
    size,
    ...(spec.btf && type !== 0 ? { type: spec.btf.name(type) } : {}),
    value: value instanceof Uint8Array ? `hex:${Buffer.from(value).toString('hex')}` : value,
    text: typedText(spec.btf, type, value),
  }
}

const SLOT_KINDS = [
  { kind: 'timer', struct: 'bpf_timer', offset: (map: MapSpec) => map.timerOffset },
  { kind: 'work', struct: 'bpf_wq', offset: (map: MapSpec) => map.workOffset },
  { kind: 'lock', struct: 'bpf_spin_lock', offset: (map: MapSpec) => map.lockOffset },
] as const

function slotsOf(spec: ObjectSpec, map: MapSpec, inits: InitUse[], callbacks: CallbackUse[]): InspectedSlot[] {
  return SLOT_KINDS.filter(({ offset }) => offset(map) >= 0).map(({ kind, struct, offset }) => ({
    map: map.name,
    kind,
    field: spec.btf ? pathAt(spec.btf, map.value, offset(map), struct) : '',
    offset: offset(map),
    initialisedAt: inits.filter((use) => use.map === map.name && use.kind === kind).map(({ at }) => at),
    callbacks: unique(callbacks.filter((use) => use.map === map.name && use.kind === kind).map((use) => use.function)),
  }))
}

function helpersOf(functions: readonly FunctionSpec[], supported: Supported): InspectedCall[] {
  const callers = new Map<number, string[]>()
  for (const fn of functions)
    for (const { helper } of helperCalls(fn)) callers.set(helper, [...(callers.get(helper) ?? []), fn.name])
  return [...callers]
    .sort(([a], [b]) => a - b)
    .map(([id, calledBy]) => ({
      name: helperName(id) ?? 'helper',
      id,
      calledBy: unique(calledBy),
      supported: supported.helpers?.has(id) ?? true,
    }))
}

function kfuncsOf(functions: readonly FunctionSpec[], supported: Supported): InspectedCall[] {
  const callers = new Map<string, string[]>()
  for (const fn of functions)
    for (const relocation of fn.relocations)
      if (relocation.kind === 'kfunc') callers.set(relocation.name, [...(callers.get(relocation.name) ?? []), fn.name])
  return [...callers]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, by]) => ({ name, calledBy: unique(by), supported: supported.kfuncs?.has(name) ?? true }))
}

function inspectFunction(spec: ObjectSpec, fn: FunctionSpec): InspectedFunction {
  return {
    name: fn.name,
    section: fn.section,
    offset: fn.sectionOffset,
    static: fn.isStatic,
    calls: unique(fn.relocations.flatMap((relocation) => (relocation.kind === 'call' ? [relocation.function] : []))),
    code: listFunction(spec, fn),
  }
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)]
}

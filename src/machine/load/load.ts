// From an object spec to code and maps that are ready to be installed on every CPU. Nothing is visible to programs yet:
// the front end installs the code on its CPUs, then calls commit; on any error release gives everything back.
import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { reasonOf, show, SkepError } from '../../error.js'
import { assertSupported, findUnsupported, firstPacketLoad, helperCalls, type Supported } from '../../object/check.js'
import { isSpec, setKeySize, setMaxEntries, setValueSize, setVariables } from '../../object/edit.js'
import { relocateCore } from '../../object/core-relocations.js'
import { hostKconfigFiles, parseKconfig, setKconfig, type KconfigValue } from '../../object/kconfig.js'
import { readKernelBtf, type BtfSource } from '../../object/kernel-btf.js'
import { reachable } from '../../object/reachable.js'
import { parseObject } from '../../object/read.js'
import type { FunctionSpec, ObjectSpec, ProgramSpec } from '../../object/spec.js'
import { analyse } from '../../verify/analyse.js'
import { rememberedCodes, type Codes } from '../../verify/blocks.js'
import { hasKernelPointers, NO_PROBES, type Probes } from '../../verify/probes.js'
import { refusalText, type Refusal } from '../../verify/refusal.js'
import { linkCode, reserveCode, type Engine } from './code.js'
import { isRecord, refuseUnknown } from '../options/given-options.js'
import { helperById, helpers, kfuncByName, kfuncs } from '../helpers.js'
import { PACKET_LOAD_TYPES } from '../program-types.js'
import type { Kernel } from '../boot/kernel.js'
import { freezeMap } from '../map/access.js'
import { checkGiven, pinName, reusedMap, type ReuseOptions } from './map-reuse.js'
import type { LiveMap } from '../map/table.js'
import { fillMapsOfMaps, fillProgramArrays } from './initial-values.js'
import { mapTypes, roundedEntries } from '../map/types.js'
import type { LiveObject } from './object-table.js'
import type { Given, ObjectTypes } from '../object-types.js'
import { programCpusOf } from '../options/boot-options.js'
import { makeTailStacks } from './tail-stacks.js'

/** How an object is loaded. */
export interface LoadOptions extends ReuseOptions {
  /** Only these programs (and the functions they use); default all but those of `SEC("?…")`. */
  programs?: readonly string[]
  /** max_entries by map name, instead of what the object says. */
  maxEntries?: Readonly<Record<string, number>>
  /** value_size in bytes by map name, of maps that leave it to the loader: stack traces, 8 bytes an address. */
  valueSize?: Readonly<Record<string, number>>
  /** key_size in bytes by map name. */
  keySize?: Readonly<Record<string, number>>
  /** Initial values of global variables by name; the only way to set .rodata. */
  variables?: Readonly<Record<string, unknown>>
  /** 'jit' (default) compiles to WebAssembly; 'interp' runs the same code one instruction at a time, much slower. */
  engine?: Engine
  /**
   * False: load also what the load-time checks would refuse as certainly wrong; such programs fail or fault when they
   * run. Default true.
   */
  checks?: boolean
  /**
   * Types that CO-RE relocations are resolved against, as libbpf does with btf_custom_path: a file (raw BTF, or an ELF
   * file with a section .BTF), its bytes, or 'host' for the running kernel's. Default: the object's own types.
   */
  btf?: BtfSource
  /**
   * Values of `extern … __kconfig` by name (numbers, texts, booleans or 'y', 'm', 'n'), a configuration file, or 'host'
   * for the running kernel's. What is not weak and has no value is an error. LINUX_KERNEL_VERSION is 6.18 if not given.
   */
  kconfig?: string | URL | Readonly<Record<string, KconfigValue>>
  /** '6.18': refuse as well what Linux 6.18 refuses only because of its lock: timers and work in tracing programs. */
  strict?: '6.18'
}

/** Options for an object whose names and types are known. */
export type LoadOptionsOf<T extends ObjectTypes> = Omit<LoadOptions, 'programs' | 'variables'> & {
  programs?: readonly T['programs'][]
  variables?: { readonly [Name in keyof T['variables']]?: Given<T['variables'][Name]> }
}

const isFile = (given: unknown): boolean => typeof given === 'string' || given instanceof URL
const isByName = (given: unknown): boolean => isRecord(given) && !Array.isArray(given)
const byName = (what: string) => ({ is: isByName, expected: `an object with ${what} by name` })

/** All options, and what each is to be, whatever the object; what is in it is looked at where it is used. */
const loadOptions: { readonly [Name in keyof LoadOptions]-?: { is(given: unknown): boolean; expected: string } } = {
  programs: { is: Array.isArray, expected: 'a list of names' },
  maxEntries: byName('numbers'),
  valueSize: byName('numbers'),
  keySize: byName('numbers'),
  variables: byName('values'),
  engine: { is: (given) => given === 'jit' || given === 'interp', expected: 'jit or interp' },
  checks: { is: (given) => typeof given === 'boolean', expected: 'true or false' },
  btf: { is: (given) => isFile(given) || given instanceof Uint8Array, expected: `a file, its bytes or 'host'` },
  kconfig: {
    is: (given) => isFile(given) || isByName(given),
    expected: `a file, 'host' or an object with values by name`,
  },
  strict: { is: (given) => given === '6.18', expected: `'6.18'` },
  maps: byName('maps'),
  pinRoot: { is: isFile, expected: 'a path' },
}

/** What load() accepts: a path or file URL, the file's bytes, or a spec from readObject. */
export type ObjectSource = string | URL | Uint8Array | ObjectSpec

/** What this machine has, for the check of a spec before load. */
export const supported: Supported = {
  helpers: new Set(helpers.map(({ id }) => id!)),
  kfuncs: new Set(kfuncs.map(({ name }) => name)),
  mapTypes,
}

/** A prepared object: maps exist, code is compiled, nothing runs yet. */
export interface PreparedObject {
  /** Each of its maps has a user reference for its handle. */
  readonly object: LiveObject
  /** Makes programs. Throws with nothing done. */
  commit(): void
  /** Gives everything back. */
  release(): void
}

/** Reads and prepares an object. Throws SkepError; then nothing is left of it. */
export function prepareObject(kernel: Kernel, source: ObjectSource, options: LoadOptions): PreparedObject {
  kernel.check()
  refuseUnknown(options, loadOptions, 'load')
  for (const [name, { is, expected }] of Object.entries(loadOptions)) {
    const given: unknown = options[name as keyof LoadOptions]
    if (given !== undefined && !is(given))
      throw new SkepError('BAD_OPTION', `${name}: expected ${expected}, got ${show(given)}`)
  }
  const read = readSource(source)
  const spec = options.btf === undefined ? read : relocateCore(read, readKernelBtf(options.btf, readFileSync))
  const chosen = selected(edited(spec, options, programCpusOf(kernel.shape)), options.programs)
  return prepareSpec(kernel, chosen, options)
}

function readSource(source: ObjectSource): ObjectSpec {
  if (typeof source === 'string' || source instanceof URL) {
    let bytes: Uint8Array
    try {
      bytes = readFileSync(source)
    } catch (cause) {
      const file = String(source)
      throw new SkepError('FILE', `cannot read object file '${file}': ${reasonOf(cause)}`, { file }, { cause })
    }
    return parseObject(bytes, typeof source === 'string' ? source : source.pathname)
  }
  if (source instanceof Uint8Array) return parseObject(source, 'object')
  if (!isSpec(source))
    throw new SkepError(
      'BAD_OBJECT',
      `load: expected a path, a file URL, bytes or a spec of readObject, got ${
        (source as unknown) instanceof Promise ? 'a promise: await it' : show(source)
      }`,
    )
  return source
}

// A copy as deep as the options reach: the caller's spec may be loaded again with others.
function edited(spec: ObjectSpec, options: LoadOptions, cpus: number): ObjectSpec {
  const maps = new Map(
    [...spec.maps].map(([name, map]) => [name, map.contents ? { ...map, contents: map.contents.slice() } : { ...map }]),
  )
  const copy = { ...spec, maps, ...(spec.kconfig ? { kconfig: new Map(spec.kconfig) } : {}) }
  const { kconfig } = options
  // A file is read, and a wrong name said, also where the object asks for nothing.
  if (kconfig !== undefined && (copy.kconfig || kconfig !== 'host')) setKconfig(copy, kconfigValues(kconfig))
  setVariables(copy, options.variables ?? {})
  for (const [name, entries] of Object.entries(options.maxEntries ?? {})) setMaxEntries(copy, name, entries)
  for (const [name, bytes] of Object.entries(options.keySize ?? {})) setKeySize(copy, name, bytes)
  for (const [name, bytes] of Object.entries(options.valueSize ?? {})) setValueSize(copy, name, bytes)
  for (const map of maps.values()) map.maxEntries = roundedEntries(map, cpus)
  return copy
}

function kconfigValues(given: NonNullable<LoadOptions['kconfig']>): Readonly<Record<string, KconfigValue>> {
  if (typeof given !== 'string' && !(given instanceof URL)) return given
  const files = given === 'host' ? hostKconfigFiles(release()) : [given]
  const reasons: string[] = []
  for (const file of files)
    try {
      return parseKconfig(readFileSync(file), String(file))
    } catch (cause) {
      if (cause instanceof SkepError) throw cause
      reasons.push(`'${String(file)}': ${reasonOf(cause)}`)
    }
  throw new SkepError('FILE', `cannot read a kernel configuration: ${reasons.join('; ')}`)
}

// Functions keep their order, and with it their table indices, whatever is left out.
function selected(spec: ObjectSpec, names: readonly string[] | undefined): ObjectSpec {
  const autoload = [...spec.programs.values()].filter(({ autoload = true }) => autoload).map(({ name }) => name)
  if (!names && autoload.length === spec.programs.size) return spec
  const programs = new Map(
    (names ?? autoload).map((name) => {
      const program = spec.programs.get(name)
      if (!program)
        throw new SkepError(
          'NO_PROGRAM',
          `object '${spec.name}' has no program ${show(name)}; it has ${[...spec.programs.keys()].join(', ')}`,
        )
      return [name, program]
    }),
  )
  const used = new Set([...programs.values()].flatMap(({ entry }) => [...reachable(spec, entry)]))
  return { ...spec, programs, functions: new Map([...spec.functions].filter(([name]) => used.has(name))) }
}

function prepareSpec(kernel: Kernel, spec: ObjectSpec, options: LoadOptions): PreparedObject {
  assertSupported(spec, supported, () =>
    [...spec.programs.keys()].filter((name) => findUnsupported(selected(spec, [name]), supported).length === 0),
  )
  const codes = rememberedCodes()
  const probes = refuseMisuse(spec, options, codes)
  checkGiven(spec, options)
  const maps = new Map<string, LiveMap>()
  const access = new Map<string, number>()
  const created = new Set<LiveMap>()
  const pinned = new Map<string, LiveMap>()
  let added = false
  const room = reserveCode(kernel, spec, options.engine ?? 'jit')
  const release = (): void => {
    // While CPUs took the code, a pin may have gone and its name been given to another map.
    for (const [pin, map] of pinned) if (kernel.maps.pinsOf(map).includes(pin)) kernel.maps.unpin(pin)
    for (const map of maps.values()) kernel.maps.close(map)
    if (!added) room.release()
    kernel.settle()
  }
  try {
    for (const [name, map] of spec.maps) {
      const reused = reusedMap(kernel, map, options)
      access.set(name, reused ? reused.access : map.flags)
      if (reused) {
        kernel.maps.open(reused.map)
        maps.set(name, reused.map)
        continue
      }
      const live = kernel.maps.create(map, spec.btf)
      maps.set(name, live)
      created.add(live)
      if (map.contents) kernel.memory.write(valueAddress(kernel, live), map.contents)
      if (map.section?.startsWith('.rodata')) freezeMap(kernel.memory, live.address)
      const pin = pinName(map, options)
      if (pin === undefined) continue
      kernel.maps.pin(live, pin)
      pinned.set(pin, live)
    }
    fillMapsOfMaps(kernel, maps, created)
    makeTailStacks(kernel, spec)
    const { compiled, code } = linkCode(kernel, spec, maps, room, codes, probes)
    const made = { spec, compiled, code, room, maps, access }
    const object: LiveObject = { ...made, programs: new Map(), prepared: new Set() }
    const commit = (): void => {
      // From here on its room goes with its programs.
      added = true
      kernel.objects.add(object, codes)
      try {
        fillProgramArrays(kernel, object, created)
      } catch (error) {
        kernel.objects.close(object)
        throw error
      }
    }
    return { object, commit, release }
  } catch (error) {
    release()
    throw error
  }
}

function valueAddress(kernel: Kernel, map: LiveMap): number {
  return kernel.host.core.map_element_value(map.address, 0) >>> 0
}

/** Helpers in program types that the kernel refuses, and what the load-time checks find certainly wrong. */
function refuseMisuse(spec: ObjectSpec, options: LoadOptions, codes: Codes): Probes {
  const { items, refusals, probes } = findMisuse(spec, options, codes)
  if (items.length === 0) return probes
  throw new SkepError(
    'REFUSED',
    `object '${spec.name}' does what is not allowed:${items.map((item) => `\n  ${item}`).join('')}`,
    { items, refusals },
  )
}

/**
 * What load() refuses of an object although it could run: one line each, and the findings of the checks as data. And
 * which loads do not fault.
 */
export function findMisuse(
  spec: ObjectSpec,
  { checks = true, strict }: Pick<LoadOptions, 'checks' | 'strict'> = {},
  codes?: Codes,
): { items: string[]; refusals: readonly Refusal[]; probes: Probes } {
  const items = new Set<string>()
  for (const program of spec.programs.values())
    for (const name of reachable(spec, program.entry)) refuseHelpers(spec.functions.get(name)!, program, items)
  if (!checks && !hasKernelPointers(spec)) return { items: [...items], refusals: [], probes: NO_PROBES }
  const { refusals, probes } = analyse(spec, { strict, codes })
  if (!checks) return { items: [...items], refusals: [], probes }
  for (const refusal of refusals) items.add(refusalText(refusal))
  return { items: [...items], refusals, probes }
}

/** Tracing programs by where they attach, as their sections say it. */
const TRACED: Readonly<Record<string, string>> = {
  trace_raw_tp: 'tp_btf',
  trace_fentry: 'fentry',
  trace_fexit: 'fexit',
}

function refuseHelpers(fn: FunctionSpec, { name, type, attachType }: ProgramSpec, items: Set<string>): void {
  const kernelFunctions = fn.relocations.map((relocation) =>
    relocation.kind === 'kfunc' ? kfuncByName(relocation.name) : undefined,
  )
  const traced = attachType === 'trace_fentry' || attachType === 'trace_fexit'
  const where = (type === 'tracing' && TRACED[attachType ?? '']) || type
  const isGivenTrusted = type !== 'tracing' || attachType === 'trace_raw_tp'
  for (const entry of [...helperCalls(fn).map(({ helper }) => helperById(helper)), ...kernelFunctions])
    if (entry?.refusedIn?.includes(type) || (entry?.traced && !traced))
      items.add(`program '${name}': ${entry.name} cannot be used in ${where} programs (function '${fn.name}')`)
    else if (entry?.trusted && !isGivenTrusted)
      items.add(
        `program '${name}': ${entry.name} cannot be used in ${where} programs (function '${fn.name}'): ` +
          'R1 must be referenced or trusted',
      )
  if (firstPacketLoad(fn) !== undefined && !PACKET_LOAD_TYPES.includes(type))
    items.add(
      `program '${name}': legacy packet loads cannot be used in ${type} programs (function '${fn.name}'): ` +
        'BPF_LD_[ABS|IND] instructions not allowed for this program type',
    )
}

// A program without a verifier: it makes the calls that a script in its own map tells it to make, with any arguments,
// also with results of earlier calls and with addresses of whatever it can name. Used by the tests of this folder.
import { readFileSync } from 'node:fs'
import * as abi from '../../core/abi.js'
import type { MapSpec, ObjectSpec, ProgramSpec, ProgramType } from '../../src/index.js'
import * as asm from '../../src/isa/assemble.js'
import type { Line, Register } from '../../src/isa/assemble.js'
import { helpers, kfuncs, type HelperEntry } from '../../src/machine/helpers.js'
import { functionSpec } from '../jit/harness.js'
import { HELPER_PARAMETERS, MAP_NAMES, PLACES, type Attack, type Script } from './script.js'

/** An object that does no harm, and a packet of one flow for it. */
export const flow = readFileSync(new URL('../../../examples/flow-timeout/flow-timeout.bpf.o', import.meta.url))
export const packet = Buffer.from(
  `0200000000020200000000010800${'4500001c00004000400600000a0000010a000002'}0050c0de00000000`,
  'hex',
)

/** Calls in one script. */
export const MAX_CALLS = 6
const CALL_BYTES = 64
const PLACES_AT = MAX_CALLS * CALL_BYTES
const SCRATCH_AT = PLACES_AT + 384
const SCRIPT_BYTES = PLACES_AT + 512

const VALUE_BYTES = 64
export const TIMER_AT = 8
const WORK_AT = 24
const LOCK_AT = 40
const TIMER_START = 171

function map(name: string, type: number, more: Partial<MapSpec> = {}): MapSpec {
  return {
    name,
    type,
    keySize: 4,
    valueSize: VALUE_BYTES,
    maxEntries: 4,
    flags: 0,
    extra: 0,
    pinning: 0,
    key: 0,
    value: 0,
    timerOffset: -1,
    workOffset: -1,
    lockOffset: -1,
    problems: [],
    ...more,
  }
}

const SPECIAL = { timerOffset: TIMER_AT, workOffset: WORK_AT, lockOffset: LOCK_AT }

const numbered = { valueSize: 4 }
const keyless = { keySize: 0 }
const ring = { keySize: 0, valueSize: 0, maxEntries: 4096 }

export const MAPS: Readonly<Record<(typeof MAP_NAMES)[number], MapSpec>> = {
  script: map('script', abi.MAP_TYPE_ARRAY, { valueSize: SCRIPT_BYTES, maxEntries: 1 }),
  arr: map('arr', abi.MAP_TYPE_ARRAY, SPECIAL),
  hash: map('hash', abi.MAP_TYPE_HASH, SPECIAL),
  lru: map('lru', abi.MAP_TYPE_LRU_HASH, SPECIAL),
  percpu: map('percpu', abi.MAP_TYPE_PERCPU_ARRAY),
  percpuhash: map('percpuhash', abi.MAP_TYPE_PERCPU_HASH),
  lrupercpu: map('lrupercpu', abi.MAP_TYPE_LRU_PERCPU_HASH),
  trie: map('trie', abi.MAP_TYPE_LPM_TRIE, { keySize: 8, flags: abi.BPF_F_NO_PREALLOC }),
  queue: map('queue', abi.MAP_TYPE_QUEUE, keyless),
  stack: map('stack', abi.MAP_TYPE_STACK, keyless),
  bloom: map('bloom', abi.MAP_TYPE_BLOOM_FILTER, keyless),
  ring: map('ring', abi.MAP_TYPE_RINGBUF, ring),
  userring: map('userring', abi.MAP_TYPE_USER_RINGBUF, ring),
  perf: map('perf', abi.MAP_TYPE_PERF_EVENT_ARRAY, numbered),
  programs: map('programs', abi.MAP_TYPE_PROG_ARRAY, { ...numbered, initial: new Map([[1, 'main']]) }),
  stacks: map('stacks', abi.MAP_TYPE_STACK_TRACE),
  cgroups: map('cgroups', abi.MAP_TYPE_CGROUP_ARRAY, numbered),
  devices: map('devices', abi.MAP_TYPE_DEVMAP, { valueSize: 8 }),
  hashdevices: map('hashdevices', abi.MAP_TYPE_DEVMAP_HASH, { valueSize: 8 }),
  cpus: map('cpus', abi.MAP_TYPE_CPUMAP, { valueSize: 8 }),
  sockets: map('sockets', abi.MAP_TYPE_XSKMAP, numbered),
  outer: map('outer', abi.MAP_TYPE_ARRAY_OF_MAPS, {
    ...numbered,
    inner: map('inner', abi.MAP_TYPE_HASH, SPECIAL),
    initial: new Map([[1, 'hash']]),
  }),
}

/** What an attacker of this program type and section may call. */
export function callable(type: ProgramType, section: string): readonly HelperEntry[] {
  return [...helpers, ...kfuncs].filter(
    ({ refusedIn, sleepable, traced, trusted }) =>
      !refusedIn?.includes(type) &&
      !sleepable &&
      !(section === 'fentry' && trusted) &&
      !(section === 'tp_btf' && traced),
  )
}

const args: readonly Register[] = ['r1', 'r2', 'r3', 'r4', 'r5']

/** Each record: u64 which call, five arguments, the result, u64 bits: which arguments are results of earlier calls. */
function attackLines(entries: readonly HelperEntry[]): Line[] {
  const lines: Line[] = [
    asm.mov('r9', 'r1'),
    asm.loadReference('r6', { kind: 'map-value', map: 'script', offset: 0 }),
    ...placeLines(),
    asm.mov('r7', 0),
  ]
  lines.push(asm.label('next'))
  for (const [index, register] of args.entries()) lines.push(asm.load(64, register, 'r6', 8 + 8 * index))
  lines.push(asm.load(64, 'r8', 'r6', 0), asm.mov('r0', 0))
  entries.forEach((entry, index) => {
    lines.push(asm.jump('ne', 'r8', index, `not ${index}`))
    lines.push(entry.id === undefined ? asm.callKfunc(entry.name) : asm.call(entry.id))
    if (entry.returns === false) lines.push(asm.mov('r0', 0))
    lines.push(asm.goto('done'), asm.label(`not ${index}`))
  })
  lines.push(asm.label('done'), asm.store(64, 'r6', 48, 'r0'))
  // The result becomes an argument of the next call where that one's bits say so.
  args.forEach((_, index) => {
    lines.push(
      asm.load(64, 'r2', 'r6', CALL_BYTES + 56),
      asm.jump('eq', 'r7', MAX_CALLS - 1, `kept ${index}`),
      asm.alu('and', 'r2', 1 << index),
      asm.jump('eq', 'r2', 0, `kept ${index}`),
      asm.store(64, 'r6', CALL_BYTES + 8 + 8 * index, 'r0'),
      asm.label(`kept ${index}`),
    )
  })
  lines.push(
    asm.alu('add', 'r6', CALL_BYTES),
    asm.alu('add', 'r7', 1),
    asm.jump('lt', 'r7', MAX_CALLS, 'next'),
    asm.mov('r0', 0),
    asm.exit(),
  )
  return lines
}

// The arguments of a script that name a place are patched here: u64 {1 : 16, place : 16, delta : 32}.
function placeLines(): Line[] {
  const at = (index: number): number => PLACES_AT + 8 * index
  const lines: Line[] = []
  const put = (place: string, register: Register): void => {
    lines.push(asm.store(64, 'r6', at(PLACES.indexOf(place)), register))
  }
  for (const name of MAP_NAMES) {
    lines.push(asm.loadReference('r2', { kind: 'map', map: name }))
    put(`map ${name}`, 'r2')
  }
  lines.push(asm.loadReference('r2', { kind: 'map-value', map: 'arr', offset: 0 }))
  put('value of arr', 'r2')
  for (const [name, offset] of [
    ['timer of arr', TIMER_AT],
    ['work of arr', WORK_AT - TIMER_AT],
    ['lock of arr', LOCK_AT - WORK_AT],
  ] as const) {
    lines.push(asm.alu('add', 'r2', offset))
    put(name, 'r2')
  }
  for (const name of ['callback', 'again']) {
    lines.push(asm.loadReference('r2', { kind: 'function-pointer', function: name }))
    put(`function ${name}`, 'r2')
  }
  lines.push(asm.mov('r2', 'r10'), asm.alu('add', 'r2', -256))
  put('stack', 'r2')
  put('context', 'r9')
  lines.push(asm.mov('r2', 'r6'), asm.alu('add', 'r2', SCRATCH_AT))
  put('scratch', 'r2')
  // For every argument: if its upper 16 bits are MARK, it is a place and a distance from it.
  lines.push(asm.mov('r7', 0), asm.label('patch'))
  lines.push(
    asm.mov('r3', 'r7'),
    asm.alu('lsh', 'r3', 3),
    asm.alu('add', 'r3', 'r6'),
    asm.load(64, 'r4', 'r3', 0),
    asm.mov('r5', 'r4'),
    asm.alu('rsh', 'r5', 48),
    asm.jump('ne', 'r5', MARK, 'plain'),
    asm.mov('r5', 'r4'),
    asm.alu('rsh', 'r5', 32),
    asm.alu('and', 'r5', 0xff),
    asm.alu('lsh', 'r5', 3),
    asm.alu('add', 'r5', 'r6'),
    asm.load(64, 'r5', 'r5', PLACES_AT),
    asm.alu('lsh', 'r4', 32),
    asm.alu('arsh', 'r4', 32),
    asm.alu('add', 'r4', 'r5'),
    asm.store(64, 'r3', 0, 'r4'),
    asm.label('plain'),
    asm.alu('add', 'r7', 1),
    asm.jump('lt', 'r7', PLACES_AT / 8, 'patch'),
  )
  return lines
}

const MARK = 0x7a7a

/** The bytes of a script, as they lie in the map `script`. `core`: an address that programs cannot reach. */
export function scriptBytes(script: Script, entries: readonly HelperEntry[], core: number): Uint8Array {
  const bytes = new Uint8Array(SCRIPT_BYTES)
  const view = new DataView(bytes.buffer)
  script.forEach(({ call, values, chained }, index) => {
    const at = index * CALL_BYTES
    view.setBigUint64(at, BigInt(call % entries.length), true)
    values.forEach((value, argument) => {
      const word =
        typeof value === 'bigint'
          ? value
          : (BigInt(MARK) << 48n) |
            (BigInt(value.place % PLACES.length) << 32n) |
            BigInt.asUintN(32, BigInt(value.distance))
      view.setBigUint64(at + 8 + 8 * argument, word, true)
    })
    view.setBigUint64(at + 56, BigInt(chained), true)
  })
  view.setBigUint64(PLACES_AT + 8 * PLACES.indexOf('core'), BigInt(core), true)
  // A record that is not used calls nothing.
  for (let index = script.length; index < MAX_CALLS; index += 1)
    view.setBigUint64(index * CALL_BYTES, BigInt(entries.length), true)
  return bytes
}

/** In words, for a failure. */
export function scriptText(script: Script, entries: readonly HelperEntry[]): string {
  return script.map((attack) => attackText(attack, entries)).join('; ')
}

function attackText({ call, values, chained }: Attack, entries: readonly HelperEntry[]): string {
  const entry = entries[call % entries.length]!
  const list = values.slice(0, Math.min(entry.parameters, HELPER_PARAMETERS)).map((value, index) => {
    if (chained & (1 << index)) return 'the last result'
    if (typeof value === 'bigint') return `0x${value.toString(16)}`
    const { place, distance } = value
    return `${PLACES[place % PLACES.length]}${distance === 0 ? '' : ` + ${distance}`}`
  })
  return `${entry.name}(${list.join(', ')})`
}

/** The attacker as an object: no BTF, no licence to be believed. */
export function attacker(type: ProgramType, section: string): ObjectSpec {
  const body = attackLines(callable(type, section))
  // One that behaves, and one that starts whatever it is the callback of again (of a map's element: only asks for it).
  const zero = [asm.mov('r0', 0), asm.exit()]
  const again = [
    asm.mov('r1', 'r3'),
    asm.alu('add', 'r1', TIMER_AT),
    asm.mov('r2', 0),
    asm.mov('r3', 0),
    asm.call(TIMER_START),
    ...zero,
  ]
  const functions = [
    { ...functionSpec('main', body), section },
    { ...functionSpec('callback', zero), isStatic: true },
    { ...functionSpec('again', again), isStatic: true },
  ]
  const attachType = type === 'tracing' ? { attachType: section === 'fentry' ? 'trace_fentry' : 'trace_raw_tp' } : {}
  const program: ProgramSpec = { name: 'main', section, type, ...attachType, sleepable: false, entry: 'main' }
  return {
    name: 'attacker',
    license: 'GPL',
    maps: new Map(Object.entries(MAPS)),
    programs: new Map([['main', program]]),
    functions: new Map(functions.map((fn) => [fn.name, fn])),
    variables: new Map(),
    btf: undefined,
    unsupported: [],
  }
}

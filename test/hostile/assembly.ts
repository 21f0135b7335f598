// The words in which the attacks of this folder are written: an object of syscall programs made of instructions, with
// the attacker's maps.
import type { MapSpec, ObjectSpec } from '../../src/index.js'
import * as asm from '../../src/isa/assemble.js'
import type { Line } from '../../src/isa/assemble.js'
import { functionSpec } from '../jit/harness.js'
import { MAPS } from './attacker.js'

/** Length of the context of every program here, in bytes. */
export const CONTEXT_BYTES = 256
/** Numbers of the helpers that are called. */
export const HELPER = {
  lookup: 1,
  update: 2,
  tailCall: 12,
  perfOutput: 25,
  probeRead: 113,
  ringOutput: 130,
  ringReserve: 131,
  ringSubmit: 132,
  ringDiscard: 133,
  forEach: 164,
  timerInit: 169,
  timerSetCallback: 170,
  timerStart: 171,
  loop: 181,
  ringSubmitDynptr: 199,
  dynptrRead: 201,
  dynptrWrite: 202,
  userRingDrain: 209,
} as const

/** An object of syscall programs with the maps of this folder's attacker. */
export function objectOf(
  programs: Record<string, readonly Line[]>,
  callbacks: Record<string, readonly Line[]> = {},
): ObjectSpec {
  const functions = [
    ...Object.entries(programs).map(([name, lines]) => ({ ...functionSpec(name, lines), section: 'syscall' })),
    ...Object.entries(callbacks).map(([name, lines]) => ({ ...functionSpec(name, lines), isStatic: true })),
  ]
  return {
    name: 'hostile',
    license: 'GPL',
    maps: new Map<string, MapSpec>(
      Object.entries(MAPS).map(([name, spec]) => {
        const { initial, ...rest } = spec
        return [name, initial && programs['main'] ? { ...rest, initial } : rest]
      }),
    ),
    programs: new Map(
      Object.keys(programs).map((name) => [
        name,
        { name, section: 'syscall', type: 'syscall', sleepable: true, entry: name },
      ]),
    ),
    functions: new Map(functions.map((fn) => [fn.name, fn])),
    variables: new Map(),
    btf: undefined,
    unsupported: [],
  }
}

export const map = (register: asm.Register, name: string): Line =>
  asm.loadReference(register, { kind: 'map', map: name })
export const value = (register: asm.Register, name: string, offset = 0): Line =>
  asm.loadReference(register, { kind: 'map-value', map: name, offset })
export const fn = (register: asm.Register, name: string): Line =>
  asm.loadReference(register, { kind: 'function-pointer', function: name })
/** Keeps r0 in the context (r9) at `offset`. */
export const keep = (offset: number): Line => asm.store(64, 'r9', offset, 'r0')
/** A program begins by keeping its context in r9, and ends by returning 0. */
export const start = asm.mov('r9', 'r1')
export const end = [asm.mov('r0', 0), asm.exit()]

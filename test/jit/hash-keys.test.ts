// Lookups in place in hash maps of every kind and length of key answer what the core answers: the same operations under
// both engines, of which the interpreter calls the helper.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAP_TYPE_HASH, MAP_TYPE_LRU_HASH, MAP_TYPE_LRU_PERCPU_HASH, MAP_TYPE_PERCPU_HASH } from '../../core/abi.js'
import { boot, type MapSpec, type ObjectSpec } from '../../src/index.js'
import * as asm from '../../src/isa/assemble.js'
import type { Line } from '../../src/isa/assemble.js'
import { functionSpec } from './harness.js'

const TYPES = [MAP_TYPE_HASH, MAP_TYPE_LRU_HASH, MAP_TYPE_PERCPU_HASH, MAP_TYPE_LRU_PERCPU_HASH]
const KEY_SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 15, 16, 17, 20, 24, 31, 32, 40, 47, 63, 64, 65, 72]
/** In the context: the key, then 1 if it was found, then what its value was. */
const CONTEXT_BYTES = 128
const FOUND = 96
const VALUE = 104

/** Looks the key up where it lies in the context, or in a copy on the stack, and adds 1 to its value. */
function lookUp(name: string, keySize: number, onStack: boolean): Line[] {
  const copy = Array.from({ length: keySize }, (_, at) => [
    asm.load(8, 'r3', 'r9', at),
    asm.store(8, 'r10', at - 80, 'r3'),
  ])
  return [
    asm.mov('r9', 'r1'),
    ...(onStack ? [...copy.flat(), asm.mov('r2', 'r10'), asm.alu('add', 'r2', -80)] : [asm.mov('r2', 'r9')]),
    asm.loadReference('r1', { kind: 'map', map: name }),
    asm.call(1),
    asm.jump('eq', 'r0', 0, 'out'),
    asm.load(64, 'r1', 'r0', 0),
    asm.store(64, 'r9', VALUE, 'r1'),
    asm.alu('add', 'r1', 1),
    asm.store(64, 'r0', 0, 'r1'),
    asm.mov('r1', 1),
    asm.store(64, 'r9', FOUND, 'r1'),
    asm.label('out'),
    asm.mov('r0', 0),
    asm.exit(),
  ]
}

/** Update with the value in the context, or delete. */
function change(name: string, helper: 2 | 3): Line[] {
  return [
    asm.mov('r2', 'r1'),
    asm.mov('r3', 'r1'),
    asm.alu('add', 'r3', VALUE),
    asm.mov('r4', 0),
    asm.loadReference('r1', { kind: 'map', map: name }),
    asm.call(helper),
    asm.mov('r0', 0),
    asm.exit(),
  ]
}

const PROGRAMS: readonly ((name: string, keySize: number) => Line[])[] = [
  (name, keySize) => lookUp(name, keySize, false),
  (name, keySize) => lookUp(name, keySize, true),
  (name) => change(name, 2),
  (name) => change(name, 3),
]

function objectOf(type: number, maxEntries: number): ObjectSpec {
  const maps = KEY_SIZES.map((keySize): MapSpec => ({
    name: `keys${keySize}`,
    type,
    keySize,
    valueSize: 8,
    maxEntries,
    flags: 0,
    extra: 0,
    pinning: 0,
    key: 0,
    value: 0,
    timerOffset: -1,
    workOffset: -1,
    lockOffset: -1,
    problems: [],
  }))
  const functions = maps.flatMap(({ name, keySize }) =>
    PROGRAMS.map((lines, at) => ({ ...functionSpec(`${name}_${at}`, lines(name, keySize)), section: 'syscall' })),
  )
  return {
    name: 'keys',
    license: 'GPL',
    maps: new Map(maps.map((map) => [map.name, map])),
    programs: new Map(
      functions.map(({ name }) => [name, { name, section: 'syscall', type: 'syscall', sleepable: true, entry: name }]),
    ),
    functions: new Map(functions.map((fn) => [fn.name, fn])),
    variables: new Map(),
    btf: undefined,
    unsupported: [],
  }
}

/** A key of which two share all bytes but one, which may be any. */
function keyOf(number: number, size: number): Uint8Array {
  const key = new Uint8Array(size).fill(0xa5)
  key[(number * 7) % size] = number
  return key
}

/** What each of many operations answers. */
function answers(type: number, maxEntries: number, engine: 'jit' | 'interp'): string[] {
  using machine = boot.virtual({ cpus: 2, seed: 7 })
  const { programs } = machine.load(objectOf(type, maxEntries), { engine })
  return KEY_SIZES.map((keySize) => {
    const said: string[] = []
    let state = 99
    for (let turn = 0; turn < 80; turn += 1) {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0
      // Three of four are lookups once there is something to find.
      const program = turn < 8 || state >>> 30 === 0 ? 2 + (turn > 8 ? (state >>> 29) & 1 : 0) : (state >>> 29) & 1
      const ctx = new Uint8Array(CONTEXT_BYTES)
      ctx.set(keyOf((state >>> 16) % 14, keySize))
      new DataView(ctx.buffer).setUint32(VALUE, 1000 * turn, true)
      const after = programs[`keys${keySize}_${program}`]!.run({ ctx, cpu: turn & 1 }).ctx as Uint8Array
      said.push(`${program}: ${after.slice(FOUND).join()}`)
    }
    return said.join('\n')
  })
}

for (const type of TYPES)
  test(`maps of type ${type}: lookups find the same under both engines`, () => {
    for (const maxEntries of type === MAP_TYPE_HASH ? [1, 8] : [8]) {
      const jit = answers(type, maxEntries, 'jit')
      const interp = answers(type, maxEntries, 'interp')
      for (const [at, keySize] of KEY_SIZES.entries()) {
        assert.equal(jit[at], interp[at], `keys of ${keySize} bytes, ${maxEntries} entries`)
        assert.ok(jit[at]!.includes('1,0,0,0,0,0,0,0,'), 'some are found')
        assert.ok(/^[01]: 0,0,0,0/m.test(jit[at]!), 'some are not')
      }
    }
  })

// Whatever the bytes are: a spec or a SkepError that names a place. Never another exception, a hang or a large
// allocation. Real objects are cut and mutated with fixed seeds.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SkepError } from '../../src/error.js'
import { Btf } from '../../src/object/btf.js'
import { Bytes } from '../../src/object/bytes.js'
import { findUnsupported } from '../../src/object/check.js'

import { parseObject, readObject } from '../../src/object/read.js'
import type { ObjectSpec } from '../../src/object/spec.js'
import { analyse } from '../../src/verify/analyse.js'
import { fixtureBytes } from './fixture.js'

const CODES = new Set(['BAD_ELF', 'BAD_BTF', 'BAD_OBJECT', 'BAD_TYPE', 'BAD_INSTRUCTION'])
const NAMES = ['types', 'special-fields', 'calls', 'core-relocations', 'initial-maps', 'unsupported', 'calls.nobtf']
const objects = NAMES.map((name) => ({ name, bytes: fixtureBytes(name) }))

/** Reads and uses an object; undefined if it was refused as it should be. */
function attempt(bytes: Uint8Array): ObjectSpec | undefined {
  try {
    const spec = parseObject(bytes, 'x.bpf.o')
    findUnsupported(spec, { helpers: new Set(), kfuncs: new Set(), mapTypes: new Set(), programTypes: new Set() })
    for (const map of spec.maps.values()) useTypes(spec, map.value)
    analyse(spec)
    return spec
  } catch (error) {
    if (!(error instanceof SkepError)) throw error
    assert.ok(CODES.has(error.code), `${error.code}: ${error.message}`)
    const hasPlace = /^x\.bpf\.o: section '.*', (offset|type) |^x\.bpf\.o, offset |^type '|^function '/.test(
      error.message,
    )
    assert.ok(hasPlace, error.message)
    return undefined
  }
}

function useTypes(spec: ObjectSpec, id: number): void {
  const { btf } = spec
  if (!btf || id === 0 || !btf.hasSize(id) || btf.leavesOf(id) > 10_000 || btf.sizeOf(id) > 1_000_000) return
  const bytes = new Uint8Array(btf.sizeOf(id))
  btf.encode(id, btf.decode(id, bytes))
}

const REFUSED: [what: string, change: (bytes: Uint8Array) => Uint8Array, message: RegExp][] = [
  ['an empty file', () => new Uint8Array(0), /expected the ELF magic/],
  ['a text file', () => new TextEncoder().encode('#!/bin/sh\necho hello\n'.repeat(10)), /expected the ELF magic/],
  ['only a header', (bytes) => bytes.slice(0, 64), /expected the first section header/],
  ['a 32-bit file', (bytes) => set(bytes, 4, 1), /expected a 64-bit file \(2\), found 1/],
  ['a big-endian file', (bytes) => set(bytes, 5, 2), /expected little-endian byte order \(1\), found 2/],
  ['an object for x86-64', (bytes) => set(bytes, 18, 62), /expected machine BPF \(247\), found 62/],
  ['a linked program', (bytes) => set(bytes, 16, 2), /expected a relocatable file/],
]

function set(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice()
  copy[at] = value
  return copy
}

for (const [what, change, message] of REFUSED)
  test(`${what} is refused by name`, () => {
    assert.throws(() => parseObject(change(fixtureBytes('calls')), 'x.bpf.o'), { code: 'BAD_ELF', message })
  })

test('a file that is not there is a typed error', async () => {
  await assert.rejects(readObject('no/such/file.bpf.o'), { name: 'SkepError', code: 'FILE', message: /no\/such\/file/ })
})

test('maps without BTF are refused by name', () => {
  const bytes = fixtureBytes('types')
  // The section's name in the string table, so that no section is called .BTF any more.
  const at = Buffer.from(bytes).lastIndexOf('.BTF\0')
  assert.ok(at > 0)
  assert.throws(() => parseObject(set(bytes, at, 0x2d), 'x.bpf.o'), { code: 'BAD_OBJECT', message: /\.maps.*has none/ })
})

test('an object cut anywhere is refused', () => {
  for (const { name, bytes } of objects)
    for (let length = 0; length < bytes.length; length += 1 + Math.floor(bytes.length / 150))
      assert.equal(attempt(bytes.slice(0, length)), undefined, `${name} cut to ${length} bytes`)
})

test('a section cut anywhere is read or refused', () => {
  for (const { bytes } of objects) {
    const view = new DataView(bytes.buffer)
    const table = Number(view.getBigUint64(40, true))
    for (let index = 1; index < view.getUint16(60, true); index++) {
      const field = table + index * 64 + 32
      const size = Number(view.getBigUint64(field, true))
      const steps = Array.from({ length: 24 }, (_, step) => Math.floor((size * step) / 24))
      for (const cut of new Set([...steps, 1, 4, 8, 12, 16, 24, size - 1, size - 4, size - 8, size - 16])) {
        if (cut < 0 || cut >= size) continue
        const copy = bytes.slice()
        new DataView(copy.buffer).setBigUint64(field, BigInt(cut), true)
        attempt(copy)
      }
    }
  }
})

test('an object with a few bytes changed is read or refused', () => {
  const change = fc.tuple(fc.nat({ max: 0xffffff }), fc.constantFrom(0, 1, 2, 8, 0x7f, 0x80, 0xff, 0x18, 0x85))
  fc.assert(
    fc.property(
      fc.nat({ max: objects.length - 1 }),
      fc.array(change, { minLength: 1, maxLength: 6 }),
      (index, changes) => {
        const bytes = objects[index]?.bytes.slice() ?? new Uint8Array()
        for (const [at, value] of changes) bytes[at % bytes.length] = value
        attempt(bytes)
      },
    ),
    { seed: 20251121, numRuns: 1500, endOnFailure: true },
  )
})

test('an object with words of its tables changed is read or refused', () => {
  // Words of headers and tables rather than of code: numbers that count, point and size.
  const interesting = fc.constantFrom(
    0,
    1,
    7,
    16,
    0xff,
    0xffff,
    0x10000,
    0x7fffffff,
    0x80000000,
    0xfffffff0,
    0xffffffff,
  )
  const value = fc.oneof(interesting, fc.nat({ max: 4000 }))
  const change = fc.tuple(fc.nat({ max: 0xffffff }), value)
  fc.assert(
    fc.property(
      fc.nat({ max: objects.length - 1 }),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      (index, changes) => {
        const bytes = objects[index]?.bytes.slice() ?? new Uint8Array()
        const view = new DataView(bytes.buffer)
        for (const [at, word] of changes) view.setUint32(4 * (at % Math.floor(bytes.length / 4)), word, true)
        attempt(bytes)
      },
    ),
    { seed: 424242, numRuns: 2000, endOnFailure: true },
  )
})

test('a section moved onto another is refused, so that work stays linear in the file', () => {
  const bytes = fixtureBytes('types')
  const view = new DataView(bytes.buffer)
  const table = Number(view.getBigUint64(40, true))
  const count = view.getUint16(60, true)
  for (let index = 1; index < count; index++) {
    view.setBigUint64(table + index * 64 + 24, 0n, true)
    view.setBigUint64(table + index * 64 + 32, BigInt(bytes.length), true)
  }
  assert.throws(() => parseObject(bytes, 'x.bpf.o'), { code: 'BAD_ELF' })
})

/** A BTF section of the given types (words) and one string. */
function btfOf(types: readonly number[]): Bytes {
  const strings = new TextEncoder().encode('\0T\0')
  const bytes = new Uint8Array(24 + types.length * 4 + strings.length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, 0xeb9f, true)
  view.setUint8(2, 1)
  ;[24, 0, types.length * 4, types.length * 4, strings.length].forEach((word, index) =>
    view.setUint32(4 + index * 4, word, true),
  )
  types.forEach((word, index) => view.setUint32(24 + index * 4, word, true))
  bytes.set(strings, 24 + types.length * 4)
  return new Bytes(bytes, { file: 'x.bpf.o', section: '.BTF', code: 'BAD_BTF' })
}

const kind = (number: number, count = 0) => (number << 24) | count
const int = [1, kind(1), 4, 32]
const typedef = (to: number) => [1, kind(8), to]
const pointer = (to: number) => [0, kind(2), to]

test('types that never end, nest too deep or refer to nothing are refused', () => {
  const refused = (types: number[], message: RegExp) =>
    assert.throws(() => Btf.read(btfOf(types)), { code: 'BAD_BTF', message })
  refused(typedef(1), /type 1 \('T'\): expected a finite type, but it contains itself/)
  refused([...typedef(2), ...typedef(1)], /contains itself/)
  refused([1, kind(4, 1), 8, 0, 1, 0], /contains itself/)
  refused([0, kind(3), 0, 1, 1, 4], /contains itself/)
  refused(typedef(7), /expected one of 2 types, found 7/)
  refused([...int, 0, kind(3), 0, 1, 1, 0x7fffffff], /expected an array below 4 GiB/)
  refused([...int, 1, kind(4, 1), 2, 0, 1, 0], /expected it to lie inside 2 bytes/)
  refused([1, kind(25), 0], /expected a kind from 1 to 19, found 25/)
  refused([1, kind(1), 3, 24], /expected an integer of 1, 2, 4, 8 or 16 bytes, found 3/)
  const chain = [...int, ...Array.from({ length: 70 }, (_, index) => typedef(index + 1)).flat()]
  refused(chain, /nested at most 64 deep/)
  refused(
    [...int, ...Array.from({ length: 50_000 }, (_, index) => typedef(index + 1)).flat()],
    /nested at most 64 deep/,
  )
})

test('a pointer to its own type is fine, and so is its name', () => {
  assert.equal(Btf.read(btfOf(pointer(1))).name(1), '… ****************')
  // A prototype of parameters that point to it.
  const parameters = Array.from({ length: 300 }, () => [0, 2]).flat()
  const btf = Btf.read(btfOf([0, kind(13, 300), 2, ...parameters, ...pointer(1)]))
  assert.ok(btf.name(1).length < 100_000)
})

test('a union of unions of unions is not decoded into more values than there are', () => {
  const level = (of: number) => [0, kind(5, 400), 4, ...Array.from({ length: 400 }, () => [1, of, 0]).flat()]
  const btf = Btf.read(btfOf([...int, ...level(1), ...level(2), ...level(3), ...level(4)]))
  const refused = { code: 'BAD_TYPE', message: /more than 16777216 values/ }
  assert.throws(() => btf.decode(5, new Uint8Array(4)), refused)
  assert.throws(() => btf.encode(5, {}), refused)
})

test('random bytes behind a good header are read or refused', () => {
  const header = fixtureBytes('calls').slice(0, 64)
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 3000 }), (rest) => {
      const bytes = new Uint8Array(64 + rest.length)
      bytes.set(header)
      bytes.set(rest, 64)
      new DataView(bytes.buffer).setBigUint64(40, 64n, true)
      attempt(bytes)
    }),
    { seed: 7, numRuns: 300, endOnFailure: true },
  )
})

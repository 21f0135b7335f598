// BTF types: values to bytes and back, names, sizes, refusals, by both compilers.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Btf } from '../../src/object/btf.js'
import { Bytes } from '../../src/object/bytes.js'
import { get, readFixture } from './fixture.js'

for (const name of ['types', 'types.c14']) {
  const spec = readFixture(name)
  const btf = spec.btf as Btf
  const value = get(spec.maps, 'values').value

  const sample = {
    u8: 255,
    s8: -128,
    u16: 65535,
    s16: -2,
    u32: 4294967295,
    s32: -2147483648,
    u64: 18446744073709551615n,
    s64: -9223372036854775808n,
    flag: true,
    text: [104, 105, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    mac: [1, 2, 3, 4, 5, 6],
    // Compilers before 15 did not say whether an enum is signed.
    color: name === 'types' ? -3 : 2,
    wide: name === 'types' ? 0x123456789abcdefn : 1n,
    inner: { port: 80, address: 16777343 },
    list: [
      { port: 1, address: 2 },
      { port: 3, address: 4 },
      { port: 5, address: 6 },
    ],
    matrix: [
      [1, -2, 3],
      [-4, 5, -6],
    ],
    as_word: 0x04030201,
    as_bytes: [1, 2, 3, 4],
    x: 7,
    y: 8,
    low: 5,
    middle: -16,
    high: 0xfffff,
    long_bits: 0xabcdef0123n,
    bit_flag: true,
    next: 0xffff888000000000n,
    function: 0n,
    single: 0.5,
    twice: -1e300,
    big: (1n << 127n) | 1n,
    empty: {},
  }

  test(`every kind of value comes back from its bytes as it went in (${name})`, () => {
    const bytes = btf.encode(value, sample)
    assert.equal(bytes.length, btf.sizeOf(value))
    assert.deepEqual(btf.decode(value, bytes), sample)
  })

  test(`only 64-bit integers and pointers are bigints (${name})`, () => {
    const decoded = btf.decode(value, new Uint8Array(btf.sizeOf(value))) as Record<string, unknown>
    const bigints = Object.keys(decoded).filter((key) => typeof decoded[key] === 'bigint')
    assert.deepEqual(bigints, ['u64', 's64', 'wide', 'long_bits', 'next', 'function', 'big'])
  })

  test(`bytes stand where the compiler put them (${name})`, () => {
    const at = (member: Record<string, unknown>) => {
      const bytes = btf.encode(value, member)
      const first = bytes.findIndex((byte) => byte !== 0)
      return [first, bytes.filter((byte) => byte !== 0).length]
    }
    assert.deepEqual(at({ u8: 1 }), [0, 1])
    assert.deepEqual(at({ s64: -1n }), [24, 8])
    assert.deepEqual(at({ text: 'ab' }), [33, 2])
    assert.deepEqual(at({ y: 1 }), [(at({ x: 1 })[0] as number) + 1, 1])
  })

  test(`a char array becomes a string only when asked and only when it is text (${name})`, () => {
    const bytes = btf.encode(value, { text: 'grüß', mac: [65, 66] })
    const decode = (from: Uint8Array) => btf.decode(value, from, { text: true }) as Record<string, unknown>
    assert.equal(decode(bytes)['text'], 'grüß')
    assert.deepEqual(decode(bytes)['mac'], [65, 66, 0, 0, 0, 0])
    const after = btf.encode(value, { text: [65, 0, 66] })
    assert.deepEqual(decode(after)['text'], [65, 0, 66, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    assert.equal(decode(new Uint8Array(bytes.length))['text'], '')
  })

  test(`what does not fit a type is refused with the member's name (${name})`, () => {
    const refused = (member: unknown, message: RegExp) =>
      assert.throws(() => btf.encode(value, member), { name: 'SkepError', code: 'BAD_VALUE', message })
    refused({ u8: 256 }, /struct value\.u8: expected an integer from 0 to 255, found 256/)
    refused({ s8: -129 }, /\.s8: expected an integer from -128 to 127/)
    refused({ u64: -1n }, /\.u64/)
    refused({ low: 8 }, /\.low: expected an integer from 0 to 7/)
    refused({ u32: 1.5 }, /\.u32: expected an integer/)
    refused({ u32: 'x' }, /\.u32: expected an integer, found 'x'/)
    refused({ nothing: 1 }, /expected one of the members u8, .*found 'nothing'/)
    refused({ inner: { port: 70000 } }, /struct value\.inner\.port/)
    refused({ list: [{ port: -1 }] }, /struct value\.list\[0\]\.port/)
    refused({ mac: [1, 2, 3, 4, 5, 6, 7] }, /\.mac: expected at most 6 elements/)
    refused({ text: 'a text that is too long' }, /\.text: expected at most 16/)
    refused({ color: 'BLUE' }, /\.color: expected one of RED, GREEN, NEGATIVE, found 'BLUE'/)
    refused(7, /expected an object, found 7/)
    refused([], /expected an object, found an array/)
  })

  test(`enumerators are taken by name (${name})`, () => {
    const bytes = btf.encode(value, { color: 'NEGATIVE', flag: 1 })
    const { color } = btf.decode(value, bytes) as { color: number }
    assert.equal(color | 0, -3)
    assert.equal(btf.enumerator(btf.find('enum', 'color'), color), 'NEGATIVE')
    assert.equal(btf.enumerator(btf.find('enum', 'color'), 77), undefined)
  })

  test(`types are named as C writes them (${name})`, () => {
    const named = (member: string) => {
      const type = btf.type(value)
      assert.ok(type.kind === 'struct')
      return btf.name(type.members.find((candidate) => candidate.name === member)?.type ?? 0)
    }
    assert.equal(btf.name(value), 'struct value')
    assert.equal(named('next'), 'struct value *')
    assert.equal(named('text'), 'char[16]')
    assert.equal(named('matrix'), 'int[2][3]')
    assert.equal(btf.name(0), 'void')
  })

  test(`too few bytes are refused (${name})`, () => {
    assert.throws(() => btf.decode(value, new Uint8Array(btf.sizeOf(value) - 1)), { code: 'BAD_VALUE' })
    assert.throws(() => btf.decode(0, new Uint8Array(8)), { code: 'BAD_TYPE' })
    assert.throws(() => btf.type(99999), { code: 'BAD_TYPE' })
  })

  test(`shared memory is decoded as well (${name})`, () => {
    const shared = new Uint8Array(new SharedArrayBuffer(btf.sizeOf(value)))
    shared.set(btf.encode(value, sample))
    assert.deepEqual(btf.decode(value, shared), sample)
    assert.equal((btf.decode(value, shared, { text: true }) as Record<string, unknown>)['text'], 'hi')
  })
}

test('timers, work and spin locks are left out of decoded values and ignored on the way back', () => {
  const spec = readFixture('special-fields')
  const btf = spec.btf as Btf
  const { value } = get(spec.maps, 'm_timer_wq_lock')
  const bytes = new Uint8Array(btf.sizeOf(value)).fill(1)
  assert.deepEqual(btf.decode(value, bytes), { n: 0x0101010101010101n })
  const encoded = btf.encode(value, { n: 5n, t: { anything: 1 }, lock: 3 })
  assert.deepEqual(btf.decode(value, encoded), { n: 5n })
  assert.equal(encoded.filter((byte) => byte !== 0).length, 1)
  const array = get(spec.maps, 'm_timer_array1').value
  assert.deepEqual(btf.decode(array, new Uint8Array(24)), { n: 0n })
})

const KERNEL = '/sys/kernel/btf/vmlinux'

test("all types of this machine's own kernel are read", { skip: !existsSync(KERNEL) && `no ${KERNEL} here` }, () => {
  const data = new Uint8Array(readFileSync(KERNEL))
  const btf = Btf.read(new Bytes(data, { file: 'vmlinux', section: '.BTF', code: 'BAD_BTF' }))
  assert.equal(btf.sizeOf(btf.find('struct', 'bpf_timer')), 16)
  const task = btf.find('struct', 'task_struct')
  const decoded = btf.decode(task, new Uint8Array(btf.sizeOf(task))) as Record<string, unknown>
  assert.equal(decoded['pid'], 0)
  assert.deepEqual(btf.encode(task, decoded), new Uint8Array(btf.sizeOf(task)))
})

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { parseObject } from '../../src/object/read.js'
import { plainText, typedText } from '../../src/object/typed-text.js'

const file = new URL('../../../examples/flow-timeout/flow-timeout.bpf.o', import.meta.url)
const spec = parseObject(readFileSync(file), 'flow-timeout.bpf.o')
const btf = spec.btf!
const key = spec.maps.get('flows')!.key

const v6 = (text: string): number[] => {
  const bytes = Buffer.from(text, 'hex')
  return [0, 4, 8, 12].map((at) => bytes.readUInt32LE(at))
}

test('addresses and ports in network byte order are written as people know them', () => {
  const value = {
    saddr: v6('00000000000000000000ffff0a000001'),
    daddr: v6('20010db8000000000000000000000001'),
    sport: 0xbb01,
    dport: 0x5000,
    protocol: 6,
  }
  assert.equal(
    typedText(btf, key, value),
    '{ saddr = 10.0.0.1, daddr = 2001:db8::1, sport = 443, dport = 80, protocol = 6 }',
  )
})

test('IPv6 addresses are shortened after RFC 5952', () => {
  const address = (hex: string) => typedText(btf, key, { saddr: v6(hex) }).slice('{ saddr = '.length, -' }'.length)
  assert.equal(address('00000000000000000000000000000000'), '::')
  assert.equal(address('20010db8000000010001000100010001'), '2001:db8:0:1:1:1:1:1')
  assert.equal(address('20010000000000010000000000000001'), '2001:0:0:1::1')
  assert.equal(address('fe800000000000000000000000000000'), 'fe80::')
})

test('values without a type: bytes, runs of equal elements, text', () => {
  assert.equal(plainText(new Uint8Array([1, 255])), 'hex:01ff')
  assert.equal(plainText([0, 0, 0, 0, 7]), '[0 × 4, 7]')
  assert.equal(plainText({ a: 1n, b: 'x', c: {} }), '{ a = 1, b = "x", c = {} }')
})

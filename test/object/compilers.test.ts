// Objects as different compilers and tools leave them: what is lost and what is refused.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boot } from '../../src/index.js'
import { parseObject } from '../../src/object/read.js'
import { fixtureBytes, readFixture } from './fixture.js'

/** The object without a section: its name becomes another, of the same length. */
function without(name: string, section: string): Uint8Array {
  const bytes = Buffer.from(fixtureBytes(name))
  const at = bytes.lastIndexOf(`${section}\0`)
  assert.ok(at > 0)
  bytes.write('.none', at)
  return bytes
}

test('without .BTF.ext functions have no lines, and the object loads', () => {
  const spec = parseObject(without('linked', '.BTF.ext'), 'linked.bpf.o')
  for (const fn of spec.functions.values()) assert.deepEqual(fn.lines, [])
  using machine = boot.virtual()
  assert.equal(machine.load(spec).programs['in_b']!.run({ data: new Uint8Array(64) }).retval, 200)
})

test('maps cannot be read without BTF, and the message says that', () => {
  assert.throws(() => parseObject(without('linked', '.BTF'), 'linked.bpf.o'), {
    code: 'BAD_OBJECT',
    message: /section '\.maps'.*expected the maps' types in section '\.BTF', but the object has none/,
  })
})

test('big-endian objects are refused at once', () => {
  assert.throws(() => readFixture('calls.big'), {
    code: 'BAD_ELF',
    message: /calls\.big\.bpf\.o, offset 0x5: expected little-endian byte order \(1\), found 2/,
  })
})

test('every compiler gives the same programs and maps', () => {
  const [first, ...others] = ['calls', 'calls.c14', 'calls.c16', 'calls.c22', 'calls.v1', 'calls.v4'].map((name) => {
    const { programs, maps } = readFixture(name)
    const kinds = [...programs.values()].map(({ name: program, type, section }) => `${program} ${type} ${section}`)
    return { programs: kinds, maps: [...maps.keys()] }
  })
  for (const other of others) assert.deepEqual(other, first)
})

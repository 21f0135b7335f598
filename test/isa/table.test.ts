import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assemble } from '../../src/isa/assemble.js'
import { decode } from '../../src/isa/decode.js'
import { disassemble } from '../../src/isa/disassemble.js'
import type { Form } from '../../src/isa/form.js'
import { FORMS, formNamed, formsOf } from '../../src/isa/table.js'

/** Operands that suit a form: every field that it uses is given another value. */
function sample(form: Form): { dst: number; src: number; offset: number; imm: number } {
  const jumps = form.kind === 'goto' || form.kind === 'jump' || form.kind === 'may-goto'
  return {
    dst: form.fixed.dst ?? (form.uses.has('dst') ? 3 : 0),
    src: form.fixed.src ?? (form.uses.has('src') ? 7 : 0),
    offset: form.fixed.offset ?? (form.uses.has('offset') ? (jumps ? 0 : -24) : 0),
    imm: form.fixed.imm ?? (form.uses.has('imm') ? (jumps && !form.uses.has('offset') ? 0 : -77) : 0),
  }
}

test('no two instructions can be taken for one another', () => {
  assert.equal(new Set(FORMS.map(({ name }) => name)).size, FORMS.length)
  for (const form of FORMS)
    for (const other of formsOf(form.opcode)) {
      if (other === form) continue
      const told = (['dst', 'src', 'offset', 'imm'] as const).some(
        (field) =>
          !form.uses.has(field) && !other.uses.has(field) && (form.fixed[field] ?? 0) !== (other.fixed[field] ?? 0),
      )
      assert.ok(told, `${form.name} and ${other.name}`)
    }
})

test(`every instruction survives assembling and decoding (${FORMS.length} forms)`, () => {
  for (const form of FORMS) {
    const { code } = assemble([
      { form, ...sample(form), high: form.kind === 'wide' ? 5 : 0 },
      { form: formNamed('exit') },
    ])
    const [instruction] = decode(code, 'f')
    assert.equal(instruction!.form.name, form.name)
    const { dst, src, offset, imm } = instruction!
    assert.deepEqual({ dst, src, offset, imm }, sample(form), form.name)
    assert.equal(instruction!.next, form.kind === 'wide' ? 2 : 1)
  }
})

test('every instruction has a text of its own', () => {
  const texts = new Map<string, string>()
  for (const form of FORMS) {
    const { code } = assemble([{ form, ...sample(form) }, { form: formNamed('exit') }])
    const text = disassemble(decode(code, 'f')[0]!)
    assert.ok(!text.includes('{') && !text.includes('undefined'), text)
    const same = texts.get(text)
    // 8- and 16-bit forms of atomics and the like differ in their text by the width.
    assert.equal(same, undefined, `${form.name} and ${same}: ${text}`)
    texts.set(text, form.name)
  }
})

test('opcodes are those of RFC 9669', () => {
  const expected: Record<string, number> = {
    'add32 imm': 0x04,
    'add32 reg': 0x0c,
    'add64 imm': 0x07,
    'add64 reg': 0x0f,
    'mov64 reg': 0xbf,
    'mov32 imm': 0xb4,
    'arsh64 imm': 0xc7,
    neg32: 0x84,
    neg64: 0x87,
    le16: 0xd4,
    be64: 0xdc,
    bswap32: 0xd7,
    ja: 0x05,
    gotol: 0x06,
    'jeq64 imm': 0x15,
    'jset64 reg': 0x4d,
    'jsle64 reg': 0xdd,
    'jlt32 imm': 0xa6,
    'call helper': 0x85,
    exit: 0x95,
    'lddw immediate': 0x18,
    ldxb: 0x71,
    ldxh: 0x69,
    ldxw: 0x61,
    ldxdw: 0x79,
    ldxsb: 0x91,
    ldxsw: 0x81,
    stb: 0x72,
    stdw: 0x7a,
    stxw: 0x63,
    stxdw: 0x7b,
    atomic_add32: 0xc3,
    atomic_add64: 0xdb,
    cmpxchg64: 0xdb,
    load_acquire8: 0xd3,
    store_release16: 0xcb,
    ldabsw: 0x20,
    ldindb: 0x50,
  }
  for (const [name, opcode] of Object.entries(expected)) assert.equal(formNamed(name).opcode, opcode, name)
})

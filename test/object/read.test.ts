// Reading as a whole: where the bytes come from, what a spec holds, names that occur twice.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { readElf } from '../../src/object/elf.js'
import { parseObject, readObject } from '../../src/object/read.js'
import { fixtureBytes, get } from './fixture.js'

const path = new URL('../../../test/fixtures/types.bpf.o', import.meta.url)

test('an object is read from a path, a file URL, a Buffer and shared memory alike', async () => {
  const expected = await readObject(path)
  const buffer = readFileSync(path)
  const shared = new Uint8Array(new SharedArrayBuffer(buffer.length))
  shared.set(buffer)
  for (const source of [path.pathname, buffer, new Uint8Array(buffer), shared]) {
    const spec = await readObject(source, 'types.bpf.o')
    assert.equal(spec.name, 'types')
    assert.equal(spec.license, 'Dual BSD/GPL')
    for (const part of ['maps', 'programs', 'functions', 'variables', 'unsupported'] as const)
      assert.deepEqual(spec[part], expected[part])
  }
})

test('a spec does not change when the bytes it was read from do', () => {
  const bytes = fixtureBytes('types')
  const spec = parseObject(bytes, 'types.bpf.o')
  const code = get(spec.functions, 'touch').code.slice()
  const data = get(spec.maps, '.data').contents?.slice()
  bytes.fill(0)
  assert.deepEqual(get(spec.functions, 'touch').code, code)
  assert.deepEqual(get(spec.maps, '.data').contents, data)
})

test('map specs say what the definition says', () => {
  const { maps } = parseObject(fixtureBytes('types'), 'types.bpf.o')
  const { type, keySize, valueSize, maxEntries, flags, pinning } = get(maps, 'values')
  assert.deepEqual([type, keySize, valueSize, maxEntries, flags, pinning], [1, 8, 192, 64, 1, 1])
  const sized = get(maps, 'sized')
  assert.deepEqual([sized.type, sized.keySize, sized.valueSize, sized.key, sized.value], [2, 4, 24, 0, 0])
  const rodata = get(maps, '.rodata')
  assert.deepEqual([rodata.type, rodata.keySize, rodata.maxEntries, rodata.flags], [2, 4, 1, 128 | 1024])
  assert.equal(get(maps, '.bss').contents, undefined)
})

test('static functions of one name, as a linker leaves them, are told apart', () => {
  const bytes = fixtureBytes('calls')
  const elf = readElf(bytes, 'calls.bpf.o')
  const view = new DataView(bytes.buffer)
  const headers = Number(view.getBigUint64(40, true))
  const table = elf.sections.find((section) => section.type === 2)
  const symbols = Number(view.getBigUint64(headers + (table?.index ?? 0) * 64 + 24, true))
  const at = (name: string) => symbols + (elf.symbols.find((symbol) => symbol.name === name)?.index ?? 0) * 24
  view.setUint32(at('each_other'), view.getUint32(at('each_step'), true), true)
  const { functions } = parseObject(bytes, 'calls.bpf.o')
  const targets = get(functions, 'first').relocations.flatMap((relocation) =>
    relocation.kind === 'function-pointer' ? [relocation.function] : [],
  )
  assert.deepEqual(targets, ['each_step', 'each_step#2'])
  assert.equal(get(functions, 'each_step#2').code.length, 32)
})

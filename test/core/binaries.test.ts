// What the two compiled cores must look like (design rules of the core): nothing gets past the door, nothing is hidden.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import binaryen from 'binaryen'

const parse = async (name: string) =>
  binaryen.readBinary(await readFile(new URL(`../../core/${name}`, import.meta.url)))

function bodies(module: binaryen.Module): { name: string; body: number }[] {
  const found = []
  for (let index = 0; index < module.getNumFunctions(); index++) {
    const info = binaryen.getFunctionInfo(module.getFunctionByIndex(index))
    if (info.body !== 0) found.push({ name: info.name, body: info.body })
  }
  return found
}

const MEMORY = /\b(?:i32|i64|f32|f64|v128)\.(?:load|store|atomic)|\bmemory\.|\batomic\./

describe('the shipped core', () => {
  test('has no data segment, no start function, no runtime of the language', async () => {
    const text = (await parse('core.wasm')).emitText()
    assert.doesNotMatch(text, /\(data|\(start/)
    assert.doesNotMatch(text, /__new|__pin|__collect|abort/)
  })

  test('has one mutable global: the address of its CPU', async () => {
    const globals = [...(await parse('core.wasm')).emitText().matchAll(/\(global \$\S+ \(mut/g)]
    assert.equal(globals.length, 1)
  })

  test('imports the memory, the clock and the fault of the host, nothing else', async () => {
    const imports = [...(await parse('core.wasm')).emitText().matchAll(/\(import "(\S+)" "(\S+)"/g)]
    assert.deepEqual(imports.map(([, from, name]) => `${from}.${name}`).sort(), [
      'env.memory',
      'host.clock',
      'host.fault',
    ])
  })

  test('has a last local that nothing uses in each function that waits: an engine overwrites it', async () => {
    const module = await parse('core.wasm')
    let waiting = 0
    for (const { name, body } of bodies(module)) {
      const text = binaryen.emitText(body)
      if (!text.includes('memory.atomic.wait')) continue
      waiting++
      const { params, vars } = binaryen.getFunctionInfo(module.getFunction(name))
      const last = binaryen.expandType(params).length + vars.length - 1
      assert.doesNotMatch(text, new RegExp(`\\(local\\.(get|set|tee) \\$?${last}\\b`), name)
      assert.match(text, /\(local\.get \$?\d+\b/)
    }
    assert.ok(waiting > 2)
  })

  test('has no call to a door function: every access was inlined to its instruction', async () => {
    const module = await parse('core.wasm')
    const exported = new Set(
      Array.from(
        { length: module.getNumExports() },
        (_, at) => binaryen.getExportInfo(module.getExportByIndex(at)).value,
      ),
    )
    for (const { name, body } of bodies(module)) {
      if (exported.has(name)) continue
      const text = binaryen.emitText(body)
      const instructions = text.match(/\((?!local\.get|i32\.const|i64\.const)[a-z0-9_.]+/g) ?? []
      assert.ok(instructions.length !== 1 || !MEMORY.test(text), `${name} is nothing but ${text}`)
    }
  })
})

describe('the check build of the core', () => {
  test('has no memory and no memory instruction at all: nothing gets past the door', async () => {
    const text = (await parse('core.check.wasm')).emitText()
    assert.doesNotMatch(text, MEMORY)
    assert.doesNotMatch(text, /\(memory|\(data|\(start/)
  })

  test('imports the three hooks and the fault of the host', async () => {
    const imports = [...(await parse('core.check.wasm')).emitText().matchAll(/\(import "(\S+)" "(\S+)"/g)]
    assert.deepEqual(imports.map(([, from, name]) => `${from}.${name}`).sort(), [
      'hook.access32',
      'hook.access64',
      'hook.high',
      'host.fault',
    ])
  })

  test('exports what the shipped core exports', async () => {
    const names = (module: binaryen.Module) =>
      [...module.emitText().matchAll(/\(export "(\S+)"/g)].map((match) => match[1]).sort()
    assert.deepEqual(names(await parse('core.check.wasm')), names(await parse('core.wasm')))
  })
})

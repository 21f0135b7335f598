// The core is used only with the code that was built from the same sources.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { readCore } from '../../src/machine/cpu/core-module.js'
import { coded } from './probes.js'

const core = new URL('../../core/core.wasm', import.meta.url)
const stamp = new URL('../../src/machine/cpu/core-stamp', import.meta.url)

test('a core of other sources, without a stamp or missing is refused', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'skep-core-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = (name: string): URL => pathToFileURL(join(folder, name))
  writeFileSync(file('core-stamp'), 'another')
  writeFileSync(file('core.wasm'), Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))
  assert.ok(readCore(core, stamp) instanceof WebAssembly.Module)
  assert.throws(
    () => readCore(core, file('core-stamp')),
    coded('NO_CORE', /other sources \([0-9a-f]{32}\).*\(another\)/),
  )
  assert.throws(() => readCore(file('core.wasm'), stamp), coded('NO_CORE', /other sources \(no stamp\).*npm run build/))
  assert.throws(() => readCore(file('none.wasm'), stamp), coded('NO_CORE', /none\.wasm is missing/))
  assert.throws(() => readCore(core, file('none')), coded('NO_CORE', /none is missing/))
})

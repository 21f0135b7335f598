// The code of an object is optimised before its first call, or, by V8 from 13.7 on, soon after. V8 itself is asked, by
// two of its test functions.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { setTimeout as sleep } from 'node:timers/promises'
import { compileOptimised, compileSoonOptimised } from '../../src/machine/cpu/optimised.js'

/** (module) (func (export "f") (result i32) i32.const 7) */
const MODULE = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7f, 0x03, 0x02, 0x01, 0x00],
  ...[0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00, 0x0a, 0x06, 0x01, 0x04, 0x00, 0x41, 0x07, 0x0b],
)

/** The same with an empty custom section: V8 keeps compiled code by the bytes. */
function withSection(name: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(...MODULE, 0x00, 0x02, 0x01, name)
}

/** (module) (func (result i32) i32.const 7) (func (export "f") (result i32) call 0) */
const CALLING = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7f, 0x03, 0x03, 0x02, 0x00],
  ...[0x00, 0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x01, 0x0a, 0x0b, 0x02, 0x04, 0x00, 0x41, 0x07, 0x0b, 0x04, 0x00, 0x10],
  ...[0x00, 0x0b],
)

type Answer = (fn: unknown) => boolean

function isQuickCode(t: TestContext): Answer | undefined {
  setFlagsFromString('--allow-natives-syntax')
  try {
    return new Function('fn', 'return %IsLiftoffFunction(fn)') as Answer
  } catch {
    t.skip('this V8 does not tell which compiler made a function')
    return undefined
  } finally {
    setFlagsFromString('--no-allow-natives-syntax')
  }
}

function called(module: WebAssembly.Module): () => number {
  const { f } = new WebAssembly.Instance(module).exports as { f: () => number }
  assert.equal(f(), 7)
  return f
}

/**
 * Of twenty modules compiled as anybody would: V8's quick compiler makes each, and nothing replaces it behind its back.
 */
function quickOnes(quick: Answer, first: number): number {
  let count = 0
  for (let name = first; name < first + 20; name++)
    if (quick(called(new WebAssembly.Module(withSection(name))))) count += 1
  return count
}

const [major = 0, minor = 0] = process.versions.v8.split('.').map(Number)
const compilesUnseen = major < 13 || (major === 13 && minor < 7)

test('a function is optimised code at or after its first call; modules of others are compiled as before', async (t) => {
  const quick = isQuickCode(t)
  if (!quick) return
  const f = called(compileOptimised(MODULE))
  if (compilesUnseen) assert.equal(quick(f), false)
  for (let call = 0; call < 1_000; call++) assert.equal(f(), 7)
  while (quick(f)) await sleep(5)
  assert.equal(quickOnes(quick, 0x30), 20)
})

// V8 14 ended the process.
test('functions that call each other are optimised together', async (t) => {
  const quick = isQuickCode(t)
  const f = called(compileOptimised(CALLING))
  for (let call = 0; call < 1_000; call++) assert.equal(f(), 7)
  while (quick?.(f)) await sleep(5)
})

test('a function that is called often is soon optimised code; modules of others as late as before', async (t) => {
  const quick = isQuickCode(t)
  if (!quick) return
  const soon = called(compileSoonOptimised(withSection(0x70)))
  const later = called(new WebAssembly.Module(withSection(0x71)))
  assert.equal(quick(soon), true)
  for (let call = 0; call < 60_000; call++) assert.equal(soon() + later(), 14)
  // Another thread compiles it; if that never ended, neither would the test.
  while (quick(soon)) await sleep(5)
  assert.equal(quick(later), true)
})

test('what is no module is refused, and leaves nothing changed', (t) => {
  const quick = isQuickCode(t)
  assert.throws(() => compileOptimised(MODULE.subarray(0, 20)), WebAssembly.CompileError)
  if (quick) assert.equal(quickOnes(quick, 0x50), 20)
})

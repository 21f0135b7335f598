// Real programs are not refused: all objects of examples, benchmark and tests that the kernel takes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAP_TYPE_RINGBUF } from '../../core/abi.js'
import * as asm from '../../src/isa/assemble.js'
import type { Line } from '../../src/isa/assemble.js'
import { analyse } from '../../src/verify/analyse.js'
import { prove } from '../../src/verify/prove.js'
import { refusalText } from '../../src/verify/refusal.js'
import { objectsIn, readSpec } from './objects.js'
import { map, specOf } from './programs.js'

/** Objects with programs that the kernel refuses, too, or that the loader has to change first. */
const OTHERS =
  /golden\/verifier\/|special-fields|machine\/probes|kinds|helpers\/(refused|traced)|narrow-keys|kconfig|calls\.big/

const RESERVE = 131
const SUBMIT = 132

const paths = ['examples/', 'bench/', 'test/'].flatMap(objectsIn).filter((path) => !OTHERS.test(path))

for (const path of paths)
  test(`nothing is refused in ${path}`, () => {
    const spec = readSpec(path)
    assert.deepEqual(analyse(spec).refusals.map(refusalText), [])
    for (const fn of spec.functions.values()) prove(spec, fn)
  })

test('what was put into the frame is what an atomic reads there, and a release puts there what a load reads', () => {
  const refusals = (kept: Line, read: Line): readonly string[] => {
    const lines = [
      asm.loadReference('r1', { kind: 'map', map: 'ring' }),
      asm.mov('r2', 8),
      asm.mov('r3', 0),
      asm.call(RESERVE),
      asm.jump('eq', 'r0', 0, 'end'),
      kept,
      read,
      asm.mov('r2', 0),
      asm.call(SUBMIT),
      asm.label('end'),
      asm.mov('r0', 0),
      asm.exit(),
    ]
    const ring = map('ring', { type: MAP_TYPE_RINGBUF, keySize: 0, valueSize: 0, maxEntries: 4096 })
    return analyse(specOf([{ name: 'main', lines, program: {} }], [ring])).refusals.map(refusalText)
  }
  const stored = asm.store(64, 'r10', -8, 'r0')
  const released = asm.atomic('store_release', 64, 'r10', -8, 'r0')
  const loaded = asm.load(64, 'r1', 'r10', -8)
  const acquired = asm.atomic('load_acquire', 64, 'r10', -8, 'r1')
  for (const kept of [stored, released])
    for (const read of [loaded, acquired]) assert.deepEqual(refusals(kept, read), [])
  assert.match(refusals(stored, asm.mov('r1', 8)).join(), /R1 type=scalar expected=ringbuf_mem/)
})

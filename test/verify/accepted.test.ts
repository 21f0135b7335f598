// Real programs are not refused: all objects of examples, benchmark and tests that the kernel takes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { analyse } from '../../src/verify/analyse.js'
import { prove } from '../../src/verify/prove.js'
import { refusalText } from '../../src/verify/refusal.js'
import { objectsIn, readSpec } from './objects.js'

/** Objects with programs that the kernel refuses, too, or that the loader has to change first. */
const OTHERS =
  /golden\/verifier\/|special-fields|machine\/probes|kinds|helpers\/(refused|traced)|narrow-keys|kconfig|calls\.big/

const paths = ['examples/', 'bench/', 'test/'].flatMap(objectsIn).filter((path) => !OTHERS.test(path))

for (const path of paths)
  test(`nothing is refused in ${path}`, () => {
    const spec = readSpec(path)
    assert.deepEqual(analyse(spec).refusals.map(refusalText), [])
    for (const fn of spec.functions.values()) prove(spec, fn)
  })

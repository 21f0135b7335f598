// Wrong uses of timers, work and spin locks that are certain before load, against the verifier's verdicts.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { findFieldMisuse } from '../../src/object/field-use.js'
import { parseObject } from '../../src/object/read.js'
import type { ObjectSpec } from '../../src/object/spec.js'
import { VERDICTS } from '../golden/verifier/verdicts.js'
import { GOOD, get, readFixture } from './fixture.js'

const root = new URL('../../../', import.meta.url)

function readGolden(path: string): ObjectSpec {
  return parseObject(new Uint8Array(readFileSync(new URL(path, root))), path)
}

/** What is certain without a verifier of values: every word of the kernel but those that need value ranges or types. */
const BEYOND = [
  'R0 pointer arithmetic on map_value_or_null prohibited, null-check it first',
  'At async callback return the register R0 has smin=1 smax=1 should have been in [0, 0]',
  'At async callback return the register R0 has unknown scalar value should have been in [0, 0]',
  'write to change key R2 not allowed',
  'R3 min value is outside of the allowed memory range',
  'function calls are not allowed while holding a lock',
  'tracing progs cannot use bpf_timer yet',
]

for (const { object, program, refused } of VERDICTS)
  test(`what the kernel says of ${object}/${program} is said before it is loaded, where it is certain`, () => {
    const spec = readGolden(`test/golden/verifier/${object}.bpf.o`)
    const problems = findFieldMisuse(spec, get(spec.functions, program))
    if (refused === undefined || BEYOND.includes(refused)) assert.deepEqual(problems, [])
    else {
      assert.ok(problems[0]?.endsWith(`: ${refused}`), `expected: ${refused}\nfound: ${problems.join('\n')}`)
      assert.match(problems[0] ?? '', /^function '\w+', instruction \d+ \(.*verifier\/[a-z-]+\.bpf\.c:\d+\): /)
    }
  })

const OBJECTS = [
  'examples/flow-timeout/flow-timeout.bpf.o',
  'examples/rate-limiter/rate-limiter.bpf.o',
  'examples/deferred-work/deferred-work.bpf.o',
  'examples/shared-from-typescript/sessions.bpf.o',
  'test/golden/timer-cases.bpf.o',
  'test/golden/wq-cases.bpf.o',
]

for (const path of OBJECTS)
  test(`nothing is said of a program that the kernel takes (${path})`, () => {
    const spec = readGolden(path)
    for (const fn of spec.functions.values()) assert.deepEqual(findFieldMisuse(spec, fn), [])
  })

for (const object of GOOD.filter((name) => !name.startsWith('special-fields')))
  test(`nothing is said of a program that uses no timer wrongly (${object})`, () => {
    const spec = readFixture(object)
    for (const fn of spec.functions.values()) assert.deepEqual(findFieldMisuse(spec, fn), [])
  })

for (const object of ['special-fields', 'special-fields.c14'])
  test(`the first problem of a map is what a program that uses it is refused with (${object})`, () => {
    const spec = readFixture(object)
    for (const [name, fn] of spec.functions) {
      const map = get(spec.maps, name.slice(2))
      const field = name.startsWith('t_') ? 'bpf_timer' : 'bpf_wq'
      const offset = name.startsWith('t_') ? map.timerOffset : map.workOffset
      const problem = map.problems.find((line) => line.endsWith(field)) ?? `map '${map.name}' has no valid ${field}`
      const expected =
        offset === 0 ? [] : [offset < 0 ? problem : `off 0 doesn't point to 'struct ${field}' that is at ${offset}`]
      assert.deepEqual(
        findFieldMisuse(spec, fn).map((line) => line.slice(line.indexOf('): ') + 3)),
        expected,
        name,
      )
    }
  })

// Which map definitions may hold a timer, work or a lock: the reader says of each map what the kernel would say.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readObject } from '../../src/object/read.js'
import { VERDICTS } from './verifier/verdicts.js'

const FOLDER = fileURLToPath(new URL('../../../test/golden/verifier/', import.meta.url))

for (const { program, refused } of VERDICTS.filter(({ object }) => object === 'map-definitions'))
  test(`${program}: ${refused ?? 'accepted'}`, async () => {
    const spec = await readObject(`${FOLDER}map-definitions.bpf.o`)
    assert.deepEqual(spec.unsupported, [])
    const map = spec.maps.get(program.slice(2))
    assert.ok(map)
    const offset = program.startsWith('t_') ? map.timerOffset : map.workOffset
    if (refused === undefined) assert.deepEqual([offset >= 0, map.problems], [true, []])
    else assert.ok(offset === -1 && map.problems.includes(refused), `problems: ${map.problems.join('; ')}`)
  })

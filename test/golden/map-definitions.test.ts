// Which map definitions may hold a timer, work or a lock: the reader says of each map what the kernel would say, and a
// program that uses a bad one is refused when it is loaded, in the kernel's words.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { boot, readObject, SkepError } from '../../src/index.js'
import { VERDICTS } from './verifier/verdicts.js'

const OBJECT = fileURLToPath(new URL('../../../test/golden/verifier/map-definitions.bpf.o', import.meta.url))

for (const { program, refused } of VERDICTS.filter(({ object }) => object === 'map-definitions'))
  test(`${program}: ${refused ?? 'accepted'}`, async () => {
    const spec = await readObject(OBJECT)
    assert.deepEqual(spec.unsupported, [])
    const map = spec.maps.get(program.slice(2))
    assert.ok(map)
    const offset = program.startsWith('t_') ? map.timerOffset : map.workOffset
    if (refused === undefined) assert.deepEqual([offset >= 0, map.problems], [true, []])
    else assert.ok(offset === -1 && map.problems.includes(refused), `problems: ${map.problems.join('; ')}`)

    const machine = boot.virtual({ cpus: 1, memory: '8 MiB' })
    const load = () => machine.load(spec, { programs: [program] })
    if (refused === undefined) assert.equal(load().programs[program]!.name, program)
    else assert.throws(load, (error) => error instanceof SkepError && error.message.includes(refused))
    machine.close()
  })

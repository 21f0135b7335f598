// Every helper family on both engines: the answers that Linux gave (record.ts), case by case.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { boot } from '../../src/index.js'
import { parseObject } from '../../src/object/read.js'
import { answer, casesOf, families, objectFile, recordedAnswers } from './families.js'

const bytesOf = (value: unknown, bytes: 1 | 8): Uint8Array =>
  bytes === 1 ? Uint8Array.from(value as number[]) : new Uint8Array(BigInt64Array.from(value as bigint[]).buffer)

for (const engine of ['jit', 'interp'] as const)
  for (const family of families)
    describe(`${family.name} helpers on ${engine}`, () => {
      const spec = parseObject(readFileSync(objectFile(family)), family.name)
      const recorded = recordedAnswers(family)
      const programs = [...spec.programs.values()].filter(({ name }) => !family.ours.includes(name))
      const cases = casesOf(family, programs)

      test('every case has an answer of the kernel', () => {
        assert.deepEqual(cases.map(({ name }) => name).sort(), [...recorded.keys()].sort())
      })

      for (const { name, program, data, ctx } of cases)
        test(name, () => {
          using machine = boot.virtual({ memory: '4 MiB' })
          const object = machine.load(spec, { engine, programs: [program] })
          const run = object.programs[program]!.run({ ...(data && { data }), ...(ctx && { ctx }) })
          const found = answer({
            retval: run.retval,
            data: run.data,
            ctx: ctx && (run.ctx as Uint8Array),
            out: bytesOf(object.variables['out']!.get(), 8),
            text: bytesOf(object.variables['text']!.get(), 1),
          })
          assert.deepEqual(found, recorded.get(name))
        })
    })

// Every hazard of the contract (docs/contract.md) has a test that says so: [H1] to [H38] each stand in the name of at
// least one.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const HAZARDS = 38
const sources = new URL('../../test/', import.meta.url)

test('the contract describes the 38 hazards, in order', () => {
  const contract = readFileSync(new URL('../../docs/contract.md', import.meta.url), 'utf8')
  const described = [...contract.matchAll(/^- \*\*H(\d+) /gm)].map(([, number]) => Number(number))
  assert.deepEqual(
    described,
    Array.from({ length: HAZARDS }, (_, index) => index + 1),
  )
})

test('each of the 38 hazards of the contract stands in the name of a test', () => {
  const named = new Set<number>()
  for (const file of readdirSync(sources, { recursive: true, encoding: 'utf8' }))
    if (file.endsWith('.test.ts'))
      for (const [, number] of readFileSync(new URL(file, sources), 'utf8').matchAll(/\[H(\d+)[\],]|, H(\d+)\]/g))
        if (number !== undefined) named.add(Number(number))
  const missing = Array.from({ length: HAZARDS }, (_, index) => index + 1).filter((number) => !named.has(number))
  assert.deepEqual(missing, [])
})

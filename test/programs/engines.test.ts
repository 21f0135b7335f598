// Programs as one writes them for production, with libbpf's headers and several compilers: both engines answer what
// Linux answered (record.ts).
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { scenarios } from './scenarios.js'
import { FOLDER, objectsOf, transcript } from './transcript.js'

const recorded = JSON.parse(readFileSync(new URL('answers.json', FOLDER), 'utf8')) as Record<string, string[]>

for (const engine of ['jit', 'interp'] as const)
  describe(`programs on ${engine}`, () => {
    for (const scenario of scenarios)
      for (const file of objectsOf(scenario))
        test(file, () => assert.deepEqual(transcript(scenario, file, engine), recorded[scenario.name]))
  })

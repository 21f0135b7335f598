// The committed objects and their manifests.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../../..', import.meta.url))

test('every committed object belongs to its source, and is what its compiler makes of it', async (t) => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['scripts/build-objects.mjs', '--check', 'examples', 'test/fixtures'],
    { cwd: root },
  )
  for (const line of stdout.trim().split('\n')) t.diagnostic(line)
  assert.match(stdout, /, 0 wrong\n$/)
})

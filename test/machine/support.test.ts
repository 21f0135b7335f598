// docs/support.md says what the tables say.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

test('docs/support.md is current (node scripts/support.mjs writes it)', () => {
  const script = fileURLToPath(new URL('../../../scripts/support.mjs', import.meta.url))
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
})

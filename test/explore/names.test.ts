// Traces speak of fields: each word of the core that a named subject's operations come to has a name, whatever the map.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explore, replay } from '../../src/explore/index.js'
import { reachedFields } from '../../src/explore/reach.js'
import { named } from './named.js'

const ONE_OF_EACH = [
  'map/2-holding-1/delete-1/update-1',
  'map/lru/1/insert-3/delete-1',
  'map/per-cpu/update-1/delete-1',
  'map/locked/update-1-locked/update-1-locked-again',
  'queue/1-of-2/push/pop',
  'stack/1-of-2/push/pop',
  'trie/holding-1/set-1/delete-1',
  'ring/put/put',
  'user-ring/submit/drain',
  'lock/two',
]

test('every word that operations on maps use is a field with a name', () => {
  for (const entry of named(ONE_OF_EACH).filter(({ variant }) => variant === 'plain')) {
    const subject = entry.subject(false)
    explore(subject, { preemptions: 0 })
    const fields = reachedFields(subject).map(([field]) => field)
    assert.ok(fields.length > 5, entry.name)
    assert.deepEqual(
      fields.filter((field) => /0x/.test(field)),
      [],
      entry.name,
    )
  }
})

test('links are shown as what they lead to', () => {
  const [entry] = named(['map/2-holding-1/delete-1/update-1']).filter(({ variant }) => variant === 'plain')
  const lines = replay(entry!.subject(false), 'a40').lines.map(({ text }) => text)
  assert.ok(
    lines.some((text) => /^load bucket\[0\] = \{element#\d+, v\d+\}$/.test(text)),
    lines.join('\n'),
  )
  assert.ok(lines.some((text) => /^cas element#\d+\.link \{none, v\d+\} → \{none, marked, v\d+\}$/.test(text)))
})

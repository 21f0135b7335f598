// Real threads and the real clock: what is tested is what must hold whatever the timing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Service } from './service.js'

test('threads share sessions, and idle sessions end by their timers', async () => {
  const service = await Service.start({ threads: 2, timeout: 2000 })
  try {
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => service.request(1 + (i % 5), 10)))
    // However the threads took turns, each user's requests were counted 1 to 40, each number once.
    for (let user = 0; user < 5; user++) {
      const counted = answers.filter((_, i) => i % 5 === user).sort((a, b) => a - b)
      assert.deepEqual(
        counted,
        Array.from({ length: 40 }, (_, i) => i + 1),
      )
    }
    const sessions = await service.sessions()
    assert.deepEqual([...sessions.keys()].sort(), [1n, 2n, 3n, 4n, 5n])
    for (const { requests, bytes } of sessions.values()) assert.deepEqual([requests, bytes], [40n, 400n])
    assert.deepEqual(await service.counters(), { opened: 5n, ended: 0n })

    while ((await service.counters()).ended < 5n) await sleep(50)
    assert.equal((await service.sessions()).size, 0)
  } finally {
    await service.close()
  }
})

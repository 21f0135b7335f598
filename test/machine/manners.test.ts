// A machine in somebody else's process: it does not hold it, does not print, and leaves its flags alone.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

const index = new URL('../../src/index.js', import.meta.url).href
const probes = new URL('../../../test/machine/probes.bpf.o', import.meta.url).pathname

/**
 * Runs a script; its output and exit code. Kills it, with code -1, if it lives half a second after printing `until`.
 * `preloaded`: a script that each of its threads runs first.
 */
async function run(script: string, until?: string, preloaded = ''): Promise<{ code: number; output: string }> {
  const source = `import { boot } from ${JSON.stringify(index)}; const probes = ${JSON.stringify(probes)};\n${script}`
  const env = { ...process.env, NODE_OPTIONS: preloaded && `--require=${preloaded}` }
  const args = ['--input-type=module', '-e', source]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env })
  let output = ''
  let timer = setTimeout(() => child.kill('SIGKILL'), 30_000)
  const hear = (data: Buffer): void => {
    output += data.toString()
    if (until === undefined || !output.includes(until)) return
    clearTimeout(timer)
    timer = setTimeout(() => child.kill('SIGKILL'), 500)
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const code = await new Promise<number>((resolve) => child.on('close', (exit) => resolve(exit ?? -1)))
  clearTimeout(timer)
  return { code, output }
}

const armed = `
  const request = new Uint8Array(24); new DataView(request.buffer).setBigUint64(8, 3_600_000_000_000n, true)
  const object = await machine.load(probes, { checks: false })
  await object.programs.start_timer.run({ ctx: request })`

test('its import opens no stream of the process, and loads nothing that only some machines need', async () => {
  const { output } = await run(`
    const loaded = process.moduleLoadList.map((entry) => entry.replace('NativeModule ', ''))
    const asked = ['worker_threads', 'crypto', 'zlib', 'net', 'tty']
    process.stdout.write(asked.filter((name) => loaded.includes(name)).join())`)
  assert.equal(output, 'worker_threads')
})

test('armed timers and idle threads do not keep the process alive', async () => {
  for (const options of ['{ cpus: 2 }', `{ cpus: 'inline' }`]) {
    const polls = options.includes('inline') ? 'machine.keepPolling()' : ''
    const { code, output } = await run(
      `const machine = await boot(${options});${armed}\n${polls}\nprocess.stdout.write('end')`,
    )
    assert.deepEqual({ code, output }, { code: 0, output: 'end' }, options)
  }
})

test('a pending run keeps the process alive until it is done', async () => {
  const { code, output } = await run(`const machine = await boot({ cpus: 1 })
    const object = await machine.load(probes, { checks: false })
    object.programs.count.run({ repeat: 200_000 }).then(({ retval }) => process.stdout.write('ran ' + retval))`)
  assert.deepEqual({ code, output }, { code: 0, output: 'ran 0' })
})

test('after ref() armed timers keep it alive', async () => {
  for (const boot of [`await boot({ cpus: 1 })`, `boot({ cpus: 'inline' }).keepPolling()`]) {
    const { code } = await run(
      `const machine = ${boot};${armed}\nmachine.ref(); process.stdout.write('armed')`,
      'armed',
    )
    assert.equal(code, -1, boot)
  }
})

test('a machine that is closed lets the process end, referenced or not', async () => {
  const { code } = await run(`const machine = await boot({ cpus: 2 });${armed}\nmachine.ref(); await machine.close()`)
  assert.equal(code, 0)
})

test('an unheard fault in a callback is thrown from the event loop once; what is due later still fires', async () => {
  const { code, output } = await run(`
    process.on('uncaughtException', ({ code }) => process.stdout.write(code + ' '))
    const machine = boot({ cpus: 'inline' }).keepPolling().ref()
    const { programs, maps } = machine.load(probes, { checks: false })
    const request = (which, nanoseconds) => {
      const ctx = new Uint8Array(24), view = new DataView(ctx.buffer)
      view.setUint32(0, which, true)
      view.setBigUint64(8, BigInt(nanoseconds), true)
      return ctx
    }
    programs.start_refusing_timer.run({ ctx: request(0, 1e6) })
    programs.start_timer.run({ ctx: request(1, 20e6) })
    const look = setInterval(() => {
      if (maps.slots.get(1).fired === 0n) return
      clearInterval(look)
      machine.close()
      process.stdout.write('fired')
    }, 5)`)
  assert.deepEqual({ code, output }, { code: 0, output: 'FAULT_CALLBACK_RESULT fired' })
})

for (const [how, starts] of [
  ['ends', 'process.exit(3)'],
  ['throws', `throw new TypeError('preloaded')`],
  ['throws nothing', 'throw undefined'],
] as const)
  test(`a machine with a thread that ${how} before it is a CPU does not boot, and leaves nothing`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'skep-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const preloaded = join(folder, 'preloaded.cjs')
    // The second thread only: the first one has become a CPU, or is about to.
    writeFileSync(
      preloaded,
      `const { isMainThread, threadId } = require('node:worker_threads')\nif (!isMainThread && threadId === 2) ${starts}`,
    )
    const script = `
      await boot({ cpus: 2 }).then(() => 'booted', ({ name, code, message }) => name + ' ' + code + ' ' + message)
        .then((said) => process.stdout.write(said))`
    const { code, output } = await run(script, undefined, preloaded)
    const reason = { ends: 'ended with code 3', throws: 'threw: preloaded', 'throws nothing': 'threw: undefined' }[how]
    assert.deepEqual(
      { code, output },
      { code: 0, output: `SkepError CPU_DEAD CPU 1 did not start: its thread ${reason}` },
    )
  })

test('a machine whose second thread cannot be made does not boot, and leaves no first one', async () => {
  const { code, output } = await run(`
    import threads from 'node:worker_threads'
    import { syncBuiltinESMExports } from 'node:module'
    let made = 0
    threads.Worker = class extends threads.Worker {
      constructor(...given) {
        if (made++ === 1) throw new Error('no more')
        super(...given)
      }
    }
    syncBuiltinESMExports()
    await boot({ cpus: 2 }).catch(({ code, message }) => process.stdout.write(code + ' ' + message))`)
  assert.deepEqual({ code, output }, { code: 0, output: 'CPU_DEAD CPU 1 did not start: no thread for it: no more' })
})

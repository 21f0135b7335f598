// Dynptrs of the socket buffer that a tracing program is given: in which programs Linux lets them be made, and what is
// in them here, the packet that the host has given the run.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { boot, SkepError, type LoadedObject } from '../../src/index.js'
import { parseObject } from '../../src/object/read.js'
import { openKernel } from '../kernel/oracle.js'
import { FOLDER, udp } from './families.js'

const file = new URL('traced-packet.bpf.o', FOLDER)
const spec = parseObject(readFileSync(file), 'traced-packet')
const names = [...spec.programs.keys()]
const outOf = (object: LoadedObject, count: number): bigint[] =>
  (object.variables['out']!.get() as bigint[]).slice(0, count)

/** The last words of the verifier on those that it refuses; no word: not by these words here. */
const WORDS: Readonly<Record<string, string>> = {
  bad_written: 'R0 cannot write into rdonly_mem',
  bad_slice_rdwr: 'the prog does not allow writes to packet data',
}

for (const engine of ['jit', 'interp'] as const)
  describe(`traced packets on ${engine}`, () => {
    test('a tp_btf program reads the packet of its run, and cannot write it', () => {
      using machine = boot.virtual({ memory: '4 MiB' })
      const object = machine.load(spec, { engine, programs: ['ok_whole'] })
      const packet = udp.subarray(0, 50)
      object.programs['ok_whole']!.run({ data: packet, ctx: [0xffff888000001000n] })
      const type = BigInt(packet.readUInt32LE(12))
      assert.deepEqual(outOf(object, 13), [-22n, 0n, 50n, 1n, 0n, type, -7n, -22n, 0n, 0x45n, 0n, 0n, 20n])
    })

    test('without a packet it is empty', () => {
      using machine = boot.virtual({ memory: '4 MiB' })
      const object = machine.load(spec, { engine, programs: ['ok_whole'] })
      object.programs['ok_whole']!.run({ data: udp })
      object.programs['ok_whole']!.run({ ctx: [1] })
      assert.deepEqual(outOf(object, 10), [-22n, 0n, 0n, 1n, -7n, 0n, -7n, -22n, 0n, -1n])
    })
  })

for (const name of names.filter((one) => !one.startsWith('ok')))
  test(`${name} is refused with its reason`, () => {
    using machine = boot.virtual({ memory: '4 MiB' })
    const { type } = spec.programs.get(name)!
    const where = name.startsWith('traced') ? name.slice(7) : type
    const words =
      WORDS[name] ??
      `program '${name}': bpf_dynptr_from_skb cannot be used in ${where} programs (function '${name}')` +
        (name.startsWith('traced') ? ': R1 must be referenced or trusted' : '')
    assert.throws(
      () => machine.load(spec, { programs: [name] }),
      (error) => error instanceof SkepError && error.code === 'REFUSED' && error.message.includes(words),
    )
  })

test('the kernel accepts and refuses the same', async (t) => {
  const kernel = await openKernel()
  if (typeof kernel === 'string') return t.skip(kernel)
  try {
    for (const name of names) {
      const { result, log } = await kernel.load(fileURLToPath(file), name)
      // A kernel may let no program trace its functions.
      if (result === -1) t.diagnostic(`${name}: not to be asked here`)
      else assert.equal(result === 0, name.startsWith('ok'), `${name}: ${log.slice(-300)}`)
      if (WORDS[name] !== undefined) assert.ok(log.includes(WORDS[name]), `${name}: ${log.slice(-300)}`)
    }
  } finally {
    await kernel.close()
  }
})

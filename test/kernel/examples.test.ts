// The examples on this machine's own kernel: its verifier accepts them, and they do there what they say they do.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { flowOf, readCapture } from '../../examples/flow-timeout/capture.js'
import { openKernel, REPOSITORY, type Kernel } from './oracle.js'

const EXAMPLES = `${REPOSITORY}examples`

test('the kernel counts the flows of the capture', async (t) => {
  await withExample(t, 'flow-timeout/flow-timeout.bpf.o', async (kernel) => {
    const frames = readCapture(`${EXAMPLES}/flow-timeout/capture.pcap`)
    for (const { bytes } of frames) assert.equal((await kernel.run('on_packet', { data: bytes })).retval, 2)
    const flows = new Map<string, number>()
    let skipped = 0
    for (const { bytes } of frames) {
      const flow = flowOf(bytes)
      if (flow) flows.set(flow, (flows.get(flow) ?? 0) + 1)
      else skipped++
    }
    const counted: number[] = []
    let key: Uint8Array | number = await kernel.get('flows', new Uint8Array(0), 'next')
    while (typeof key !== 'number') {
      const value = await kernel.get('flows', key)
      assert.ok(typeof value !== 'number')
      counted.push(Number(u64(value, 0)))
      key = await kernel.get('flows', key, 'next')
    }
    assert.deepEqual(sorted(counted), sorted([...flows.values()]))
    assert.equal(Number(u64(await kernel.variable('flows_created'), 0)), flows.size)
    assert.equal(Number(u64(await kernel.variable('packets_skipped'), 0)), skipped)
  })
})

test('the kernel limits a flood and refills by the timer', async (t) => {
  await withExample(t, 'rate-limiter/rate-limiter.bpf.o', async (kernel) => {
    assert.equal((await kernel.run('start', { context: new Uint8Array(8) })).retval, 0)
    assert.equal((await kernel.run('start', { context: new Uint8Array(8) })).retval, 1)
    const packet = ipv4Packet(new Uint8Array(20))
    const flood = async () => {
      let passed = 0
      for (let i = 0; i < 500; i++) if ((await kernel.run('limit', { data: packet })).retval === 0) passed++
      return passed
    }
    const passed = await flood()
    assert.ok(passed >= 50, `${passed} packets passed, the burst is 50`)
    await sleep(200)
    assert.ok((await flood()) >= 50, 'the timer has refilled the bucket')
  })
})

test('the kernel finds a port scan in its work queue', async (t) => {
  await withExample(t, 'deferred-work/deferred-work.bpf.o', async (kernel) => {
    let dropped = false
    for (let port = 1; port <= 1000 && !dropped; port++) {
      const tcp = new Uint8Array(20)
      tcp.set([port >> 8, port & 255], 2)
      tcp[12] = 0x50
      tcp[13] = 2
      dropped = (await kernel.run('on_packet', { data: ipv4Packet(tcp) })).retval === 2
      if (port > 100) await sleep(1)
    }
    assert.ok(dropped)
  })
})

test('the kernel keeps the sessions of the service', async (t) => {
  await withExample(t, 'shared-from-typescript/sessions.bpf.o', async (kernel) => {
    const request = new Uint8Array(24)
    request[0] = 7
    assert.equal((await kernel.run('logout', { context: request })).retval, 1)
    for (let i = 1; i <= 3; i++) {
      const { retval, context } = await kernel.run('touch', { context: request })
      assert.deepEqual([retval, u64(context, 16)], [0, BigInt(i)])
    }
    assert.equal(u64((await kernel.run('logout', { context: request })).context, 16), 3n)
    assert.equal((await kernel.run('logout', { context: request })).retval, 1)
  })
})

async function withExample(t: TestContext, object: string, use: (kernel: Kernel) => Promise<void>): Promise<void> {
  const kernel = await openKernel()
  if (typeof kernel === 'string') return t.skip(kernel)
  try {
    const { result, log, library } = await kernel.load(`${EXAMPLES}/${object}`)
    assert.equal(result, 0, library + log)
    await use(kernel)
  } finally {
    await kernel.close()
  }
}

/** An Ethernet frame with an IPv4 TCP packet of 10.0.0.1. */
function ipv4Packet(payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(34 + payload.length)
  frame.set([8, 0, 0x45], 12)
  frame[23] = 6
  frame.set([10, 0, 0, 1], 26)
  frame.set(payload, 34)
  return frame
}

function u64(bytes: Uint8Array, offset: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(offset, true)
}

function sorted(numbers: number[]): number[] {
  return numbers.sort((a, b) => a - b)
}

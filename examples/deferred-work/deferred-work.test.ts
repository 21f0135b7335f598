// Work that a packet starts runs after it, once for many packets: on a virtual machine, when the clock is let go.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { boot } from '../../src/index.js'

const OBJECT = fileURLToPath(new URL('../../../examples/deferred-work/deferred-work.bpf.o', import.meta.url))
const TC_ACT_OK = 0
const TC_ACT_SHOT = 2

interface Source {
  tried: number
  blocked: number
  works: bigint
}

test('a scanner is found by its ports and blocked from then on', () => {
  const { machine, send, source } = setUp()
  for (let port = 1; port <= 150; port++) send('10.0.0.66', port)
  machine.clock.advance('1 ms')
  assert.deepEqual([source().tried, source().blocked], [150, 1])
  assert.equal(send('10.0.0.66', 151), TC_ACT_SHOT)
  assert.equal(send('10.0.0.7', 151), TC_ACT_OK, 'others are not concerned')
  machine.close()
})

test('who asks for one port a hundred times is no scanner', () => {
  const { machine, send, source } = setUp()
  for (let i = 0; i < 100; i++) assert.equal(send('10.0.0.5', 443), TC_ACT_OK)
  machine.clock.advance('1 ms')
  assert.deepEqual([source().tried, source().blocked, source().works], [1, 0, 1n])
  machine.close()
})

test('the limit is a constant of the program that can be set before load', () => {
  const { machine, send } = setUp({ port_limit: 3 })
  for (let port = 1; port <= 4; port++) send('10.0.0.9', port)
  machine.clock.advance('1 ms')
  assert.equal(send('10.0.0.9', 1), TC_ACT_SHOT)
  machine.close()
})

function setUp(variables: Record<string, unknown> = {}) {
  const machine = boot.virtual({ cpus: 1 })
  const scans = machine.load(OBJECT, { variables })
  const send = (from: string, port: number) => scans.programs.on_packet!.run({ data: syn(from, port) }).retval
  const source = () => scans.maps.sources!.entries()[0]![1] as Source
  return { machine, send, source }
}

/** A TCP connection attempt. */
function syn(source: string, port: number): Uint8Array {
  const frame = new Uint8Array(60)
  frame.set([0x08, 0x00, 0x45], 12)
  frame[23] = 6
  frame.set(source.split('.').map(Number), 26)
  frame.set([port >> 8, port & 255], 36)
  frame[46] = 0x50
  frame[47] = 2
  return frame
}

// How one tests a program with timers: the capture is replayed on a virtual clock, so that some minutes of traffic with
// half-minute timeouts take milliseconds, and give the same result on every run.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { boot } from '../../src/index.js'
import { flowOf, readCapture, type Frame } from './capture.js'

const OBJECT = example('flow-timeout.bpf.o')
const CAPTURE = readCapture(example('capture.pcap'))
const XDP_PASS = 2
const SECOND = 1_000_000 // in the capture's microseconds

test('the capture is counted, and every flow expires half a minute after its last packet', () => {
  const { machine, flow, replay } = setUp()
  const expected = model(CAPTURE, 30 * SECOND)

  replay(CAPTURE)
  assert.equal(flow.maps.flows!.entries().length, expected.live.size)
  assert.equal(flow.variables.flows_created!.get(), BigInt(expected.created))
  assert.equal(flow.variables.flows_expired!.get(), BigInt(expected.created - expected.live.size))
  assert.equal(flow.variables.packets_skipped!.get(), BigInt(expected.skipped))
  assert.equal(machine.timers().length, expected.live.size, 'one timer for every flow in the table')

  machine.clock.advance('30 s')
  assert.deepEqual(flow.maps.flows!.entries(), [])
  assert.equal(flow.variables.flows_expired!.get(), BigInt(expected.created))
  assert.equal(flow.variables.expired_packets!.get(), BigInt(CAPTURE.length - expected.skipped))
  assert.equal(machine.timers().length, 0)
  machine.close()
})

test('a packet refreshes its flow: it stays as long as packets come, and goes exactly 30 s after the last', () => {
  const { machine, flow, replay } = setUp()
  const frame = CAPTURE.find(({ bytes }) => flowOf(bytes))!
  for (let packet = 0; packet < 10; packet++) replay([{ time: packet * 29 * SECOND, bytes: frame.bytes }])

  const [[, counted]] = flow.maps.flows!.entries() as [[unknown, { packets: bigint; bytes: bigint }]]
  assert.equal(counted.packets, 10n)
  assert.equal(counted.bytes, BigInt(10 * frame.bytes.length))
  machine.clock.advance('29999 ms')
  assert.equal(flow.maps.flows!.entries().length, 1)
  machine.clock.advance('1 ms')
  assert.equal(flow.maps.flows!.entries().length, 0)
  machine.close()
})

test('the timeout is a constant of the program that can be set before load', () => {
  const { machine, flow, replay } = setUp({ idle_timeout_ns: 5_000_000_000n })
  const expected = model(CAPTURE, 5 * SECOND)
  replay(CAPTURE)
  assert.equal(flow.variables.flows_created!.get(), BigInt(expected.created))
  assert.equal(flow.maps.flows!.entries().length, expected.live.size)
  machine.close()
})

test('the capture is what make-capture.mjs writes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'capture-'))
  try {
    execFileSync(process.execPath, [example('make-capture.mjs'), join(folder, 'capture.pcap')])
    assert.deepEqual(readFileSync(join(folder, 'capture.pcap')), readFileSync(example('capture.pcap')))
  } finally {
    rmSync(folder, { recursive: true })
  }
})

function setUp(variables: Record<string, unknown> = {}) {
  const machine = boot.virtual({ cpus: 1 })
  const flow = machine.load(OBJECT, { variables })
  let now = 0
  const replay = (frames: readonly Frame[]) => {
    for (const { time, bytes } of frames) {
      machine.clock.advance(`${time - now} us`)
      now = time
      assert.equal(flow.programs.on_packet!.run({ data: bytes }).retval, XDP_PASS)
    }
  }
  return { machine, flow, replay }
}

/** What ought to happen: flows by their last packet; one that was idle too long is a new flow when it comes back. */
function model(frames: readonly Frame[], timeout: number) {
  const last = new Map<string, number>()
  let created = 0
  let skipped = 0
  for (const { time, bytes } of frames) {
    const flow = flowOf(bytes)
    if (!flow) {
      skipped++
      continue
    }
    if (!((last.get(flow) ?? -Infinity) > time - timeout)) created++
    last.set(flow, time)
  }
  const end = frames.at(-1)!.time
  const live = new Set([...last].filter(([, time]) => time > end - timeout).map(([flow]) => flow))
  return { created, skipped, live }
}

function example(file: string): string {
  return fileURLToPath(new URL(`../../../examples/flow-timeout/${file}`, import.meta.url))
}

// When a real machine reads its clock: once at the start of a run or callback, or, where the code reads it before
// anything in it depends on the time, only there.
import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { test } from 'node:test'
import { boot, type LocalMachine } from '../../src/index.js'
import { readCapture } from '../../examples/flow-timeout/capture.js'

const folder = new URL('../../../examples/flow-timeout/', import.meta.url)
const packet = readCapture(new URL('capture.pcap', folder).pathname)[0]!.bytes

/** Calls of performance.now during `work`. */
function readings(work: () => void): number {
  const { now } = performance
  let count = 0
  performance.now = () => {
    count += 1
    return now.call(performance)
  }
  try {
    work()
  } finally {
    performance.now = now
  }
  return count
}

test('a program that asks for the time itself pays for one reading in each run', (t) => {
  const machine = boot({ cpus: 'inline' })
  t.after(() => machine.close())
  const { on_packet } = machine.load(new URL('flow-timeout.bpf.o', folder)).programs
  on_packet!.run({ data: packet })
  const few = readings(() => on_packet!.run({ data: packet, repeat: 2 }))
  const more = readings(() => on_packet!.run({ data: packet, repeat: 42 }))
  assert.equal(more - few, 40)
})

/** Arms the flow's timer for half a millisecond, polls only when it is overdue by two, and tells how late it was. */
function lateness(machine: LocalMachine): { firings: number; meanLateness: number; maxLateness: number } {
  const flow = machine.load(new URL('flow-timeout.bpf.o', folder), {
    variables: { idle_timeout_ns: 500_000n },
  })
  flow.programs.on_packet!.run({ data: packet })
  const due = performance.now() + 2.5
  while (performance.now() <= due);
  machine.poll()
  return machine.stats().cpus[0]!
}

test('a callback that reads the clock itself tells by that reading how late it began', (t) => {
  const machine = boot({ cpus: 'inline' })
  t.after(() => machine.close())
  const { firings, meanLateness, maxLateness } = lateness(machine)
  assert.equal(firings, 1)
  assert.ok(maxLateness >= 1_900_000, `${maxLateness} ns`)
  assert.equal(meanLateness, maxLateness)
})

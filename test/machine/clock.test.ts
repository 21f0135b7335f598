// When a real machine reads its clock: once at the start of a run or callback, or, where the code reads it before
// anything in it depends on the time, only there.
import assert from 'node:assert/strict'
import { hrtime } from 'node:process'
import { test } from 'node:test'
import type { LocalMachine } from '../../src/index.js'
import { readCapture } from '../../examples/flow-timeout/capture.js'

const folder = new URL('../../../examples/flow-timeout/', import.meta.url)
const packet = readCapture(new URL('capture.pcap', folder).pathname)[0]!.bytes

let count = 0
const { bigint } = hrtime
// Before anything of the machine is there: it keeps the function.
hrtime.bigint = () => {
  count += 1
  return bigint()
}
const { boot } = await import('../../src/index.js')

/** Readings of the clock during `work`. */
function readings(work: () => void): number {
  count = 0
  work()
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

test('a callback that never looks at the time costs no reading: how late it began is told by the last one', (t) => {
  const machine = boot({ cpus: 'inline', timers: 64 })
  t.after(() => machine.close())
  const { programs, variables } = machine.load(new URL('../../../bench/objects/firing.bpf.o', import.meta.url), {
    maxEntries: { crowd: 64 },
  })
  const request = new DataView(new ArrayBuffer(64))
  request.setUint32(0, 40, true)
  request.setBigUint64(24, 500_000n, true)
  programs.arm_crowd!.run({ data: new Uint8Array(request.buffer) })
  const due = performance.now() + 2.5
  while (performance.now() <= due);
  const made = readings(() => machine.poll())
  assert.equal(variables.crowd_fired!.get(), 40n)
  assert.ok(made < 20, `${made} readings for 40 callbacks`)
  const { firings, meanLateness, maxLateness } = machine.stats().cpus[0]!
  assert.equal(firings, 40)
  assert.ok(maxLateness >= 1_900_000 && meanLateness >= 1_900_000, `${maxLateness}, ${meanLateness} ns`)
})

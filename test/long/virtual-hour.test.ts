// An hour of virtual time with timers that come, are pushed further, cancelled, deleted with their elements and fire:
// memory stays flat, and at the end everything is back where it came from. SKEP_LONG=1 makes it millions of timers.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { boot } from '../../src/index.js'
import { generator } from '../golden/random-steps.js'

const flow = readFileSync(new URL('../../../examples/flow-timeout/flow-timeout.bpf.o', import.meta.url))
const HOUR = 3600
const LONG = process.env.SKEP_LONG !== undefined
/** Packets in each second; a third of them begin a flow. */
const RATE = LONG ? 1500 : 30
/** Room for the flows that live at once: each for twenty idle seconds. */
const FLOWS = LONG ? 65536 : 4096

const HEADER = '0200000000020200000000010800' + '4500001c00004000400600000a0000010a000002'

function frameOf(flowNumber: number): Buffer {
  const frame = Buffer.from(`${HEADER}00000050c0de0000`, 'hex')
  frame.writeUInt32BE(0x0a000000 + (flowNumber >> 16), 26)
  frame.writeUInt16BE(flowNumber & 0xffff, 34)
  return frame
}

test('an hour of flows on two CPUs leaves memory flat and the books balanced', () => {
  using machine = boot.virtual({ cpus: 2, memory: LONG ? '64 MiB' : '16 MiB', timers: FLOWS + 64 })
  const object = machine.load(flow, {
    maxEntries: { flows: FLOWS },
    variables: { idle_timeout_ns: 20_000_000_000n },
  })
  const below = generator(1)
  const { on_packet: onPacket } = object.programs
  const { flows } = object.maps
  let number = 0
  let deleted = 0
  let highest = 0
  const waiting: number[] = []
  for (let second = 0; second < HOUR; second += 1) {
    for (let packet = 0; packet < RATE; packet += 1) {
      // New flows, packets of those of the last minute, and some that are deleted before their time.
      const of = below(3) === 0 ? number++ : Math.max(0, number - 1 - below(RATE * 10))
      onPacket!.run({ data: frameOf(of & 0xfffff), cpu: below(2) })
    }
    if (below(16) === 0) {
      const victim = flows!.keys()[0]
      if (victim !== undefined && flows!.delete(victim)) deleted += 1
    }
    machine.clock.advance('1 s')
    const { timers, cpus } = machine.stats()
    highest = Math.max(highest, timers.capacity - timers.free)
    waiting.push(cpus.reduce((sum, cpu) => sum + cpu.waiting, 0))
    assert.equal(timers.lost, 0)
  }
  const created = Number(object.variables.flows_created!.get())
  assert.ok(created > (HOUR * RATE) / 5, `${created} flows`)
  assert.ok(highest <= FLOWS, `${highest} timers at once`)
  // What waits for a grace period does not pile up: no more in the last ten minutes than in the first ten.
  const most = (from: number): number => Math.max(...waiting.slice(from, from + 600))
  assert.ok(most(HOUR - 600) <= 2 * most(0) + 8, `${most(HOUR - 600)} against ${most(0)} objects wait`)
  machine.clock.advance('1 min')
  assert.equal(flows!.entries().length, 0)
  assert.equal(Number(object.variables.flows_expired!.get()), created - deleted)
  object.close()
  machine.clock.advance('1 s')
  const { timers, mapsWaiting, programs } = machine.stats()
  assert.deepEqual([timers.free, timers.lost, mapsWaiting, programs], [timers.capacity, 0, 0, {}])
})

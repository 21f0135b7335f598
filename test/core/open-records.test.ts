// What programs leave open in rings is discarded when each of them ends: each run of a batch, each callback of a turn.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as abi from '../../core/abi.js'
import { CPU_PROGRAM, CPU_RESERVED } from '../../core/layout.js'
import { CoreMachine } from './harness.js'
import type { Cpu } from './harness.js'

/** Four records of so many bytes do not fit. */
const BYTES = 1000n

/** A ring of 4096 bytes, and what a program does that leaves a record open in it: whether there was room. */
function ringOf(machine: CoreMachine): (cpu: Cpu) => boolean {
  const ring = machine.arrayMap({ type: abi.MAP_TYPE_RINGBUF, keySize: 0, valueSize: 0, entries: 4096, timer: -1 })
  return ({ exports }) => {
    // The consumer passes over what is discarded; nothing is ever committed.
    assert.equal(exports['ring_next']!(ring.address), 0n)
    return exports['bpf_ringbuf_reserve']!(BigInt(ring.address), BYTES, 0n) !== 0n
  }
}

test('each run of a batch begins with nothing open', () => {
  const machine = new CoreMachine({ cpus: 1 })
  const leave = ringOf(machine)
  const had: boolean[] = []
  const entry = machine.addFunction((cpu) => void had.push(leave(cpu)))
  const program = machine.cpu(0).call('program_create', entry, entry, entry + 1)
  machine.cpu(0).call('program_run_repeat', program, 0, abi.CONTEXT_TASK, 40)
  assert.deepEqual(had, Array(40).fill(true))
  assert.equal(machine.u64(machine.cpu(0).area + CPU_RESERVED), 0n)
})

test('each callback of a turn begins with nothing open', () => {
  const machine = new CoreMachine({ cpus: 1 })
  const leave = ringOf(machine)
  const had: boolean[] = []
  const callback = machine.addFunction((cpu) => void had.push(leave(cpu)))
  const program = machine.program(callback, callback + 1)
  const timers = machine.arrayMap({ entries: 10 })
  const cpu = machine.cpu(0)
  machine.setU32(cpu.area + CPU_PROGRAM, program)
  for (let at = 0; at < 10; at++) {
    assert.equal(cpu.helper('bpf_timer_init', timers.timer(at), timers.address, abi.CLOCK_MONOTONIC), 0)
    assert.equal(cpu.helper('bpf_timer_set_callback', timers.timer(at), callback), 0)
    assert.equal(cpu.helper('bpf_timer_start', timers.timer(at), 0, 0), 0)
  }
  cpu.call('cpu_poll')
  assert.deepEqual(had, Array(10).fill(true))
  assert.equal(machine.u64(cpu.area + CPU_RESERVED), 0n)
})

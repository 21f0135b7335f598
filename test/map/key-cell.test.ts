// Keys that helpers look up for a program lie in cells of their own, however deeply nested the program is.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAP_TYPE_STACK_TRACE } from '../../core/abi.js'
import { CPU_NESTED, CPU_RUN_BUFFER, CPU_RUN_BUFFER_BYTES, CPU_SCRATCH, CPU_TASK } from '../../core/layout.js'
import { TASK_KERNEL_DEPTH } from '../../core/task-record.js'
import { Machine, type Core } from './harness.js'

interface StackCore extends Core {
  bpf_get_stackid(context: bigint, map: bigint, flags: bigint): bigint
}

for (const level of [0, 1, 2, 3, 4, 511, 512, 100_000])
  test(`bpf_get_stackid at nesting level ${level} writes to no memory but the CPU's page for keys`, () => {
    const machine = new Machine({ cpus: 2 })
    const map = machine.create({ type: MAP_TYPE_STACK_TRACE, keySize: 4, valueSize: 8, maxEntries: 4 })
    const area = machine.area(0)
    const buffer = machine.word(area + CPU_RUN_BUFFER)
    const end = buffer + machine.word(area + CPU_RUN_BUFFER_BYTES)
    const page = machine.word(area + CPU_SCRATCH)
    machine.view.setUint32(area + CPU_TASK + TASK_KERNEL_DEPTH, 1, true)
    machine.view.setUint32(area + CPU_NESTED, level, true)
    machine.bytes.fill(0xee, page, end + 4096)
    const core = machine.cpus[0] as StackCore
    assert.ok(core.bpf_get_stackid(0n, BigInt(map), 0n) >= 0n)
    assert.ok(machine.bytes.subarray(buffer, end + 4096).every((byte) => byte === 0xee))
    assert.ok(machine.bytes.subarray(page, buffer).some((byte) => byte !== 0xee))
  })

// Every result of the work-queue operations (contract §2), by the exported kfuncs on one thread.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EBUSY, EINVAL, EPERM } from '../../core/abi.js'
import * as layout from '../../core/layout.js'
import { CoreMachine, type Cpu } from './harness.js'

function setup(
  onRun: (work: (operation: string, ...values: number[]) => number, key: number) => void = () => undefined,
) {
  const machine = new CoreMachine()
  const cpu = machine.cpu(0)
  const map = machine.arrayMap({ timer: -1, work: 16 })
  const ran: { key: number; context: number; callback: string }[] = []
  const work = (operation: string, ...values: number[]) => cpu.helper(`bpf_wq_${operation}`, map.work(0), ...values)
  const callback = (name: string) =>
    machine.addFunction((on: Cpu, _map, key) => {
      ran.push({ key: machine.u32(Number(key)), context: machine.u32(on.area + layout.CPU_CONTEXT), callback: name })
      onRun(work, machine.u32(Number(key)))
    })
  const first = callback('first')
  const second = callback('second')
  const program = machine.program(first, second + 1)
  const settle = () => {
    machine.settle()
    machine.setU32(cpu.area + layout.CPU_PROGRAM, program)
  }
  settle()
  return { machine, cpu, map, ran, work, first, second, program, settle }
}

describe('bpf_wq', () => {
  test('results of init: 0, -EBUSY; any flag is -EINVAL, before -EBUSY', () => {
    const { work, map } = setup()
    assert.deepEqual(
      [1, 2, 0x80000000].map((flags) => work('init', map.address, flags)),
      [-EINVAL, -EINVAL, -EINVAL],
    )
    assert.deepEqual([work('init', map.address, 0), work('init', map.address, 0)], [0, -EBUSY])
    assert.equal(work('init', map.address, 1), -EINVAL)
  })

  test('-EINVAL before init, before set_callback, and for flags', () => {
    const { work, map, first } = setup()
    assert.deepEqual([work('start', 0), work('set_callback', first, 0)], [-EINVAL, -EINVAL])
    work('init', map.address, 0)
    assert.equal(work('start', 0), -EINVAL)
    assert.equal(work('set_callback', first, 9), -EINVAL)
    assert.equal(work('set_callback_impl', first, 0, 0), 0)
    assert.equal(work('start', 1), -EINVAL)
  })

  test('runs once for three quick starts, in the work queue context, with the callback of then', () => {
    const { work, map, ran, first, second, settle } = setup()
    work('init', map.address, 0)
    work('set_callback', first, 0)
    assert.deepEqual([work('start', 0), work('start', 0), work('start', 0)], [0, 0, 0])
    work('set_callback', second, 0)
    settle()
    assert.deepEqual(ran, [{ key: 0, context: 2, callback: 'second' }])
    work('start', 0)
    settle()
    assert.equal(ran.length, 2)
  })

  test('a callback that starts itself again runs again, after it has ended', () => {
    let left = 5
    const { work, map, ran, first, settle } = setup((inside) => void (left-- > 0 && inside('start', 0)))
    work('init', map.address, 0)
    work('set_callback', first, 0)
    work('start', 0)
    settle()
    assert.equal(ran.length, 6)
  })

  test('[H13] work that was initialised and never started is freed with its map', () => {
    const { work, map, machine, cpu, first, program } = setup()
    const free = machine.freeBlocks()
    work('init', map.address, 0)
    work('set_callback', first, 0)
    cpu.call('map_user_put', map.address)
    assert.deepEqual([work('init', map.address, 0), work('start', 0)], [-EPERM, -EINVAL])
    machine.settle()
    assert.equal(machine.freeBlocks(), free)
    assert.equal(machine.programReferences(program), 1)
  })

  test('pending work that is freed does not run', () => {
    const { work, map, cpu, ran, first, settle } = setup()
    work('init', map.address, 0)
    work('set_callback', first, 0)
    work('start', 0)
    cpu.call('map_user_put', map.address)
    settle()
    assert.equal(ran.length, 0)
  })
})

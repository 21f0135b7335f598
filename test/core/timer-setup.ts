// One map of four timers, a program with two callbacks and another with one: what the tests of timer results start
// from.
import assert from 'node:assert/strict'
import * as layout from '../../core/layout.js'
import { type ArrayMap, type Build, CoreMachine, type Cpu } from './harness.js'

export const MILLISECOND = 1_000_000

export interface Setup {
  machine: CoreMachine
  cpu: Cpu
  map: ArrayMap
  fired: { cpu: number; key: number; now: number; callback: string }[]
  program: number
  other: number
  callback: number
  second: number
  init(index?: number, clock?: number | bigint): number
  bind(index?: number, callback?: number): number
  start(nanoseconds: number | bigint, flags?: number | bigint, index?: number): number
  cancel(index?: number): number
  cancelAsync(index?: number): number
  run(nanoseconds: number): void
}

/** A map of four timers, a program with two callbacks (and another with one), CPU 0 calling as the first program. */
export function setup(
  options: { controlBlocks?: number; build?: Build; onFire?: (setup: Setup, key: number) => void } = {},
): Setup {
  const { controlBlocks = 64, build } = options
  const machine = new CoreMachine({ controlBlocks, ...(build && { build }) })
  const cpu = machine.cpu(0)
  const map = machine.arrayMap()
  const fired: Setup['fired'] = []
  const record = (name: string) => (on: Cpu, _map: bigint, key: bigint) => {
    fired.push({ cpu: on.index, key: machine.u32(Number(key)), now: machine.now, callback: name })
    options.onFire?.(result, machine.u32(Number(key)))
  }
  const callback = machine.addFunction(record('first'))
  const second = machine.addFunction(record('second'))
  const third = machine.addFunction(record('other'))
  const program = machine.program(callback, third)
  const other = machine.program(third, third + 1)
  for (const each of machine.cpus) machine.setU32(each.area + layout.CPU_PROGRAM, program)
  const result: Setup = {
    machine,
    cpu,
    map,
    fired,
    program,
    other,
    callback,
    second,
    init: (index = 0, clock = 1) => cpu.helper('bpf_timer_init', map.timer(index), map.address, clock),
    bind: (index = 0, fn = callback) => cpu.helper('bpf_timer_set_callback', map.timer(index), fn),
    start: (nanoseconds, flags = 0, index = 0) => cpu.helper('bpf_timer_start', map.timer(index), nanoseconds, flags),
    cancel: (index = 0) => cpu.helper('bpf_timer_cancel', map.timer(index)),
    cancelAsync: (index = 0) => cpu.helper('bpf_timer_cancel_async', map.timer(index)),
    run(nanoseconds) {
      machine.now += nanoseconds
      machine.settle()
      for (const each of machine.cpus) machine.setU32(each.area + layout.CPU_PROGRAM, program)
    },
  }
  return result
}

/** The same with slot 0 initialised and bound. */
export function bound(options: Parameters<typeof setup>[0] = {}): Setup {
  const made = setup(options)
  assert.equal(made.init(), 0)
  assert.equal(made.bind(), 0)
  return made
}

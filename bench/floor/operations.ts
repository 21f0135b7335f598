// The operations whose floors are measured, as calls of the core's helpers on a machine of the core alone: what the
// programs in objects/timers.bpf.c and objects/maps.bpf.c of the same name do.
import * as abi from '../../core/abi.js'
import * as layout from '../../core/layout.js'
import type { ArrayMap, CoreMachine } from '../../test/core/harness.js'
import { ELEMENTS, type Operation } from './accesses.js'

const HALF_A_MINUTE = 30_000_000_000n
const MONOTONIC = 1n
const NOEXIST = 1n
const EXIST = 2n
const NO_WAKEUP = 1n

type Call = (name: string, ...values: (number | bigint)[]) => number

/** Calls of helpers, each of which must answer what is expected. */
function caller(machine: CoreMachine): Call {
  const { exports } = machine.cpu(0)
  return (name, ...values) => Number(exports[name]!(...values.map((value) => BigInt.asUintN(64, BigInt(value)))))
}

function expect(answer: number, expected = 0): void {
  if (answer !== expected) throw new Error(`an operation of a floor answered ${answer}, not ${expected}`)
}

/** A program with one callback, as which the CPU calls helpers. */
function callbackOn(machine: CoreMachine): number {
  const callback = machine.addFunction(() => 0n)
  const cpu = machine.cpu(0)
  machine.setU32(cpu.area + layout.CPU_PROGRAM, machine.program(callback, callback + 1))
  return callback
}

/** What there is to do with timer (or work) `element` of an array. */
interface Timers {
  init(element: number): void
  bind(element: number): void
  start(element: number): void
  cancel(element: number): void
}

const everyElement = (...steps: ((element: number) => void)[]): void => {
  for (let element = 0; element < ELEMENTS; element++) for (const step of steps) step(element)
}

function timersOf(machine: CoreMachine): Timers {
  const call = caller(machine)
  const callback = callbackOn(machine)
  const map = machine.arrayMap({ entries: ELEMENTS })
  return {
    init: (element) => expect(call('bpf_timer_init', map.timer(element), map.address, MONOTONIC)),
    bind: (element) => expect(call('bpf_timer_set_callback', map.timer(element), callback)),
    start: (element) => expect(call('bpf_timer_start', map.timer(element), HALF_A_MINUTE, 0)),
    cancel: (element) => expect(call('bpf_timer_cancel', map.timer(element)), 1),
  }
}

/** An operation on timers that have been through `ready`. */
function onTimers(ready: (keyof Timers)[], operation: (keyof Timers)[], after: (keyof Timers)[] = []): Operation {
  return {
    prepared(machine) {
      const timers = timersOf(machine)
      machine.cpu(0).inSection(() => everyElement(...ready.map((step) => timers[step])))
      const all = (steps: (keyof Timers)[]) => (element: number) => {
        for (const step of steps) timers[step](element)
      }
      return { operate: all(operation), after: all(after) }
    },
  }
}

const wqStart: Operation = {
  prepared(machine) {
    const call = caller(machine)
    const callback = callbackOn(machine)
    const map = machine.arrayMap({ entries: ELEMENTS, timer: -1, work: 8 })
    machine.cpu(0).inSection(() =>
      everyElement(
        (element) => expect(call('bpf_wq_init', map.work(element), map.address, 0)),
        (element) => expect(call('bpf_wq_set_callback', map.work(element), callback, 0)),
      ),
    )
    return { operate: (element) => expect(call('bpf_wq_start', map.work(element), 0)) }
  },
}

interface Table {
  map: ArrayMap
  update(key: number, flags: bigint): void
  delete(key: number): void
  /** Address of the value. */
  lookup(key: number): number
}

/** A hash map with keys of eight bytes; key and value of a call lie in the CPU's scratch memory, as in a frame. */
function tableOf(machine: CoreMachine, options: Parameters<CoreMachine['arrayMap']>[0]): Table {
  const call = caller(machine)
  const map = machine.arrayMap({ type: abi.MAP_TYPE_HASH, keySize: 8, valueSize: 8, timer: -1, ...options })
  const key = machine.u32(machine.cpu(0).area + layout.CPU_SCRATCH)
  const value = key + 64
  const at = (number: number): number => {
    machine.setU32(key, number)
    return key
  }
  return {
    map,
    update: (number, flags) => expect(call('bpf_map_update_elem', map.address, at(number), value, flags)),
    delete: (number) => expect(call('bpf_map_delete_elem', map.address, at(number))),
    lookup: (number) => call('bpf_map_lookup_elem', map.address, at(number)),
  }
}

const elementWithTimer: Operation = {
  prepared(machine) {
    const call = caller(machine)
    const callback = callbackOn(machine)
    const table = tableOf(machine, { entries: 2 * ELEMENTS, valueSize: 64, timer: 8 })
    return {
      operate(element) {
        table.update(element, NOEXIST)
        const timer = table.lookup(element) + 8
        expect(call('bpf_timer_init', timer, table.map.address, MONOTONIC))
        expect(call('bpf_timer_set_callback', timer, callback))
        expect(call('bpf_timer_start', timer, HALF_A_MINUTE, 0))
        table.delete(element)
      },
    }
  },
}

const hashUpdate: Operation = {
  prepared(machine) {
    const table = tableOf(machine, { entries: 2 * ELEMENTS })
    machine.cpu(0).inSection(() => everyElement((element) => table.update(element, 0n)))
    return { operate: (element) => table.update(element, EXIST) }
  },
}

const hashInsertDelete: Operation = {
  prepared(machine) {
    const table = tableOf(machine, { entries: 2 * ELEMENTS })
    return {
      operate(element) {
        table.update(element, NOEXIST)
        table.delete(element)
      },
    }
  },
}

const lruInsert: Operation = {
  prepared(machine) {
    const table = tableOf(machine, { type: abi.MAP_TYPE_LRU_HASH, entries: ELEMENTS })
    machine.cpu(0).inSection(() => everyElement((element) => table.update(10 * ELEMENTS + element, NOEXIST)))
    return { operate: (element) => table.update(element, NOEXIST) }
  },
}

/** `operate` writes one record of eight bytes. */
function onRing(operate: (call: Call, ring: number, data: number) => void): Operation {
  return {
    prepared(machine) {
      const ring = machine.arrayMap({
        ...{ type: abi.MAP_TYPE_RINGBUF, keySize: 0, valueSize: 0, timer: -1 },
        entries: 65536,
      })
      const call = caller(machine)
      const data = machine.u32(machine.cpu(0).area + layout.CPU_SCRATCH)
      return { operate: () => operate(call, ring.address, data) }
    },
  }
}

const ringReserveSubmit = onRing((call, ring) => {
  const sample = call('bpf_ringbuf_reserve', ring, 8, 0)
  if (sample === 0) throw new Error('the ring is full')
  call('bpf_ringbuf_submit', sample, NO_WAKEUP)
})

const ringOutput = onRing((call, ring, data) => expect(call('bpf_ringbuf_output', ring, data, 8, NO_WAKEUP)))

const ARMED: (keyof Timers)[] = ['init', 'bind', 'start']

export const OPERATIONS = {
  're-arm': onTimers(ARMED, ['start']),
  init: onTimers([], ['init']),
  set_callback: onTimers(ARMED, ['bind']),
  'first start': onTimers([...ARMED, 'cancel', 'bind'], ['start'], ['cancel', 'bind']),
  cancel: onTimers(ARMED, ['cancel'], ['bind', 'start']),
  'set_callback + start + cancel': onTimers([...ARMED, 'cancel'], ['bind', 'start', 'cancel']),
  'element with timer': elementWithTimer,
  'wq start': wqStart,
  'hash update': hashUpdate,
  'hash insert + delete': hashInsertDelete,
  'LRU insert': lruInsert,
  'ring reserve + submit': ringReserveSubmit,
  'ring output': ringOutput,
} satisfies Record<string, Operation>

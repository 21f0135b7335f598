// One CPU of a place on the calling thread: the shipped build under the driver, or the check build under a hook that
// can stop the thread inside an operation.
import { CPU_PROGRAM } from '../../core/layout.js'
import { realClock } from '../../src/machine/cpu/clock.js'
import { Memory } from '../../src/machine/cpu/memory.js'
import { turnsOf } from '../floor/loop.js'
import { StoppingHook } from './hook.js'
import { FAR, PREFIX, type Design, type Place } from './place.js'

export type Operation = 'rearm' | 'set_callback' | 'set_start_cancel'

/** Operations in one turn of the driver. */
export const TURN = 256

type Exports = Record<string, (...words: (number | bigint)[]) => number>

function attach(place: Place, exports: Exports, thread: number): void {
  const cpu = place.firstCpu + thread
  exports['cpu_attach']!(cpu)
  if (place.design !== 'skep') return
  const memory = new Memory(place.memory)
  memory.setWord(memory.cpuArea(cpu) + CPU_PROGRAM, place.program)
}

/** A fault is none that these operations have: whatever comes is an error of the benchmark. */
function fault(kind: number): never {
  throw new Error(`fault ${kind}`)
}

function linked(design: Exclude<Design, 'floor'>, exports: Exports): Record<string, Record<string, unknown>> {
  if (design === 'skep') return { core: exports }
  const prefix = PREFIX[design]
  const own = ['set_callback', 'start', 'cancel'].map((name) => [name, exports[`${prefix}_${name}`]])
  return { design: { ...exports, ...Object.fromEntries(own) } }
}

/** A function that does one turn of an operation on `timers` (a power of two) timers from number `from` on. */
export function driven(place: Place, thread: number): (operation: Operation, from: number, timers: number) => void {
  const { design, memory, shipped, driver, epoch, program, callback, first, stride } = place
  if (design === 'floor') {
    const turns = turnsOf(shipped, memory)
    return (_operation, from, timers) => turns(from, timers - 1, TURN)
  }
  const clock = realClock(epoch).onto(memory)
  const instance = new WebAssembly.Instance(shipped, { env: { memory }, host: { clock, fault } })
  const exports = instance.exports as unknown as Exports
  attach(place, exports, thread)
  const loop = new WebAssembly.Instance(driver, linked(design, exports)).exports as unknown as Exports
  const words: Record<Operation, (number | bigint)[]> = {
    rearm: [FAR],
    set_callback: [program, callback],
    set_start_cancel: [FAR, program, callback],
  }
  return (operation, from, timers) => {
    const done = loop[operation]!(first + from * stride, stride, timers - 1, TURN, ...words[operation])
    if (done !== TURN) throw new Error(`${design}: ${done} of ${TURN} operations (${operation}) went well`)
  }
}

/** A function that starts timer 0 once and stands still before its access number `access` (0: never); its accesses. */
export function stoppable(place: Place, thread: number): (access: number, stand: () => void) => number {
  const { memory, check, epoch, first, design } = place
  if (design === 'floor') throw new Error('no thread stands still in the loop of a floor')
  const hook = new StoppingHook(memory, realClock(epoch).read)
  const nothing = (): void => {}
  const instance = new WebAssembly.Instance(check, {
    env: { memory },
    hook: hook.imports,
    host: { fault },
    explorer: { poisoned: nothing, cleansed: nothing },
  })
  const exports = instance.exports as unknown as Exports
  attach(place, exports, thread)
  const [enter, leave, start] =
    design === 'skep'
      ? ['section_enter', 'section_exit', 'bpf_timer_start']
      : ['specimen_enter', 'specimen_leave', `${PREFIX[design]}_start`]
  const timer = design === 'skep' ? BigInt(first) : first
  return (access, stand) => {
    const section = exports[enter!]!()
    const made = hook.run(access, stand, () => {
      const result = Number(exports[start!]!(timer, FAR, 1n))
      if (result !== 0) throw new Error(`${design}: a start answered ${result}`)
    })
    exports[leave!]!(section)
    return made
  }
}

// Subjects over the shipped async core: a small machine (few control blocks, two programs, one array map with a timer in
// its one element), its operations, and the initial states from which pairs of them are explored. The operations run as
// programs do, through program_run, in the context that they claim.
import { BPF_F_TIMER_CPU_PIN, CONTEXT_NMI, CONTEXT_TASK, MAP_TYPE_ARRAY } from '../../../core/abi.js'
import * as layout from '../../../core/layout.js'
import type { Cpu } from '../executor.js'
import type { SequentialModel } from '../linearize.js'
import { note, slotModel } from '../model.js'
import { Stage } from '../stage.js'
import { subject } from '../subject.js'
import type { CpuScript, Operation, Subject, Value } from '../subject.js'
import { trampolines } from '../trampoline.js'
import { GHOST_PUTS, GHOST_RUNNING, GHOST_WORDS, nameOf, restProblem, show, slotState } from './async-memory.js'
import type { Places } from './async-memory.js'
import { moduleBytes } from './modules.js'

/** Callbacks of a program, by their place in its table range. */
export const PLAIN = 0
export const RESTARTS = 1
export const FREES_ITSELF = 2
export const CANCELS_ITSELF = 3
const CALLBACKS = 4

const GUEST_FUNCTIONS = 16
const MEMORY = 1 << 21
const PROGRAM_UNLOADED = 3
/** Nanoseconds that the model's clock shows, and the start of a timer that is due (deadline units of 8 ns). */
const CLOCK = 80_000n
const LATER = 8_000_000

export interface AsyncOptions {
  /** CPUs of the machine; 3 if not given. */
  cpus?: number
  controlBlocks?: number
  /** The element has a bpf_wq instead of a bpf_timer; starts are bpf_wq_start, cancels do not exist. */
  work?: boolean
  /** The core's check build; the shipped one if not given. */
  module?: Uint8Array
  /** Record where in the code each access is made. */
  sites?: boolean
}

/** A booted machine to explore on, and its operations. */
export class AsyncMachine {
  readonly stage: Stage
  readonly places: Places
  private readonly work: boolean
  private readonly bodies: (() => Value)[] = []
  private readonly results: Value[] = []
  private readonly notes: string[][] = []
  private readonly cached = new Map<string, Operation>()
  private timer = 0n
  private map = 0n
  private first = 0

  constructor(options: AsyncOptions = {}) {
    const { cpus = 3, controlBlocks = 3, module = moduleBytes('core'), sites = false } = options
    this.work = options.work === true
    let places: Places | undefined
    this.stage = new Stage({
      module,
      memory: MEMORY,
      cpus,
      ghost: GHOST_WORDS,
      sites,
      boot: (all) => (places = this.boot(all, controlBlocks)),
    })
    this.places = places!
  }

  private boot(cpus: Cpu[], controlBlocks: number): Places {
    const core = cpus[0]!
    const { exports } = core
    if (exports.machine_boot(MEMORY, cpus.length, controlBlocks, 4096) !== 0)
      throw new Error('the machine does not boot')
    core.setClock(CLOCK)
    for (const cpu of cpus) {
      cpu.exports.cpu_attach(cpu.index)
      const { table } = cpu.exports
      this.first = table.grow(GUEST_FUNCTIONS)
      const functions = trampolines(GUEST_FUNCTIONS, 0, (index, map, key) => this.call(cpu, index, map, key))
      functions.forEach((fn, index) => table.set(this.first + index, fn))
    }
    const header = (field: number): number => core.load32(layout.HEADER + field)
    // Function 0 is every program's entry; program p has the callbacks from 1 + p * CALLBACKS on.
    const programs = [0, 1].map((p) => {
      const callbacks = this.first + 1 + p * CALLBACKS
      return exports.program_create(this.first, callbacks, callbacks + CALLBACKS) as number
    })
    const guest = header(layout.HEADER_GUEST_HEAP)
    const heap = (header(layout.HEADER_CORE_HEAP) + 63) & ~63
    const offsets = this.work ? [-1, 0] : [0, -1]
    const map = exports.map_create(MAP_TYPE_ARRAY, 4, 16, 1, 0, ...offsets, -1, guest, heap) as number
    if (map <= 0) throw new Error(`map_create: ${map}`)
    this.map = BigInt(map)
    this.timer = BigInt(exports.map_element_value(map, 0) as number)
    return {
      cpus: cpus.length,
      areas: header(layout.HEADER_CPU_AREAS),
      blocks: header(layout.HEADER_CONTROL_BLOCKS),
      blockCount: controlBlocks,
      pool: header(layout.HEADER_CONTROL_BLOCK_POOL),
      programs,
      map,
      slot: core.load32(map + (this.work ? layout.MAP_WORK_SLOTS : layout.MAP_TIMER_SLOTS)),
    }
  }

  // A guest function was called: a program's entry, or a callback.
  private call(cpu: Cpu, index: number, _map: bigint, _key: bigint): bigint {
    if (index === 0) {
      this.results[cpu.index] = this.bodies[cpu.index]!()
      return 0n
    }
    const program = Math.floor((index - 1) / CALLBACKS) + 1
    const notes = (this.notes[cpu.index] ??= [])
    const loaded = (): void => {
      if (cpu.load32(this.places.programs[program - 1]! + layout.PROGRAM_STATE) === PROGRAM_UNLOADED)
        cpu.fail(`G1: a callback of program ${program} runs, and the program is unloaded`)
    }
    // A slot may have a new block while the old one's callback still runs: what may not run twice is one block's.
    const current = cpu.load32(this.places.areas + cpu.index * layout.CPU_BYTES + layout.CPU_CURRENT)
    const running = cpu.ghost(GHOST_RUNNING + (current - this.places.blocks) / layout.CONTROL_BLOCK_BYTES)
    if (cpu.add32(running, 1) !== 0) cpu.fail('two callbacks of one timer at once')
    notes.push(`begin ${program}`)
    loaded()
    switch ((index - 1) % CALLBACKS) {
      case RESTARTS:
        notes.push(note('start', { deadline: this.deadline(LATER) }, this.timerStart(cpu, LATER, false)))
        break
      case FREES_ITSELF:
        notes.push(note('free', {}, this.freeElement(cpu)))
        break
      case CANCELS_ITSELF:
        notes.push(note('cancel', {}, Number(cpu.exports.bpf_timer_cancel(this.timer))))
        break
    }
    loaded()
    cpu.add32(running, -1)
    notes.push('end')
    return 0n
  }

  private deadline(nanoseconds: number): number {
    if (this.work) return 0
    return Math.ceil((Number(CLOCK) + nanoseconds) / 8)
  }

  private timerStart(cpu: Cpu, nanoseconds: number, pinned: boolean): number {
    if (this.work) return Number(cpu.exports.bpf_wq_start(this.timer, 0n))
    return Number(
      cpu.exports.bpf_timer_start(this.timer, BigInt(nanoseconds), pinned ? BigInt(BPF_F_TIMER_CPU_PIN) : 0n),
    )
  }

  // Key and value lie in the run buffer, which is zero.
  private freeElement(cpu: Cpu): number {
    const buffer = BigInt(cpu.peek32(this.places.areas + cpu.index * layout.CPU_BYTES + layout.CPU_RUN_BUFFER))
    return Number(cpu.exports.bpf_map_update_elem(this.map, buffer, buffer + 8n, 0n))
  }

  // Runs `body` as a run of a program.
  private asProgram(cpu: Cpu, program: number, nested: boolean, body: () => Value): Value {
    this.bodies[cpu.index] = body
    cpu.exports.program_run(this.places.programs[program - 1], 0, nested ? CONTEXT_NMI : CONTEXT_TASK)
    return this.results[cpu.index]
  }

  /**
   * An operation by its name, which begins with its kind; the rest makes it unique. Kinds: init, set1, set2 (callback of
   * program 1 or 2), restart, freeself, cancelself (set_callback of such a callback), now, later, pin (starts),
   * cancel, silence (a cancel after which no callback may run: for scripts without starts), async (cancel_async), free (an update of the element), put1, put2 (unload), drop (last user reference), reopen (a handle by id), poll, loop (a worker's
   * life, on CPU 0), await (until a callback ran; then ends that loop).
   */
  operation(name: string, nested = false): Operation {
    const key = `${name} ${nested}`
    const known = this.cached.get(key)
    if (known) return known
    const made = this.make(name, nested)
    this.cached.set(key, made)
    return made
  }

  private make(name: string, nested: boolean): Operation {
    const kind = /^[a-z]+[12]?/.exec(name)![0]
    const { timer, map, places } = this
    const program = kind.endsWith('2') ? 2 : 1
    const run = (body: (cpu: Cpu) => Value): Operation['run'] => {
      return (cpu) => this.asProgram(cpu, program, nested, () => body(cpu))
    }
    // What the host does between programs; as an NMI it is a nested program that does it.
    const asHost = (body: (cpu: Cpu) => Value): Operation['run'] =>
      nested ? (cpu) => this.asProgram(cpu, 1, true, () => body(cpu)) : body
    const bind = (callback: number): Operation => ({
      name,
      kind: 'set_callback',
      args: { program },
      run: run((cpu) => {
        const fn = this.first + 1 + (program - 1) * CALLBACKS + callback
        return Number(
          this.work
            ? cpu.exports.bpf_wq_set_callback(timer, BigInt(fn), 0n)
            : cpu.exports.bpf_timer_set_callback(timer, BigInt(fn)),
        )
      }),
    })
    const start = (nanoseconds: number, pinned: boolean): Operation => ({
      name,
      kind: 'start',
      args: { deadline: this.deadline(nanoseconds) },
      run: run((cpu) => this.timerStart(cpu, nanoseconds, pinned)),
    })
    switch (kind) {
      case 'init':
        return {
          name,
          kind: 'init',
          run: run((cpu) =>
            Number(this.work ? cpu.exports.bpf_wq_init(timer, map, 0n) : cpu.exports.bpf_timer_init(timer, map, 1n)),
          ),
        }
      case 'set1':
      case 'set2':
        return bind(PLAIN)
      case 'restart1':
        return bind(RESTARTS)
      case 'freeself1':
        return bind(FREES_ITSELF)
      case 'cancelself1':
        return bind(CANCELS_ITSELF)
      case 'now':
        return start(0, false)
      case 'later':
        return start(LATER, false)
      case 'pin':
        return start(0, true)
      case 'cancel':
        return {
          name,
          kind: 'cancel',
          args: { nested },
          mayWait: true,
          run: run((cpu) => Number(cpu.exports.bpf_timer_cancel(timer))),
        }
      case 'silence':
        return {
          name,
          kind: 'cancel',
          args: { nested },
          mayWait: true,
          run: run((cpu) => {
            const result = Number(cpu.exports.bpf_timer_cancel(timer))
            if (result >= 0 && cpu.load32(cpu.ghost(GHOST_RUNNING)) !== 0)
              cpu.fail(`G4: cancel answered ${result}, nobody started the timer again, and its callback runs`)
            return result
          }),
        }
      case 'async':
        return { name, kind: 'cancel_async', run: run((cpu) => Number(cpu.exports.bpf_timer_cancel_async(timer))) }
      case 'free':
        return { name, kind: 'free', run: run((cpu) => this.freeElement(cpu)) }
      case 'put1':
      case 'put2':
        return {
          name,
          kind: 'put-program',
          args: { program },
          run: asHost((cpu) => {
            cpu.add32(cpu.ghost(GHOST_PUTS + program - 1), 1)
            cpu.exports.program_put(places.programs[program - 1])
            return 0
          }),
        }
      case 'drop':
        return {
          name,
          kind: 'drop-user',
          run: asHost((cpu) => {
            cpu.exports.map_user_put(places.map)
            return 0
          }),
        }
      case 'reopen':
        return {
          name,
          kind: 'get-user',
          run: asHost((cpu) => {
            cpu.exports.map_user_get(places.map)
            return 0
          }),
        }
      case 'poll':
        return {
          name,
          kind: 'poll',
          run: (cpu) => {
            const notes: string[] = (this.notes[cpu.index] = [])
            cpu.exports.cpu_poll()
            return notes.length === 0 ? 'none' : notes.join(';')
          },
        }
      case 'loop':
        return { name, kind: 'loop', mayWait: true, run: (cpu) => Number(cpu.exports.cpu_loop()) }
      case 'await':
        return {
          name,
          kind: 'await',
          mayWait: true,
          run: (cpu) => {
            cpu.waitWhile32(places.blocks + layout.CB_RUNS, 0)
            const area = places.areas
            cpu.store32(area + layout.CPU_CONTROL, 1)
            cpu.add32(area + layout.CPU_BELL, 1)
            cpu.wake(area + layout.CPU_BELL)
            return 0
          },
        }
      case 'offline':
        return {
          name,
          kind: 'offline',
          afterStop: true,
          run: (cpu) => Number(cpu.exports.cpu_offline(cpu.stopped())),
        }
      default:
        throw new Error(`the async subjects have no operation ${name}`)
    }
  }

  /** Runs operations natively, to make an initial state: `0:init 0:set1 1:now`. */
  play(cpus: Cpu[], steps: string): void {
    for (const step of steps.split(' ').filter(Boolean)) {
      const [cpu, name] = step.split(':')
      this.operation(name!).run(cpus[Number(cpu)]!)
    }
  }

  /** A subject: initial state by `steps`, then scripts of operation names per CPU. */
  subject(
    name: string,
    steps: string,
    scripts: { operations: string[]; nmi?: string[]; mayStop?: boolean }[],
    more: Partial<Subject> = {},
  ): Subject {
    const { places, stage } = this
    const load32 = (address: number): number => stage.memory.words[address >>> 2]! >>> 0
    const cpus: CpuScript[] = scripts.map((script) => ({
      operations: script.operations.map((operation) => this.operation(operation)),
      nmi: (script.nmi ?? []).map((operation) => this.operation(operation, true)),
      mayStop: script.mayStop === true,
    }))
    return subject({
      name,
      stage,
      cpus,
      setup: (all) => this.play(all, steps),
      atRest: (view) => restProblem(places, view),
      model: slotModel((load32, load64) => slotState(places, load32, load64), {
        now: this.deadline(0),
      }) as SequentialModel<unknown>,
      nameOf: (address) => nameOf(places, load32, address),
      show: (address, value) => show(places, address, value),
      maxSteps: 20_000,
      ...more,
    })
  }
}

/** The initial states from which pairs are explored, by name. */
export const INITIAL_STATES: Record<string, string> = {
  uninitialised: '',
  'idle, unbound': '0:init',
  'idle, bound': '0:init 0:set1',
  'due on CPU 0': '0:init 0:set1 0:now',
  'due on CPU 1': '0:init 0:set1 1:now',
  'later on CPU 0': '0:init 0:set1 0:later',
  'pinned to CPU 1, queued on CPU 0': '0:init 0:set1 0:later 1:pin',
  'entry earlier than the deadline': '0:init 0:set1 0:now 0:later',
  'disarmed with an entry on CPU 0': '0:init 0:set1 0:now 0:async',
}

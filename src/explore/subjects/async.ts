// Subjects over the shipped async core: a small machine (few control blocks, two programs, one map with a timer or work
// in each of its few elements) and its operations. The operations run as programs do, through program_run, in the
// context that they claim: async-operations.ts, async-host.ts. The states from which they are explored:
// async-states.ts.
import { CONTEXT_NMI, CONTEXT_TASK, MAP_TYPE_ARRAY, MAP_TYPE_HASH } from '../../../core/abi.js'
import * as layout from '../../../core/layout.js'
import type { Cpu } from '../executor.js'
import { errnoResult } from '../errno-result.js'
import type { SequentialModel } from '../linearize.js'
import { note, slotModel } from '../model.js'
import { Stage } from '../stage.js'
import { subject } from '../subject.js'
import type { CpuScript, Operation, Subject, Value } from '../subject.js'
import { trampolines } from '../trampoline.js'
import { act, CALLBACKS } from './async-callbacks.js'
import { hostOperation, onOneThread, PROGRAM_UNLOADED } from './async-host.js'
import { askedWords, cpuArea, GHOST_GONE, GHOST_RUNNING, nameOf, restProblem, show, slotState } from './async-memory.js'
import type { Places } from './async-memory.js'
import { PROGRAM_OPERATIONS } from './async-operations.js'
import type { AsyncRoom } from './async-operations.js'
import { CLOCK, LATER, OFFSET } from './async-times.js'
import { moduleBytes } from '../builds.js'

/** CPU_LIFE of a CPU that was declared dead (core/cpu.ts). */
const LIFE_DEAD = 2

const GUEST_FUNCTIONS = 16
const MEMORY = 1 << 21

export interface AsyncOptions {
  /** CPUs of the machine; 3 if not given. */
  cpus?: number
  controlBlocks?: number
  /** Elements of the array; 1 if not given. */
  elements?: number
  /** The map is a hash of one element, which holds key 0. */
  hash?: boolean
  /** The element has a bpf_wq instead of a bpf_timer; starts are bpf_wq_start, cancels do not exist. */
  work?: boolean
  /** The timers' clock is REALTIME, not MONOTONIC. */
  realtime?: boolean
  /** Programs are loaded in the place of others. */
  reloads?: boolean
  /** All CPUs are on one thread: an operation has ended before the next one begins. */
  oneThread?: boolean
  /** The core's check build; the shipped one if not given. */
  module?: Uint8Array
  /** Record where in the code each access is made. */
  sites?: boolean
}

/** What one CPU does, by the names of its operations. */
export interface AsyncScript {
  operations: string[]
  nmi?: string[]
  mayStop?: boolean
  /** It begins once a CPU has stopped for ever. */
  afterStop?: boolean
}

/** A booted machine to explore on, and its operations. */
export class AsyncMachine implements AsyncRoom {
  readonly stage: Stage
  readonly places: Places
  readonly work: boolean
  readonly realtime: boolean
  private readonly oneThread: boolean
  private readonly reloads: boolean
  private readonly bodies: (() => Value)[] = []
  private readonly results: Value[] = []
  private readonly notes: string[][] = []
  private readonly cached = new Map<string, Operation>()
  asked: readonly number[] = []
  timers: readonly bigint[] = []
  map = 0n
  first = 0
  /** init may find the pool empty: there are not enough control blocks for one in use and one that waits. */
  private readonly mayRunOut: boolean

  constructor(options: AsyncOptions = {}) {
    const { cpus = 3, controlBlocks = 3, module = moduleBytes('core'), sites = false } = options
    this.work = options.work === true
    this.realtime = options.realtime === true
    this.oneThread = options.oneThread === true
    this.reloads = options.reloads === true
    this.mayRunOut = controlBlocks < 3
    let places: Places | undefined
    this.stage = new Stage({
      module,
      memory: MEMORY,
      cpus,
      ghost: GHOST_RUNNING + controlBlocks,
      sites,
      boot: (all) => (places = this.boot(all, controlBlocks, options)),
    })
    this.places = places!
  }

  private boot(cpus: Cpu[], controlBlocks: number, { elements = 1, hash = false }: AsyncOptions): Places {
    const core = cpus[0]!
    const { exports } = core
    if (exports.machine_boot(MEMORY, cpus.length, controlBlocks, 4096) !== 0)
      throw new Error('the machine does not boot')
    core.setClock(CLOCK)
    core.store64(layout.HEADER + layout.HEADER_REALTIME_OFFSET, BigInt(OFFSET))
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
    this.asked = cpus.flatMap((_, cpu) => askedWords(core, cpu))
    const guest = header(layout.HEADER_GUEST_HEAP)
    const heap = (header(layout.HEADER_CORE_HEAP) + 63) & ~63
    const offsets = this.work ? [-1, 0] : [0, -1]
    const type = hash ? MAP_TYPE_HASH : MAP_TYPE_ARRAY
    const map = exports.map_create(type, 4, 16, elements, 0, ...offsets, -1, guest, heap) as number
    if (map <= 0) throw new Error(`map_create: ${map}`)
    this.map = BigInt(map)
    for (const cpu of cpus)
      for (let key = 1; key < Math.max(2, elements); key++) cpu.store32(Number(this.keyAt(cpu, key)), key)
    if (hash) this.fill(core, map)
    const timer = (element: number): bigint => BigInt(exports.map_element_value(map, element) as number)
    this.timers = hash
      ? [exports.bpf_map_lookup_elem(this.map, this.keyAt(core, 0)) as bigint]
      : Array.from({ length: elements }, (_, element) => timer(element))
    return {
      cpus: cpus.length,
      areas: header(layout.HEADER_CPU_AREAS),
      blocks: header(layout.HEADER_CONTROL_BLOCKS),
      blockCount: controlBlocks,
      expiries: header(layout.HEADER_REALTIME_EXPIRIES),
      pool: header(layout.HEADER_CONTROL_BLOCK_POOL),
      programs,
      map,
      slot: core.load32(map + (this.work ? layout.MAP_WORK_SLOTS : layout.MAP_TIMER_SLOTS)),
    }
  }

  // The hash begins with key 0, in the only element that there is: what is deleted is given to the next key.
  private fill(core: Cpu, map: number): void {
    this.update(core, 0)
    core.store32(core.load32(core.load32(map + layout.MAP_POOL) + layout.BITMAP_LEVEL), 0)
  }

  // In each CPU's run buffer, from +64 on; the zeroes before are key 0, and every value.
  keyAt(cpu: Cpu, key: number): bigint {
    return BigInt(cpu.peek32(cpuArea(cpu, cpu.index) + layout.CPU_RUN_BUFFER) + key * 64)
  }

  /** Whether all CPUs of a set were declared dead. */
  private allDead(cpu: Cpu, set: number): boolean {
    for (let other = 0; set >> other !== 0; other++) {
      const life = this.places.areas + other * layout.CPU_BYTES + layout.CPU_LIFE
      if (((set >> other) & 1) !== 0 && cpu.load32(life) !== LIFE_DEAD) return false
    }
    return true
  }

  // A guest function was called: a program's entry, or a callback.
  private call(cpu: Cpu, index: number, _map: bigint, key: bigint): bigint {
    if (index === 0) {
      this.results[cpu.index] = this.bodies[cpu.index]!()
      return 0n
    }
    const program = Math.floor((index - 1) / CALLBACKS) + 1
    const notes = (this.notes[cpu.index] ??= [])
    const loaded = (): void => {
      if (cpu.load32(this.places.programs[program - 1]! + layout.PROGRAM_STATE) === PROGRAM_UNLOADED)
        cpu.fail(`G1: a callback of program ${program} runs, and the program is unloaded`)
      if (this.reloads && cpu.load32(cpu.ghost(GHOST_GONE + program - 1)) !== 0)
        cpu.fail(`G1: a callback of program ${program} runs, and another one has its place`)
    }
    // A slot may have a new block while the old one's callback still runs: what may not run twice is one block's.
    const current = cpu.load32(this.places.areas + cpu.index * layout.CPU_BYTES + layout.CPU_CURRENT)
    const running = cpu.ghost(GHOST_RUNNING + (current - this.places.blocks) / layout.CONTROL_BLOCK_BYTES)
    // A bit for each CPU: the run of one that was declared dead has ended.
    const { timers } = this
    const own = timers.length === 1 ? 0 : cpu.peek32(Number(key))
    const others = cpu.add32(running, 1 << cpu.index)
    if (others !== 0 && !this.allDead(cpu, others)) cpu.fail('two callbacks of one timer at once')
    notes.push(timers.length === 1 ? `begin ${program}` : `begin ${program} @${own}`)
    loaded()
    const done = act((index - 1) % CALLBACKS, own, timers.length, {
      start: (element) =>
        note('start', { deadline: this.deadline(LATER) }, this.timerStart(cpu, timers[element]!, LATER, 0)),
      free: (element) => note('free', {}, this.update(cpu, element)),
      cancel: (element) => note('cancel', {}, Number(cpu.exports.bpf_timer_cancel(timers[element]!))),
    })
    notes.push(...done)
    loaded()
    cpu.add32(running, -(1 << cpu.index))
    notes.push('end')
    return 0n
  }

  deadline(nanoseconds: number): number {
    if (this.work) return 0
    return Math.ceil((Number(CLOCK) + nanoseconds) / 8)
  }

  timerStart(cpu: Cpu, timer: bigint, nanoseconds: number, flags: number): number {
    if (this.work) return Number(cpu.exports.bpf_wq_start(timer, 0n))
    return Number(cpu.exports.bpf_timer_start(timer, BigInt(nanoseconds), BigInt(flags)))
  }

  update(cpu: Cpu, key: number): number {
    const value = this.keyAt(cpu, 0) + 8n
    return Number(cpu.exports.bpf_map_update_elem(this.map, this.keyAt(cpu, key), value, 0n))
  }

  // Runs `body` as a run of a program.
  asProgram(cpu: Cpu, program: number, nested: boolean, body: () => Value): Value {
    this.bodies[cpu.index] = body
    cpu.exports.program_run(this.places.programs[program - 1], 0, nested ? CONTEXT_NMI : CONTEXT_TASK)
    return this.results[cpu.index]
  }

  poll(cpu: Cpu): string {
    const notes: string[] = (this.notes[cpu.index] = [])
    cpu.exports.cpu_poll()
    return notes.length === 0 ? 'none' : notes.join(';')
  }

  /**
   * An operation by its name, which begins with its kind, then `@1` for the timer of element 1; the rest makes it
   * unique. Kinds: init; set, restart, freeself, cancelself, startfreed, cancelnext, freenext followed by 1 or 2
   * (set_callback of such a callback of that program); now, later, abs, past, pin (starts); timed (now, and when that
   * was); cancel; silence (a cancel after which no callback may run: for scripts without starts); async
   * (cancel_async); free (an update of the element); insert, delete (of a key of a hash); freefound, initfound,
   * startfound (set_callback and start; by a program that has found the map in another one, if it is there); hold (a
   * section); unbound (a look at a freed block); scribble (over the timer’s bytes in the value); put1, put2 (unload),
   * reload1, reload2 (another program in its place); drop (last user reference), reopen (a handle by id); count (of
   * free blocks); poll; pollgone (if the map is gone); loop (a worker's life, on CPU 0); await (until a callback ran;
   * then ends that loop); tick (only before an exploration: all that was started is due then); stoppedcleared,
   * stoppedrunning, stoppedinit, stoppedrepair (only before an exploration: CPU 0 has stopped in a firing, in an
   * init, in a repair); awaitcancel (until a cancel took effect); bury (repair, until it is done); burythe1, burythe2
   * (repair of CPU 0, 1); forward, back (REALTIME is set); offline (repair); those of a map that goes
   * (async-closing.ts).
   */
  operation(name: string, nested = false): Operation {
    const key = `${name} ${nested}`
    const known = this.cached.get(key)
    if (known) return known
    const [, verb = '', number, at] = /^([a-z]+)([12]?)(?:@(\d))?/.exec(name)!
    const element = Number(at ?? 0)
    // A hash has one timer, whichever key its element holds.
    const timer = this.timers[element] ?? this.timers[0]!
    const asked = { name, verb, program: number === '2' ? 2 : 1, element, nested, timer }
    const made = PROGRAM_OPERATIONS[verb]?.(this, asked) ?? hostOperation(this, asked)
    this.cached.set(key, made)
    return made
  }

  /** Runs operations natively, to make an initial state: `0:init 0:set1 1:now`. */
  play(cpus: Cpu[], steps: string): void {
    for (const step of steps.split(' ').filter(Boolean)) {
      const [cpu, name] = step.split(':')
      this.operation(name!).run(cpus[Number(cpu)]!)
    }
  }

  private callbackDoes(steps: string) {
    const start = { kind: 'start', args: { deadline: this.deadline(LATER) } }
    const free = { kind: 'free', args: {} }
    if (steps.includes('startfreed')) return [free, start]
    return [...(steps.includes('restart') ? [start] : []), ...(steps.includes('freeself') ? [free] : [])]
  }

  /** A subject: initial state by `steps`, then scripts of operation names per CPU. */
  subject(name: string, steps: string, scripts: AsyncScript[], more: Partial<Subject> = {}): Subject {
    const { places, stage } = this
    const load32 = (address: number): number => stage.memory.words[address >>> 2]! >>> 0
    const made = (operation: string): Operation =>
      this.oneThread ? onOneThread(this.operation(operation)) : this.operation(operation)
    const cpus: CpuScript[] = scripts.map((script) => ({
      operations: script.operations.map((operation, place) =>
        script.afterStop === true && place === 0 ? { ...made(operation), afterStop: true } : made(operation),
      ),
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
        mayRunOut: this.mayRunOut,
        callbackDoes: this.callbackDoes(steps),
      }) as SequentialModel<unknown>,
      nameOf: (address) => nameOf(places, load32, address),
      show: (address, value) => show(places, address, value),
      showResult: errnoResult,
      maxSteps: 20_000,
      ...more,
    })
  }
}

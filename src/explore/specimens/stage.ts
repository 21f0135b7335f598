// The stage on which the three older designs play: their module's check build, a few blocks, slots and programs, and
// what traces call them. Operations are wrapped as what they are in life: a program's run, an NMI, a CPU's own work.
import {
  BITMAP_LEVEL,
  CPU_BYTES,
  CPU_SECTION,
  HEADER,
  HEADER_CPU_AREAS,
  HEADER_GRACE_PERIOD,
} from '../../../core/layout.js'
import * as layout from '../../../core/specimens/layout.js'
import type { Cpu } from '../executor.js'
import { Stage } from '../stage.js'
import type { Operation, Value, View } from '../subject.js'
import { referencesText } from '../subjects/fields.js'
import { moduleBytes } from '../builds.js'
import { trampolines } from '../trampoline.js'

export type Design = 'locked' | 'rfc-v1' | 'merged'
export const DESIGNS: Design[] = ['locked', 'rfc-v1', 'merged']

const CPUS = 3
const BLOCKS = 3
const SLOTS = 3
const PROGRAMS = 3
const COMMANDS = 4
/** Rounded up from what specimen_boot uses on so many CPUs. */
const MEMORY = 160 * 1024

/** What function `fn` of a program does when it is called; programs are counted from 1, functions from 0. */
export type Callbacks = Record<string, (cpu: Cpu, element: number, at: SpecimenStage) => void>

export class SpecimenStage {
  readonly stage: Stage
  private readonly slots: number
  private readonly blocks: number
  private readonly programs: number
  private readonly commands: number
  private readonly cpuAreas: number
  private readonly areas: number

  /** `callbacks`: what bound functions do, by name (`prog#1.f0`); those not named have empty bodies. */
  constructor(
    readonly design: Design,
    callbacks: Callbacks = {},
    traced = false,
  ) {
    const names = Object.keys(callbacks)
    let running: Cpu[] = []
    this.stage = new Stage({
      module: moduleBytes('specimens', traced),
      sites: traced,
      memory: MEMORY,
      cpus: CPUS,
      ghost: 8,
      imports: (cpu) => ({
        explorer: {
          poisoned: (address: number, bytes: number) => cpu.poison(address, bytes),
          cleansed: (address: number, bytes: number) => cpu.cleanse(address, bytes),
        },
      }),
      boot: (cpus) => {
        running = cpus
        const { exports } = cpus[0]!
        const used = exports['specimen_boot'](CPUS, BLOCKS, SLOTS, PROGRAMS, COMMANDS) as number
        if (used > MEMORY) throw new Error(`the specimens' stage needs ${used} bytes`)
        for (const cpu of cpus) {
          cpu.exports['cpu_attach'](cpu.index)
          const table = cpu.exports['table'] as WebAssembly.Table
          const first = table.grow(names.length)
          trampolines(names.length, first, (index, _map, element) => {
            callbacks[names[index - first]!]!(running[cpu.index]!, Number(element), this)
            return 0n
          }).forEach((fn, index) => table.set(first + index, fn))
        }
        for (let index = 0; index < PROGRAMS; index++) exports['specimen_program_load'](index)
        const table = cpus[0]!.exports['table'] as WebAssembly.Table
        const first = table.length - names.length
        names.forEach((name, index) => {
          const [, program, fn] = /^prog#(\d)\.f(\d)$/.exec(name) ?? []
          cpus[0]!.store32(this.textAt(cpus[0]!, Number(program), Number(fn)), first + index)
        })
      },
    })
    const word = (field: number): number => this.stage.cpus[0]!.load32(layout.SPECIMENS + field)
    this.slots = word(layout.SPECIMENS_SLOTS)
    this.blocks = word(layout.SPECIMENS_BLOCKS)
    this.programs = word(layout.SPECIMENS_PROGRAMS)
    this.commands = word(layout.SPECIMENS_COMMANDS)
    this.cpuAreas = word(layout.SPECIMENS_CPUS)
    this.areas = this.stage.cpus[0]!.load32(HEADER + HEADER_CPU_AREAS)
  }

  private textAt(cpu: Cpu, program: number, fn: number): number {
    const programs = cpu.load32(layout.SPECIMENS + layout.SPECIMENS_PROGRAMS)
    return programs + ((program - 1) << layout.PROGRAM_SHIFT) + layout.PROGRAM_TEXT + fn * 4
  }

  slot(index: number): number {
    return this.slots + (index << layout.SLOT_SHIFT)
  }

  block(index: number): number {
    return this.blocks + (index << layout.BLOCK_SHIFT)
  }

  /** Programs are counted from 1. */
  program(number: number): number {
    return this.programs + ((number - 1) << layout.PROGRAM_SHIFT)
  }

  text(program: number, fn = 0): number {
    return this.program(program) + layout.PROGRAM_TEXT + fn * 4
  }

  /** An export of the design: `call(cpu, 'start', slot, 0n, 0n)`. */
  call(cpu: Cpu, name: string, ...args: (number | bigint)[]): number {
    return Number(cpu.exports[`${this.design.replace('-', '_')}_${name}`](...args))
  }

  /** A program's run on a CPU: a read-side section around `body`. */
  run(name: string, body: (cpu: Cpu) => Value | void): Operation {
    return {
      name,
      run(cpu) {
        const section: number = cpu.exports['specimen_enter']()
        const result = body(cpu)
        cpu.exports['specimen_leave'](section)
        return result
      },
    }
  }

  /** The same in NMI. */
  nmi(name: string, body: (cpu: Cpu) => Value | void): Operation {
    return this.run(name, (cpu) => {
      const context: number = cpu.exports['specimen_nmi_enter']()
      const result = body(cpu)
      cpu.exports['specimen_nmi_leave'](context)
      return result
    })
  }

  /** What a CPU does by itself: `timer`, `work`, `reclaim`. */
  own(part: 'timer' | 'work' | 'reclaim', name: string = part): Operation {
    return { name, run: (cpu) => cpu.exports[`specimen_${part}`]() !== 0 }
  }

  /** merged: what its irq_work does. */
  irqWork(name = 'irq_work'): Operation {
    return { name, run: (cpu) => cpu.exports['merged_irq_work']() as undefined }
  }

  // Operations of the design, by short names.
  init(cpu: Cpu, slot = 0, kind = 1): number {
    return this.call(cpu, 'init', this.slot(slot), kind, kind === 1 ? 1n : 0n)
  }
  set(cpu: Cpu, program: number, fn = 0, slot = 0): number {
    return this.call(cpu, 'set_callback', this.slot(slot), this.program(program), this.text(program, fn))
  }
  start(cpu: Cpu, nsecs = 0n, slot = 0): number {
    return this.call(cpu, 'start', this.slot(slot), nsecs, 0n)
  }
  cancel(cpu: Cpu, slot = 0): number {
    return this.call(cpu, 'cancel', this.slot(slot))
  }
  cancelAsync(cpu: Cpu, slot = 0): number {
    return this.call(cpu, 'cancel_async', this.slot(slot))
  }
  startWork(cpu: Cpu, slot = 0): number {
    return this.call(cpu, 'wq_start', this.slot(slot), 0n)
  }
  free(cpu: Cpu, slot = 0): void {
    this.call(cpu, 'free', this.slot(slot))
  }
  /** The host closes its handle on a program. */
  unload(cpu: Cpu, program: number): void {
    cpu.exports['specimen_program_put'](this.program(program))
  }

  /** Whether a CPU is in a read-side section. */
  inSection(cpu: Cpu, index: number): boolean {
    return cpu.load64(this.areas + index * CPU_BYTES + CPU_SECTION) !== 0n
  }

  /** A field of block `index`. */
  field(view: View, field: number, index = 0): number {
    return view.load32(this.block(index) + field)
  }

  /** The CPUs in whose timer queue block `index` is, once per entry. */
  queuesOf(view: View, index: number): number[] {
    const found: number[] = []
    for (let cpu = 0; cpu < CPUS; cpu++) {
      let timer = view.load32(this.cpuAreas + (cpu << layout.SPECIMEN_CPU_SHIFT) + layout.BASE_FIRST)
      for (let steps = 0; timer !== 0 && steps <= BLOCKS; steps++) {
        if (timer === this.block(index)) found.push(cpu)
        timer = view.load32(timer + layout.TIMER_NEXT)
      }
    }
    return found
  }

  /** What is missing in a machine at rest whose slots are empty and whose programs have one handle each. */
  unbalanced(view: View): string | undefined {
    const pool = view.load32(layout.SPECIMENS + layout.SPECIMENS_BLOCK_POOL + BITMAP_LEVEL)
    const lost = [...Array(BLOCKS).keys()].filter((index) => ((view.load32(pool) >>> index) & 1) === 0)
    if (lost.length > 0) return `cb#${lost.join(', cb#')} did not come back`
    for (let index = 0; index < BLOCKS; index++)
      if (this.field(view, layout.TIMER_QUEUED, index) !== 0) return `cb#${index} is free and armed`
    for (let program = 1; program <= PROGRAMS; program++) {
      const references = view.load32(this.program(program) + layout.PROGRAM_REFERENCES)
      if (references !== 1) return `prog#${program} has ${references} references instead of 1`
    }
    return undefined
  }

  /** Name of an address, for traces. */
  nameOf = (address: number): string | undefined => {
    const within = (base: number, count: number, shift: number): [number, number] | undefined =>
      address >= base && address < base + (count << shift)
        ? [(address - base) >> shift, (address - base) & ((1 << shift) - 1)]
        : undefined
    if (address === HEADER + HEADER_GRACE_PERIOD) return 'grace period'
    const slot = within(this.slots, SLOTS, layout.SLOT_SHIFT)
    if (slot) return `slot#${slot[0]}.${slot[1] === layout.SLOT_LOCK ? 'lock' : 'block'}`
    const block = within(this.blocks, BLOCKS, layout.BLOCK_SHIFT)
    if (block) return `cb#${block[0]}.${BLOCK_FIELDS[block[1]] ?? block[1]}`
    const program = within(this.programs, PROGRAMS, layout.PROGRAM_SHIFT)
    if (program)
      return `prog#${program[0] + 1}.${PROGRAM_FIELDS[program[1]] ?? `f${(program[1] - layout.PROGRAM_TEXT) / 4}`}`
    const command = within(this.commands, COMMANDS, layout.COMMAND_SHIFT)
    if (command) return `command#${command[0]}+${command[1]}`
    const cpu = within(this.cpuAreas, CPUS, layout.SPECIMEN_CPU_SHIFT)
    if (cpu) return `cpu${cpu[0]}.${CPU_FIELDS[cpu[1]] ?? cpu[1]}`
    if (address === layout.SPECIMENS + layout.SPECIMENS_USERS) return 'map.users'
    if (address === layout.SPECIMENS + layout.SPECIMENS_WORK_LOCK) return 'workqueue.lock'
    if (address >= layout.SPECIMENS + layout.SPECIMENS_BYTES) return this.areaName(address)
    return undefined
  }

  private areaName(address: number): string | undefined {
    const index = Math.floor((address - this.areas) / CPU_BYTES)
    if (index < 0 || index >= CPUS) return bitmapName(address, this.commands + (COMMANDS << layout.COMMAND_SHIFT))
    return (address - this.areas) % CPU_BYTES === CPU_SECTION ? `cpu${index}.section` : undefined
  }

  /** A value as what it points to. */
  show = (address: number, value: bigint, width: number): string | undefined => {
    const name = this.nameOf(address) ?? ''
    if (width !== 4) return undefined
    if (/^cb#\d\.state$/.test(name)) return ['READY', 'BUSY', 'FREED'][Number(value)]
    if (name.endsWith('.refs')) return referencesText(Number(value))
    if (!/block|program|callback|running|_work|next|commands|draining/.test(name)) return undefined
    if (value === 0n) return 'none'
    const at = Number(value)
    const command = at - this.commands
    if (command >= 0 && command < COMMANDS << layout.COMMAND_SHIFT) return `command#${command >> layout.COMMAND_SHIFT}`
    const block = at - this.blocks
    if (block >= 0 && block < BLOCKS << layout.BLOCK_SHIFT) return `cb#${block >> layout.BLOCK_SHIFT}`
    const program = at - this.programs
    if (program < 0 || program >= PROGRAMS << layout.PROGRAM_SHIFT) return undefined
    const inside = program & ((1 << layout.PROGRAM_SHIFT) - 1)
    const number = `prog#${(program >> layout.PROGRAM_SHIFT) + 1}`
    return inside === 0 ? number : `${number}:f${(inside - layout.PROGRAM_TEXT) / 4}`
  }
}

const BLOCK_FIELDS: Record<number, string> = {
  [layout.BLOCK_REFERENCES]: 'refs',
  [layout.BLOCK_STATE]: 'state',
  [layout.BLOCK_PROGRAM]: 'program',
  [layout.BLOCK_CALLBACK]: 'callback',
  [layout.BLOCK_KIND]: 'kind',
  [layout.BLOCK_SLOT]: 'slot',
  [layout.BLOCK_CANCELS_LAST]: 'cancels_last',
  [layout.BLOCK_CANCELLING]: 'cancelling',
  [layout.BLOCK_GRACE_PERIOD]: 'grace_period',
  [layout.TIMER_EXPIRES]: 'expires',
  [layout.TIMER_BASE]: 'base',
  [layout.TIMER_QUEUED]: 'queued',
  [layout.TIMER_NEXT]: 'next',
  [layout.TIMER_PREVIOUS]: 'previous',
  [layout.BLOCK_WORK]: 'work.pending',
  [layout.BLOCK_WORK + layout.WORK_NEXT]: 'work.next',
  [layout.BLOCK_WORK + layout.WORK_KIND]: 'work.kind',
  [layout.BLOCK_WORK + layout.WORK_BLOCK]: 'work.block',
  [layout.BLOCK_DELETE]: 'delete.pending',
  [layout.BLOCK_DELETE + layout.WORK_NEXT]: 'delete.next',
  [layout.BLOCK_DELETE + layout.WORK_KIND]: 'delete.kind',
  [layout.BLOCK_DELETE + layout.WORK_BLOCK]: 'delete.block',
  [layout.BLOCK_COMMANDS]: 'commands',
  [layout.BLOCK_IRQ_WORK]: 'irq_work',
  [layout.BLOCK_IRQ_WORK_NEXT]: 'irq_work.next',
}

const PROGRAM_FIELDS: Record<number, string> = {
  [layout.PROGRAM_REFERENCES]: 'refs',
  [layout.PROGRAM_STATE]: 'loaded',
  [layout.PROGRAM_GRACE_PERIOD]: 'grace_period',
}

const CPU_FIELDS: Record<number, string> = {
  [layout.BASE_LOCK]: 'timers.lock',
  [layout.BASE_SEQUENCE]: 'timers.sequence',
  [layout.BASE_RUNNING]: 'timers.running',
  [layout.BASE_FIRST]: 'timers.first',
  [layout.BASE_LAST]: 'timers.last',
  [layout.CPU_INTERRUPTS_OFF]: 'interrupts_off',
  [layout.CPU_HRTIMER_RUNNING]: 'callback_running',
  [layout.CPU_DRAINING]: 'draining',
  [layout.CPU_CURRENT_WORK]: 'current_work',
  [layout.CPU_IRQ_WORKS]: 'irq_works',
}

// The bitmaps lie behind the commands, each on a line of its own.
function bitmapName(address: number, first: number): string | undefined {
  const names = ['free blocks', 'blocks waiting', 'programs waiting', 'programs dying', 'free commands']
  return names[Math.floor((address - Math.ceil(first / 64) * 64) / 64)]
}

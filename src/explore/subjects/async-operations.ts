// What programs do to the timers and works of an async machine, by kind: each operation is a run of a program that
// calls one helper. What the host does: async-host.ts. Which kinds there are is said at AsyncMachine.operation.
import { BPF_F_TIMER_ABS, BPF_F_TIMER_CPU_PIN, CLOCK_MONOTONIC, CLOCK_REALTIME } from '../../../core/abi.js'
import * as layout from '../../../core/layout.js'
import type { Cpu } from '../executor.js'
import type { Operation, Value } from '../subject.js'
import { CALLBACK_OF, CALLBACKS } from './async-callbacks.js'
import { GHOST_RUNNING, GHOST_TIMES, isPresent } from './async-memory.js'
import type { Places } from './async-memory.js'
import { CLOCK, expiryOf, LATER, OFFSET } from './async-times.js'

/** MAP_STATE of a map that is there (core/element.ts). */
const MAP_LIVE = 1

const SCRIBBLE = 0x5a5a_5a5a_5a5a_5a5an

/** What operations need of their machine. */
export interface AsyncRoom {
  readonly places: Places
  readonly map: bigint
  readonly work: boolean
  /** The timers' clock is REALTIME. */
  readonly realtime: boolean
  /** Place of the guest's functions in every CPU's table: a program's entry, then callbacks. */
  readonly first: number
  /** Guest addresses of the timers (works), by element. */
  readonly timers: readonly bigint[]
  /** Words by which a CPU is asked to look at a timer. */
  readonly asked: readonly number[]
  /** A time from CLOCK on as a deadline; 0 for work. */
  deadline(nanoseconds: number): number
  keyAt(cpu: Cpu, key: number): bigint
  /** Updates an element from a program. */
  update(cpu: Cpu, key: number): number
  timerStart(cpu: Cpu, timer: bigint, nanoseconds: number, flags: number): number
  asProgram(cpu: Cpu, program: number, nested: boolean, body: () => Value): Value
  /** Fires what is due: what the callbacks noted. */
  poll(cpu: Cpu): string
}

/** An operation that is asked for by name. */
export interface Asked {
  name: string
  verb: string
  /** 1 or 2. */
  program: number
  element: number
  /** It runs as an NMI. */
  nested: boolean
  timer: bigint
}

type Args = Record<string, Value>

/** A run of a program that does `body`. */
export function inProgram(
  room: AsyncRoom,
  { name, program, nested }: Asked,
  kind: string,
  args: Args,
  body: (cpu: Cpu) => Value,
): Operation {
  return { name, kind, args, run: (cpu) => room.asProgram(cpu, program, nested, () => body(cpu)) }
}

/** Makes an operation of its kind. */
export type Make = (room: AsyncRoom, asked: Asked) => Operation

const init: Make = (room, asked) =>
  inProgram(room, asked, 'init', {}, ({ exports }) => {
    const { work, map, realtime } = room
    if (work) return Number(exports['bpf_wq_init'](asked.timer, map, 0n))
    return Number(exports['bpf_timer_init'](asked.timer, map, BigInt(realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC)))
  })

const setCallback: Make = (room, asked) =>
  inProgram(room, asked, 'set_callback', { program: asked.program }, ({ exports }) => {
    const fn = BigInt(room.first + 1 + (asked.program - 1) * CALLBACKS + CALLBACK_OF[asked.verb]!)
    if (room.work) return Number(exports['bpf_wq_set_callback'](asked.timer, fn, 0n))
    return Number(exports['bpf_timer_set_callback'](asked.timer, fn))
  })

/** A start with that argument, whose deadline is so many nanoseconds from CLOCK. */
function start(room: AsyncRoom, asked: Asked, nanoseconds: number, expiry: number, flags: number): Operation {
  const args = {
    deadline: room.deadline(expiry),
    pinned: !room.work && (flags & BPF_F_TIMER_CPU_PIN) !== 0,
    wall: room.realtime && (flags & BPF_F_TIMER_ABS) !== 0,
  }
  return inProgram(room, asked, 'start', args, (cpu) => room.timerStart(cpu, asked.timer, nanoseconds, flags))
}

const absolute: Make = (room, asked) => {
  const expiry = expiryOf(asked.verb === 'past' ? 'past' : 'abs', asked.element)
  const clock = Number(CLOCK) + (room.realtime ? OFFSET : 0)
  return start(room, asked, clock + expiry, expiry, BPF_F_TIMER_ABS)
}

function cancel(room: AsyncRoom, asked: Asked, after: (cpu: Cpu, result: number) => void): Operation {
  const one = inProgram(room, asked, 'cancel', { nested: asked.nested }, (cpu) => {
    const result = Number(cpu.exports['bpf_timer_cancel'](asked.timer))
    after(cpu, result)
    return result
  })
  return { ...one, mayWait: true }
}

const silence: Make = (room, asked) =>
  cancel(room, asked, (cpu, result) => {
    if (result >= 0 && cpu.load32(cpu.ghost(GHOST_RUNNING)) !== 0)
      cpu.fail(`G4: cancel answered ${result}, nobody started the timer again, and its callback runs`)
  })

// Reads the block in a section and looks, twice, that it does not come back to the pool before the section ends.
const hold: Make = (room, asked) =>
  inProgram(room, asked, 'hold', {}, (cpu) => {
    const { places } = room
    const block = cpu.load32(places.slot)
    if (block === layout.SLOT_EMPTY) return 'none'
    const bit = 1 << ((block - places.blocks) / layout.CONTROL_BLOCK_BYTES)
    const leaf = cpu.peek32(places.pool + layout.BITMAP_LEVEL)
    for (let look = 0; look < 2; look++)
      if (cpu.load32(leaf) & bit) cpu.fail('G1: a block is back in the pool while a section holds it')
    return 'held'
  })

// The program has no reference on the map: it has found it in a map of maps, in its section.
const found =
  (body: (cpu: Cpu, room: AsyncRoom, asked: Asked) => Value): Make =>
  (room, asked) =>
    inProgram(room, asked, asked.verb, {}, (cpu) =>
      cpu.load32(room.places.map + layout.MAP_STATE) === MAP_LIVE ? body(cpu, room, asked) : 'gone',
    )

const FOUND: Record<string, Make> = {
  freefound: found((cpu, room, { element }) => room.update(cpu, element)),
  initfound: found(({ exports }, { map }, { timer }) =>
    Number(exports['bpf_timer_init'](timer, map, BigInt(CLOCK_MONOTONIC))),
  ),
  startfound: found((cpu, room, { timer }) => {
    const bound = Number(cpu.exports['bpf_timer_set_callback'](timer, BigInt(room.first + 1)))
    return `${bound} ${room.timerStart(cpu, timer, 0, 0)}`
  }),
}

// Looks that nothing is bound to the machine's first block, which was bound and then freed.
const unbound: Make = (room, asked) =>
  inProgram(room, asked, 'unbound', {}, (cpu) => {
    if (isPresent(cpu.load64(room.places.blocks + layout.CB_BINDING)))
      cpu.fail('H32: something is bound to a block that was freed')
    return 0
  })

// A start for now that answers when it began and when it had ended, by numbers of such moments, and its own number.
const timed: Make = (room, asked) =>
  inProgram(room, asked, 'start', {}, (cpu) => {
    const times = cpu.ghost(GHOST_TIMES)
    const began = cpu.add32(times, 1)
    if (room.timerStart(cpu, asked.timer, 0, 0) !== 0) cpu.fail('a start is refused')
    const ended = cpu.add32(times, 1)
    return `${began} ${ended} ${cpu.peek32(cpu.peek32(room.places.slot + asked.element * 4) + layout.CB_STAMP)}`
  })

// The program writes over the bytes of its timer, which no verifier of this machine keeps it from.
const scribble: Make = (room, asked) =>
  inProgram(room, asked, 'scribble', {}, (cpu) => {
    for (const half of [0, 8]) cpu.store64(Number(asked.timer) + half, SCRIBBLE)
    return 'done'
  })

/** Kind of operation → how it is made. */
export const PROGRAM_OPERATIONS: Record<string, Make> = {
  init,
  ...Object.fromEntries(Object.keys(CALLBACK_OF).map((verb) => [verb, setCallback])),
  now: (room, asked) => start(room, asked, 0, 0, 0),
  later: (room, asked) => start(room, asked, LATER, LATER, 0),
  abs: absolute,
  past: absolute,
  timed,
  pin: (room, asked) => start(room, asked, 0, 0, BPF_F_TIMER_CPU_PIN),
  cancel: (room, asked) => cancel(room, asked, () => {}),
  silence,
  async: (room, asked) =>
    inProgram(room, asked, 'cancel_async', {}, ({ exports }) => Number(exports['bpf_timer_cancel_async'](asked.timer))),
  free: (room, asked) => inProgram(room, asked, 'free', {}, (cpu) => room.update(cpu, asked.element)),
  insert: (room, asked) => inProgram(room, asked, 'insert', {}, (cpu) => room.update(cpu, asked.element)),
  delete: (room, asked) =>
    inProgram(room, asked, 'delete', {}, (cpu) =>
      Number(cpu.exports['bpf_map_delete_elem'](room.map, room.keyAt(cpu, asked.element)) as bigint),
    ),
  ...FOUND,
  hold,
  unbound,
  scribble,
}

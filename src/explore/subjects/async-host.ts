// What the host does on an async machine, by kind, between programs (as an NMI, a nested program does it): references
// on programs and on the map, the CPU's own turn, clocks, repair; and a map that goes (async-closing.ts).
import * as layout from '../../../core/layout.js'
import type { Cpu } from '../executor.js'
import type { Operation, Value } from '../subject.js'
import { closingOperation, MAP_RECLAIMABLE } from './async-closing.js'
import { GHOST_GONE, GHOST_PUTS, GHOST_THREAD } from './async-memory.js'
import { inProgram } from './async-operations.js'
import type { AsyncRoom, Asked, Make } from './async-operations.js'
import { OFFSET, STEP, TICKED } from './async-times.js'
import { offline } from './core-stage.js'

/** PROGRAM_STATE of a program that is unloaded (core/async/program.ts). */
export const PROGRAM_UNLOADED = 3

/** Place of the run number in the state word (core/async/state.ts). */
const RUN_SHIFT = 3n
/** The low half of it: idle, generation 0, run 1. */
const IDLE_RUN_1 = (62 << 5) | (1 << 3)

function byHost(
  room: AsyncRoom,
  asked: Asked,
  kind: string,
  args: Record<string, Value>,
  body: (cpu: Cpu) => Value,
): Operation {
  return asked.nested ? inProgram(room, asked, kind, args, body) : { name: asked.name, kind, args, run: body }
}

const put: Make = (room, asked) =>
  byHost(room, asked, 'put-program', { program: asked.program }, (cpu) => {
    cpu.add32(cpu.ghost(GHOST_PUTS + asked.program - 1), 1)
    cpu.exports['program_close'](room.places.programs[asked.program - 1])
    return 0
  })

// A program that is unloaded leaves its place, and the next one that is loaded gets it.
const reload: Make = ({ places, first }, { name, program }) => ({
  name,
  kind: 'reload',
  run(cpu) {
    const place = places.programs[program - 1]!
    if (cpu.load32(place + layout.PROGRAM_STATE) !== PROGRAM_UNLOADED) return 'waits'
    cpu.store32(cpu.ghost(GHOST_GONE + program - 1), 1)
    cpu.exports['program_release'](place)
    if (cpu.exports['program_create'](first, first, first) !== place) cpu.fail('a free place was passed over')
    cpu.add32(cpu.ghost(GHOST_PUTS + program - 1), -1)
    return 'loaded again'
  },
})

const poll: Make = (room, { name }) => ({
  name,
  kind: 'poll',
  writes: room.asked,
  run: (cpu) => room.poll(cpu),
})

// Fires what is due if the host may take the map's memory back by now.
const pollGone: Make = (room, asked) => ({
  ...poll(room, asked),
  run: (cpu) =>
    cpu.load32(room.places.map + layout.MAP_STATE) === MAP_RECLAIMABLE ? room.poll(cpu) : 'the map is there',
})

// Ends the loop of CPU 0 once a callback ran.
const awaitCallback: Make = ({ places }, { name }) => ({
  name,
  kind: 'await',
  mayWait: true,
  run(cpu) {
    cpu.waitWhile32(places.blocks + layout.CB_RUNS, 0)
    cpu.store32(places.areas + layout.CPU_CONTROL, 1)
    cpu.add32(places.areas + layout.CPU_BELL, 1)
    cpu.wake(places.areas + layout.CPU_BELL)
    return 0
  },
})

// Begins once something is bound for the first time.
const awaitBinding: Make = ({ places }, { name }) => ({
  name,
  kind: 'await',
  mayWait: true,
  run: (cpu) => (cpu.waitWhile32(places.blocks + layout.CB_BINDING, 0), 0),
})

/** REALTIME is set so many nanoseconds away from where it was at boot. */
const step =
  (by: number): Make =>
  (room, { name }) => ({
    name,
    kind: 'step',
    args: { by: by / 8 },
    run: ({ exports }) => (exports['realtime_set'](OFFSET + by, 0), 0),
  })

// Before an exploration: CPU 0 has stopped with an entry of the machine's first block in hand, whose queued word it has
// cleared, in that phase of the firing (core/run/fire.ts); `run`: with that run mark.
const stoppedIn =
  (phase: number, run: bigint): Make =>
  ({ places: { areas, blocks } }, { name }) => ({
    name,
    kind: 'stopped',
    run(cpu) {
      cpu.store32(areas + layout.CPU_CURRENT, blocks)
      cpu.store32(areas + layout.CPU_FIRING, phase)
      cpu.add32(blocks + layout.CB_REFERENCES, 1)
      cpu.store64(blocks + layout.CB_STATE, cpu.load64(blocks + layout.CB_STATE) | (run << RUN_SHIFT))
      return 0
    },
  })

// Before an exploration: CPU 0 has stopped between the publication of the machine's first block and its second look at
// the user references of the map, which has none by then.
const stoppedInit: Make = ({ places: { blocks, map } }, { name }) => ({
  name,
  kind: 'stopped',
  run(cpu) {
    cpu.store32(map + layout.MAP_USER_REFERENCES, 0)
    const holder = blocks + layout.CB_HOLDER
    cpu.or32(holder & ~3, 1 << ((holder & 3) * 8))
    return 0
  },
})

// Before an exploration: CPU 0 has stopped in a repair.
const stoppedRepair: Make = (_, { name }) => ({
  name,
  kind: 'stopped',
  run: (cpu) => (cpu.store32(layout.HEADER + layout.HEADER_REPAIRER, 1), 0),
})

// Begins once a cancel has taken effect on what CPU 0 was running when it stopped (stoppedrunning).
const awaitCancel: Make = ({ places: { blocks } }, { name }) => ({
  name,
  kind: 'await',
  mayWait: true,
  run: (cpu) => (cpu.waitWhile32(blocks + layout.CB_STATE, IDLE_RUN_1), 0),
})

// Repairs the CPU that has stopped (CPU 0, if it did so before the exploration), and does so again while CPU 1 has the
// same timer in hand, as the host does.
const bury: Make = ({ places: { areas } }, { name }) => ({
  name,
  kind: 'offline',
  mayWait: true,
  run(cpu) {
    const current = areas + layout.CPU_BYTES + layout.CPU_CURRENT
    while (true) {
      cpu.retry()
      if (cpu.exports['cpu_offline'](Math.max(0, cpu.stopped())) === 0) return 0
      const inHand = cpu.load32(current)
      if (inHand !== 0) cpu.waitWhile32(current, inHand)
    }
  },
})

const HOST_OPERATIONS: Record<string, Make> = {
  put,
  drop: (room, asked) =>
    byHost(room, asked, 'drop-user', {}, ({ exports }) => (exports['map_user_put'](room.places.map), 0)),
  reopen: (room, asked) =>
    byHost(room, asked, 'get-user', {}, ({ exports }) => (exports['map_user_get'](room.places.map), 0)),
  reload,
  count: (_, { name }) => ({ name, kind: 'count', run: ({ exports }) => exports['control_blocks_free']() as number }),
  poll,
  pollgone: pollGone,
  tick: (_, { name }) => ({ name, kind: 'tick', run: (cpu) => (cpu.setClock(TICKED), 0) }),
  forward: step(STEP),
  back: step(-STEP),
  loop: (_, { name }) => ({ name, kind: 'loop', mayWait: true, run: ({ exports }) => Number(exports['cpu_loop']()) }),
  await: awaitCallback,
  awaitbound: awaitBinding,
  awaitcancel: awaitCancel,
  offline: (_, { name }) => offline(name),
  bury,
  // burythe1: CPU 0, which stopped before the exploration or has ended between two operations.
  burythe: (_, { name, program }) => ({
    name,
    kind: 'offline',
    run: ({ exports }) => Number(exports['cpu_offline'](program - 1)),
  }),
  stoppedinit: stoppedInit,
  stoppedrepair: stoppedRepair,
  stoppedcleared: stoppedIn(2, 0n),
  stoppedrunning: stoppedIn(3, 1n),
}

/** An operation of the host. Throws a plain Error if there is none of that kind. */
export function hostOperation(room: AsyncRoom, asked: Asked): Operation {
  const make = HOST_OPERATIONS[asked.verb]
  return make ? make(room, asked) : closingOperation(asked.name, asked.verb, room.places)
}

/**
 * The operation on a machine of one thread, where nobody else does anything before it has ended: setting REALTIME is
 * for these only (core/run/realtime.ts).
 */
export function onOneThread(one: Operation): Operation {
  return {
    ...one,
    mayWait: true,
    run(cpu) {
      const thread = cpu.ghost(GHOST_THREAD)
      while (true) {
        cpu.retry()
        if (cpu.compareExchange32(thread, 0, 1) === 0) break
        cpu.waitWhile32(thread, 1)
      }
      const result = one.run(cpu)
      cpu.store32(thread, 0)
      return result
    },
  }
}

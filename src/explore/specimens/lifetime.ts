// Questions about what is used after it was freed, or never freed.
import type { Cpu } from '../executor.js'
import { LATER, prepared, TIMER, victims, WORK } from './question.js'
import type { Question } from './question.js'
import { DESIGNS } from './stage.js'

/** A pair with a free, then the clean-up of a machine that comes to rest: every block and reference must come back. */
const books = (kind: number, operation: string): Question => ({
  name: `${operation} of a ${kind === WORK ? 'work' : 'timer'} against free: every block and reference comes back`,
  hazards: ['H4', 'H6', 'H8', 'H13'],
  designs: DESIGNS,
  build: (at) => {
    const does: Record<string, (cpu: Cpu) => unknown> = {
      set_callback: (cpu) => at.set(cpu, 2),
      start: (cpu) => (kind === WORK ? at.startWork(cpu) : at.start(cpu, LATER)),
      cancel: (cpu) => at.cancel(cpu),
      free: (cpu) => at.free(cpu),
      nothing: () => undefined,
    }
    return {
      setup: prepared(at, { kind }),
      cpus: [
        {
          operations: [
            at.run(operation, (cpu) => void does[operation]!(cpu)),
            { name: 'done', run: (cpu) => cpu.store32(cpu.ghost(0), 1) },
          ],
        },
        {
          operations: [
            at.run('free too', (cpu) => at.free(cpu)),
            {
              name: 'come to rest',
              run(cpu) {
                cpu.waitWhile32(cpu.ghost(0), 0)
                for (let turn = 0; turn < 3; turn++) {
                  cpu.exports['specimen_work']()
                  cpu.exports['specimen_reclaim']()
                }
              },
            },
          ],
        },
      ],
      atRest: (view) => at.unbalanced(view),
      progress: 'none',
    }
  },
})

export const LIFETIME: Question[] = [
  ...['set_callback', 'cancel', 'free'].map((operation): Question => ({
    name: `${operation} while the timer fires: the program that runs is loaded`,
    hazards: ['H7'],
    designs: DESIGNS,
    build: (at) => ({
      setup: prepared(at, { armed: 0n, on: 1, unloaded: true }),
      cpus: [
        { operations: [victims[operation]!(at)] },
        { operations: [at.own('timer')] },
        { operations: [at.own('work'), at.own('reclaim')] },
      ],
      progress: 'none',
    }),
  })),
  {
    name: 'the last user reference goes while the timer fires: the program that runs is loaded',
    hazards: ['H7'],
    designs: DESIGNS,
    build: (at) => ({
      setup: prepared(at, { armed: 0n, on: 1, unloaded: true }),
      cpus: [
        // The close of a handle: no program, no read-side section.
        { operations: [{ name: 'last user goes', run: (cpu) => void at.call(cpu, 'user_put') }] },
        { operations: [at.own('timer')] },
        { operations: [at.own('work'), at.own('reclaim')] },
      ],
      progress: 'none',
    }),
  },
  {
    name: 'another timer’s callback frees while the timer fires: the program that runs is loaded',
    hazards: ['H7', 'H10'],
    designs: DESIGNS,
    callbacks: { 'prog#2.f0': (cpu, _element, at) => at.free(cpu) },
    build: (at) => ({
      setup(cpus) {
        prepared(at, { armed: 0n, on: 1, unloaded: true })(cpus)
        at.init(cpus[0]!, 1)
        at.set(cpus[0]!, 2, 0, 1)
        at.start(cpus[0]!, 0n, 1)
      },
      cpus: [
        { operations: [at.own('timer', 'other timer')] },
        { operations: [at.own('timer')] },
        { operations: [at.own('work'), at.own('reclaim')] },
      ],
      progress: 'none',
    }),
  },
  {
    name: 'the work is freed while its worker begins: the program that runs is loaded',
    hazards: ['H20'],
    designs: DESIGNS,
    build: (at) => ({
      setup: prepared(at, { kind: WORK, armed: 0n, unloaded: true }),
      cpus: [
        { operations: [at.own('work', 'worker')] },
        { operations: [at.run('free', (cpu) => at.free(cpu)), at.own('reclaim')] },
        { operations: [at.own('work')] },
      ],
      progress: 'none',
    }),
  },
  ...[TIMER, WORK].map((kind): Question => ({
    name: `start of a ${kind === WORK ? 'work' : 'timer'} against an init that finds no user reference`,
    hazards: ['H2'],
    designs: DESIGNS,
    build: (at) => ({
      setup: ([cpu]) => void at.call(cpu!, 'user_put'),
      cpus: [
        { operations: [at.run('init', (cpu) => at.init(cpu, 0, kind)), at.own('work'), at.own('reclaim')] },
        {
          operations: [
            at.run('start', (cpu) => (kind === WORK ? at.startWork(cpu) : at.start(cpu))),
            at.own(kind === WORK ? 'work' : 'timer', 'fire'),
          ],
        },
      ],
      progress: 'none',
    }),
  })),
  {
    name: 'start of a work against a free: no freed block is queued',
    hazards: ['H3', 'H11'],
    designs: DESIGNS,
    build: (at) => ({
      setup: prepared(at, { kind: WORK }),
      cpus: [
        { operations: [at.run('start', (cpu) => at.startWork(cpu)), at.own('work', 'worker')] },
        {
          operations: [at.run('free', (cpu) => at.free(cpu)), at.own('work'), at.own('reclaim')],
        },
      ],
      progress: 'none',
    }),
  },
  {
    name: 'init against the last user reference: nothing stays in the slot',
    hazards: ['H1'],
    designs: DESIGNS,
    build: (at) => ({
      cpus: [
        { operations: [at.run('init', (cpu) => at.init(cpu))] },
        { operations: [{ name: 'last user goes', run: (cpu) => void at.call(cpu, 'user_put') }] },
      ],
      atRest: (view) => (view.load32(at.slot(0)) !== 0 ? 'a block stays in a map without users' : undefined),
      progress: 'none',
    }),
  },
  {
    name: 'an init that finds no user reference against a new user’s init',
    hazards: ['H34'],
    designs: DESIGNS,
    build: (at) => ({
      cpus: [
        { operations: [at.run('init', (cpu) => at.init(cpu))] },
        {
          operations: [
            { name: 'last user goes', run: (cpu) => void at.call(cpu, 'user_put') },
            { name: 'new user', run: (cpu) => cpu.exports['specimen_user_get']() as undefined },
            at.run('init of new user', (cpu) => at.init(cpu)),
          ],
        },
      ],
      atRest: (view) =>
        view.result('init of new user') === 0 && view.load32(at.slot(0)) === 0
          ? 'init answered 0, the map has a user, nobody deleted the element, and the slot is empty'
          : undefined,
      progress: 'none',
    }),
  },
  {
    name: 'free against a firing and a set_callback: no callback begins after free has returned',
    hazards: ['H32'],
    designs: DESIGNS,
    callbacks: {
      'prog#2.f0': (cpu) => {
        if (cpu.load32(cpu.ghost(0)) === 1) cpu.fail('a callback begins after free has returned')
      },
    },
    build: (at) => ({
      setup: prepared(at, { armed: 0n }),
      cpus: [
        { operations: [at.own('timer')] },
        {
          operations: [
            at.run('free', (cpu) => at.free(cpu)),
            {
              name: 'returned',
              // Noted only if the firing has not entered its section: then it has not read its callback yet.
              run: (cpu) => (at.inSection(cpu, 0) ? 'a callback had begun' : cpu.store32(cpu.ghost(0), 1)),
            },
          ],
        },
        { operations: [victims['set_callback']!(at)] },
      ],
      progress: 'none',
    }),
  },
  {
    name: 'a callback frees its own element, and starts its timer again',
    hazards: ['H10', 'H14', 'H15'],
    designs: DESIGNS,
    callbacks: {
      'prog#1.f0': (cpu, _element, at) => {
        at.free(cpu)
        if (at.start(cpu) === 0) cpu.fail('start in an empty slot is answered 0')
      },
    },
    build: (at) => ({
      setup: prepared(at, { armed: 0n, unloaded: true }),
      cpus: [
        { operations: [at.own('timer')] },
        {
          operations: [
            at.own('work'),
            at.own('work', 'work again'),
            at.own('reclaim'),
            at.own('reclaim', 'reclaim again'),
          ],
        },
      ],
      progress: 'none',
    }),
  },
  ...['set_callback', 'start', 'cancel', 'free'].map((operation) => books(TIMER, operation)),
  ...['nothing', 'set_callback', 'start', 'free'].map((operation) => books(WORK, operation)),
]

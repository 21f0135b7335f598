// Questions about answers: lost calls, cancels that leave something behind, setters that keep each other from their
// end.
import { EBUSY, EDEADLK, ENOMEM } from '../../../core/abi.js'
import * as layout from '../../../core/specimens/layout.js'
import { answered, LATER, prepared, victims } from './question.js'
import type { Question } from './question.js'
import { DESIGNS } from './stage.js'

export const ANSWERS: Question[] = [
  {
    name: 'start without a callback',
    hazards: ['H38'],
    designs: DESIGNS,
    build: (at) => ({
      setup: ([cpu]) => void at.init(cpu!),
      cpus: [{ operations: [at.run('start', (cpu) => at.start(cpu)), at.own('timer')] }],
      atRest: (view) =>
        view.result('start') === 0
          ? `start answered 0; the timer ${view.result('timer') ? 'fired' : 'did not fire'}, no callback ran`
          : undefined,
    }),
  },
  {
    name: 'two CPUs set a callback: both are answered 0',
    hazards: ['H5'],
    designs: DESIGNS,
    build: (at) => ({
      setup: prepared(at),
      cpus: [2, 3].map((program) => ({ operations: [at.run(`set P${program}`, (cpu) => at.set(cpu, program))] })),
      atRest: (view) =>
        [2, 3].some((program) => view.result(`set P${program}`) === -EBUSY)
          ? 'a set_callback is lost: -EBUSY'
          : undefined,
      progress: 'none',
    }),
  },
  {
    name: 'two CPUs set a callback: neither keeps the other from its end',
    hazards: [],
    designs: DESIGNS,
    build: (at) => ({
      setup: prepared(at),
      cpus: [2, 3].map((program) => ({ operations: [at.run(`set P${program}`, (cpu) => at.set(cpu, program))] })),
      progress: 'fair',
    }),
  },
  {
    name: 'a set_callback and a free: neither keeps the other from its end',
    hazards: [],
    designs: DESIGNS,
    build: (at) => ({
      setup: prepared(at),
      cpus: [{ operations: [victims['set_callback']!(at)] }, { operations: [victims['free']!(at)] }],
      progress: 'fair',
    }),
  },
  {
    name: 'cancel against a set_callback that fails: nothing is bound after it',
    hazards: ['H18'],
    designs: DESIGNS,
    build: (at) => ({
      setup(cpus) {
        prepared(at)(cpus)
        at.unload(cpus[0]!, 2)
      },
      cpus: [
        { operations: [at.run('set_callback', (cpu) => at.set(cpu, 2))] },
        { operations: [at.run('cancel', (cpu) => at.cancel(cpu))] },
      ],
      atRest: (view) =>
        answered(view, 'cancel') && view.result('set_callback') !== 0 && at.field(view, layout.BLOCK_CALLBACK) !== 0
          ? 'cancel has returned, no set_callback succeeded, and the callback is still bound'
          : undefined,
      progress: 'none',
    }),
  },
  {
    name: 'two cancels, then start: the callback that was cancelled does not run',
    hazards: ['H18'],
    designs: DESIGNS,
    callbacks: { 'prog#1.f0': (cpu) => void cpu.add32(cpu.ghost(0), 1) },
    build: (at) => ({
      setup: prepared(at),
      cpus: [
        { operations: [at.run('cancel', (cpu) => at.cancel(cpu))] },
        {
          operations: [
            at.run('cancel too', (cpu) => at.cancel(cpu)),
            at.run('start', (cpu) => at.start(cpu)),
            at.own('timer'),
          ],
        },
      ],
      check: (view) => (view.ghost(0) > 0 ? 'the callback runs that both cancels have dropped' : undefined),
      progress: 'none',
    }),
  },
  ...(['cancel', 'cancelAsync'] as const).map((operation): Question => ({
    name: `a start in NMI, then ${operation === 'cancel' ? 'cancel' : 'cancel_async'} on another CPU: the timer is not armed`,
    hazards: ['H12'],
    designs: ['merged'],
    build: (at) => ({
      setup: prepared(at),
      cpus: [
        {
          operations: [
            at.nmi('start in NMI', (cpu) => at.start(cpu, LATER)),
            { name: 'returned', run: (cpu) => cpu.store32(cpu.ghost(0), 1) },
            at.irqWork(),
          ],
        },
        {
          operations: [at.run('cancel', (cpu) => (cpu.load32(cpu.ghost(0)) === 0 ? 'too early' : at[operation](cpu)))],
        },
      ],
      atRest: (view) =>
        answered(view, 'cancel') && at.field(view, layout.TIMER_QUEUED) !== 0
          ? `start had returned 0, then cancel answered ${view.result('cancel')}, and the timer is armed`
          : undefined,
    }),
  })),
  {
    name: 'a start in NMI, then cancel and set_callback: the new callback does not run',
    hazards: ['H12'],
    designs: ['merged'],
    callbacks: { 'prog#2.f0': (cpu) => void cpu.add32(cpu.ghost(1), 1) },
    build: (at) => ({
      setup: prepared(at),
      cpus: [
        {
          operations: [
            at.nmi('start in NMI', (cpu) => at.start(cpu)),
            { name: 'returned', run: (cpu) => cpu.store32(cpu.ghost(0), 1) },
            at.irqWork(),
            at.own('timer'),
          ],
        },
        {
          operations: [
            at.run('cancel, set_callback', (cpu) => {
              if (cpu.load32(cpu.ghost(0)) === 0) return 'too early'
              const cancelled = at.cancel(cpu)
              at.set(cpu, 2)
              return cancelled
            }),
          ],
        },
      ],
      atRest: (view) =>
        answered(view, 'cancel, set_callback') && view.ghost(1) > 0
          ? 'a callback ran that was bound after cancel had returned and that nobody has started'
          : undefined,
    }),
  },
  {
    name: 'a start in NMI, then cancel_async in NMI of another CPU: the timer is not armed when both are carried out',
    hazards: ['H12'],
    designs: ['merged'],
    build: (at) => ({
      setup: prepared(at),
      cpus: [
        {
          operations: [
            at.nmi('start in NMI', (cpu) => at.start(cpu, LATER)),
            { name: 'returned', run: (cpu) => cpu.store32(cpu.ghost(0), 1) },
            at.irqWork(),
          ],
        },
        {
          operations: [
            at.nmi('cancel in NMI', (cpu) => (cpu.load32(cpu.ghost(0)) === 0 ? 'too early' : at.cancelAsync(cpu))),
            at.irqWork('irq_work too'),
          ],
        },
      ],
      atRest: (view) =>
        view.result('cancel in NMI') !== 'too early' && at.field(view, layout.TIMER_QUEUED) !== 0
          ? `cancel_async was answered ${view.result('cancel in NMI')} after start had returned, and the timer is armed`
          : undefined,
    }),
  },
  {
    name: 'a start in NMI while this CPU carries out deferred commands: it is accepted',
    hazards: ['H21'],
    designs: ['merged'],
    build: (at) => ({
      setup(cpus) {
        prepared(at)(cpus)
        const context: number = cpus[0]!.exports['specimen_nmi_enter']()
        at.start(cpus[0]!, LATER)
        cpus[0]!.exports['specimen_nmi_leave'](context)
      },
      cpus: [{ operations: [at.irqWork()], nmi: [at.nmi('start in NMI', (cpu) => at.start(cpu, LATER))] }],
      atRest: (view) => (view.result('start in NMI') === -EDEADLK ? 'start is answered -EDEADLK' : undefined),
    }),
  },
  {
    name: 'five starts in NMI, one after another: each is accepted',
    hazards: ['H22'],
    designs: ['merged'],
    build: (at) => ({
      setup: prepared(at),
      cpus: [{ operations: [1, 2, 3, 4, 5].map((n) => at.nmi(`start ${n}`, (cpu) => at.start(cpu, LATER))) }],
      atRest: (view) =>
        view.result('start 5') === -ENOMEM ? 'start is answered -ENOMEM: no room for a command' : undefined,
    }),
  },
  {
    name: 'start against cancel: not armed unbound, with start and cancel answering 0',
    hazards: ['H38'],
    designs: DESIGNS,
    build: (at) => ({
      setup: prepared(at),
      cpus: [{ operations: [victims['start']!(at)] }, { operations: [victims['cancel']!(at)] }],
      atRest: (view) =>
        view.result('start') === 0 && view.result('cancel') === 0
          ? `both answered 0; the timer is ${at.field(view, layout.TIMER_QUEUED) ? 'armed' : 'idle'} and nothing is bound`
          : undefined,
      progress: 'none',
    }),
  },
  {
    name: 'cancel while the timer fires: it ran, or cancel answers that it was armed',
    hazards: ['H31'],
    designs: DESIGNS,
    callbacks: { 'prog#1.f0': (cpu) => void cpu.add32(cpu.ghost(0), 1) },
    build: (at) => ({
      setup: prepared(at, { armed: 0n, on: 1 }),
      cpus: [{ operations: [victims['cancel']!(at)] }, { operations: [at.own('timer')] }],
      atRest: (view) =>
        view.result('cancel') === 0 && view.ghost(0) === 0
          ? 'cancel answers 0, and an armed timer never ran'
          : undefined,
      progress: 'none',
    }),
  },
  {
    name: 'two CPUs start the same timer while it fires: it is armed once, on one of them',
    hazards: ['H25'],
    designs: DESIGNS,
    build: (at) => ({
      setup: prepared(at, { armed: 0n }),
      cpus: [
        { operations: [at.own('timer'), at.run('start', (cpu) => at.start(cpu, LATER))] },
        { operations: [at.run('start too', (cpu) => at.start(cpu, LATER)), at.own('timer', 'timer too')] },
      ],
      atRest: (view) => {
        const lists = at.queuesOf(view, 0)
        return lists.length === 1 && lists[0] === at.field(view, layout.TIMER_BASE)
          ? undefined
          : `the timer is in the queues of CPUs ${lists.join() || 'none'}`
      },
      progress: 'none',
    }),
  },
]

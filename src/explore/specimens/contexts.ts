// Questions about NMI, interrupts, CPUs that stop, and callbacks that wait for each other.
import { EBUSY, EDEADLK, EOPNOTSUPP } from '../../../core/abi.js'
import { LATER, prepared, victims } from './question.js'
import type { Question } from './question.js'
import { DESIGNS } from './stage.js'

export const CONTEXTS: Question[] = [
  ...Object.keys(victims).map((operation): Question => ({
    name: `an NMI deletes the element inside ${operation}`,
    hazards: [],
    designs: DESIGNS,
    build: (at) => ({
      ...(operation === 'init' ? {} : { setup: prepared(at, { armed: LATER }) }),
      cpus: [
        {
          operations: [victims[operation]!(at)],
          nmi: [at.nmi('delete', (cpu) => at.free(cpu))],
        },
      ],
    }),
  })),
  {
    name: 'an NMI deletes the element while another timer is started',
    hazards: [],
    designs: DESIGNS,
    build: (at) => ({
      setup(cpus) {
        prepared(at, { armed: LATER })(cpus)
        at.init(cpus[0]!, 1)
        at.set(cpus[0]!, 1, 0, 1)
      },
      cpus: [
        {
          operations: [at.run('start other', (cpu) => at.start(cpu, LATER, 1))],
          nmi: [at.nmi('delete', (cpu) => at.free(cpu))],
        },
      ],
    }),
  },
  {
    name: 'an NMI deletes the element while its timer fires',
    hazards: [],
    designs: DESIGNS,
    build: (at) => ({
      setup: prepared(at, { armed: 0n }),
      cpus: [{ operations: [at.own('timer')], nmi: [at.nmi('delete', (cpu) => at.free(cpu))] }],
    }),
  },
  {
    name: 'NMIs on two CPUs delete the element that the other CPU sets a callback of',
    hazards: [],
    // merged holds as well: 2.8 million states.
    designs: ['locked', 'rfc-v1'],
    build: (at) => ({
      setup: ([cpu]) => [0, 1].forEach((slot) => at.init(cpu!, slot)),
      cpus: [0, 1].map((slot) => ({
        operations: [at.run(`set timer ${slot}`, (cpu) => at.set(cpu, 1, 0, slot))],
        nmi: [at.nmi(`delete timer ${1 - slot}`, (cpu) => at.free(cpu, 1 - slot))],
      })),
      progress: 'none',
    }),
  },
  {
    name: 'an NMI sets a callback and starts inside every operation',
    hazards: ['H21'],
    designs: DESIGNS,
    build: (at) => ({
      setup: prepared(at, { armed: LATER }),
      cpus: [
        {
          operations: ['set_callback', 'start', 'cancel', 'free', 'init'].map((one) => victims[one]!(at)),
          nmi: [at.nmi('set in NMI', (cpu) => at.set(cpu, 3)), at.nmi('start in NMI', (cpu) => at.start(cpu, LATER))],
        },
      ],
      atRest: (view) =>
        view.result('set in NMI') === -EOPNOTSUPP || view.result('start in NMI') === -EOPNOTSUPP
          ? 'the operation is refused in NMI'
          : undefined,
    }),
  },
  {
    name: 'an interrupt inside set_callback and start fires the timer',
    hazards: [],
    designs: DESIGNS,
    build: (at) => ({
      setup: prepared(at, { armed: 0n }),
      cpus: [
        {
          operations: [victims['set_callback']!(at), at.run('start', (cpu) => at.start(cpu))],
          nmi: [
            {
              name: 'interrupt',
              run: (cpu) =>
                cpu.exports['specimen_interrupts_off']() !== 0 ? 'held off' : cpu.exports['specimen_timer']() !== 0,
            },
          ],
        },
      ],
    }),
  },
  {
    name: 'a CPU stops inside set_callback: another CPU sets, starts and cancels',
    hazards: [],
    designs: DESIGNS,
    build: (at) => ({
      setup: prepared(at),
      cpus: [
        { operations: [victims['set_callback']!(at)], mayStop: true },
        {
          operations: [
            at.run('set other', (cpu) => at.set(cpu, 3)),
            at.run('start other', (cpu) => at.start(cpu, LATER)),
            at.run('cancel other', (cpu) => at.cancel(cpu)),
          ],
        },
      ],
      atRest: (view) =>
        view.stopped === 0 && view.result('set other') === -EBUSY
          ? 'a CPU stopped inside set_callback, and every later set_callback is answered -EBUSY'
          : undefined,
      progress: 'none',
    }),
  },
  {
    name: 'a CPU stops inside start: another CPU starts',
    hazards: [],
    designs: DESIGNS,
    build: (at) => ({
      setup: prepared(at, { armed: LATER }),
      cpus: [
        { operations: [victims['start']!(at)], mayStop: true },
        { operations: [at.run('start other', (cpu) => at.start(cpu, LATER))] },
      ],
      progress: 'none',
    }),
  },
  {
    name: 'two callbacks that cancel each other’s timer both come to an end',
    hazards: ['H9'],
    designs: DESIGNS,
    callbacks: { 'prog#1.f0': (cpu, element, at) => void at.cancel(cpu, 1 - element) },
    build: (at) => ({
      setup: (cpus) =>
        cpus.slice(0, 2).forEach((cpu, slot) => {
          at.init(cpu, slot)
          at.set(cpu, 1, 0, slot)
          at.start(cpu, 0n, slot)
        }),
      cpus: [{ operations: [at.own('timer')] }, { operations: [at.own('timer', 'timer too')] }],
      progress: 'none',
    }),
  },
  {
    name: 'a callback cancels a timer whose callback cancels an idle one: no cycle, no -EDEADLK',
    hazards: ['H9'],
    designs: DESIGNS,
    callbacks: {
      'prog#1.f0': (cpu, element, at) => {
        if (at.cancel(cpu, element + 1) === -EDEADLK) cpu.fail('cancel is answered -EDEADLK, and no cycle waits')
      },
    },
    build: (at) => ({
      setup(cpus) {
        cpus.slice(0, 2).forEach((cpu, slot) => {
          at.init(cpu, slot)
          at.set(cpu, 1, 0, slot)
          at.start(cpu, 0n, slot)
        })
        at.init(cpus[0]!, 2)
      },
      cpus: [{ operations: [at.own('timer')] }, { operations: [at.own('timer', 'timer too')] }],
      progress: 'none',
    }),
  },
]

// What is explored of rings, and of the perf buffers that they are: records put by two CPUs, put and taken at the same
// time, put by an NMI in any step of a put, beside a CPU that stops, into a full ring, and while the buffer is closed.
// Called by ring-catalogue.ts.
import type { CpuScript } from '../subject.js'
import { offline } from './core-stage.js'
import type { Variant } from './entry.js'
import { awaitRecord, close, discard, output, put, query, submit, take, takeOf } from './ring-stage.js'
import type { RingStage } from './ring-stage.js'

/** Bytes of a record, if a plan says no other. */
export const SMALL = 8
/** Two of them fill a ring of 4096 bytes. */
const LARGE = 2000
/** One of them, and its header, is half of it: only one is there at a time, for the last byte stays free. */
const HALF = 2040

export interface Plan {
  name: string
  about: string
  variant: Variant
  /** Bytes of the records that are in each ring before. */
  held: readonly number[]
  bytes?: number
  /** 2 if not given. */
  cpus?: number
  /** Perf buffers, of CPU 0 and on; 1 if not given. 0: programs write to the ring itself. */
  buffers?: number
  /** Not every answer is the model's: what must hold at rest is all that is asked. */
  loose?: boolean
  scripts(at: RingStage, bytes: number): CpuScript[]
}

const OWN_PLANS: Plan[] = [
  {
    name: 'perf/put/take',
    about: 'two records are put while two are taken',
    variant: 'plain',
    held: [],
    scripts: (at, bytes) => [
      { operations: [put(at, 'A', 4, bytes), put(at, 'B', 5, bytes)] },
      { operations: [take(at, 'C'), take(at, 'D')] },
    ],
  },
  {
    name: 'perf/full/put/take',
    about: 'a record is put into a full buffer while one is taken: it fits, or it is counted as lost',
    variant: 'plain',
    held: [LARGE, LARGE],
    bytes: LARGE,
    scripts: (at, bytes) => [{ operations: [put(at, 'A', 4, bytes)] }, { operations: [take(at, 'B'), take(at, 'C')] }],
  },
  {
    name: 'perf/wrap/put/take',
    about: 'a record is put at the place of one that a consumer has gone past and not yet vacated',
    variant: 'plain',
    held: [2040, 2024],
    loose: true,
    scripts: (at, bytes) => [
      { operations: [put(at, 'A', 4, bytes), put(at, 'B', 5, bytes)] },
      { operations: [take(at, 'C'), take(at, 'D')] },
    ],
  },
  {
    name: 'perf/wrap/put/take',
    about:
      'the same, and an NMI puts one more: the header that it writes for the one in front of it is at such a place',
    variant: 'nmi',
    held: [2040, 2024],
    loose: true,
    scripts: (at, bytes) => [
      { operations: [put(at, 'A', 4, bytes), put(at, 'B', 5, bytes)], nmi: [put(at, 'C', 6, bytes)] },
      { operations: [take(at, 'D'), take(at, 'E')] },
    ],
  },
  {
    name: 'perf/put/close',
    about: 'a record is put while the buffer is closed',
    variant: 'plain',
    held: [],
    loose: true,
    scripts: (at, bytes) => [{ operations: [put(at, 'A', 4, bytes)] }, { operations: [close(at, 'B'), take(at, 'C')] }],
  },
  {
    name: 'perf/put/put',
    about: 'a record is put by an NMI in any step of a put, beside a take',
    variant: 'nmi',
    held: [SMALL],
    scripts: (at, bytes) => [
      { operations: [put(at, 'A', 4, bytes)], nmi: [put(at, 'B', 5, bytes)] },
      { operations: [take(at, 'C')] },
    ],
  },
  {
    name: 'perf/put/take',
    about: 'the CPU that puts a record stops: what was in front of it can be taken',
    variant: 'stop',
    held: [SMALL],
    scripts: (at, bytes) => [
      { operations: [put(at, 'A', 4, bytes)], mayStop: true },
      { operations: [take(at, 'B'), take(at, 'C')] },
    ],
  },
  {
    name: 'perf/two/put/put',
    about: 'two CPUs put a record each, into their own buffers, while the host takes from both',
    variant: 'plain',
    held: [],
    cpus: 3,
    buffers: 2,
    scripts: (at, bytes) => [
      { operations: [put(at, 'A', 4, bytes)] },
      { operations: [put(at, 'B', 5, bytes)] },
      { operations: [takeOf(at, 'C', 0), takeOf(at, 'D', 1)] },
    ],
  },
  {
    name: 'perf/two/full',
    about:
      'two CPUs put a record each into full buffers, while the host takes from one: that one fits or not, the other one does not',
    variant: 'plain',
    held: [LARGE, LARGE],
    bytes: LARGE,
    cpus: 3,
    buffers: 2,
    scripts: (at, bytes) => [
      { operations: [put(at, 'A', 4, bytes)] },
      { operations: [put(at, 'B', 5, bytes)] },
      { operations: [takeOf(at, 'C', 1)] },
    ],
  },
  {
    name: 'perf/two/put/foreign',
    about: 'a CPU puts a record into its buffer while another one tries to: only the owner does',
    variant: 'plain',
    held: [],
    cpus: 3,
    buffers: 2,
    loose: true,
    scripts: (at, bytes) => [
      { operations: [put(at, 'A', 4, bytes, 1), put(at, 'B', 5, bytes)] },
      { operations: [put(at, 'C', 6, bytes)] },
      { operations: [takeOf(at, 'D', 1)] },
    ],
  },
  {
    name: 'perf/two/put/wait',
    about: 'two CPUs put a record each while the host sleeps until there is one, twice: no wake-up is lost',
    variant: 'plain',
    held: [],
    cpus: 3,
    buffers: 2,
    loose: true,
    scripts: (at, bytes) => [
      { operations: [put(at, 'A', 4, bytes)] },
      { operations: [put(at, 'B', 5, bytes)] },
      { operations: [awaitRecord(at, 'C'), awaitRecord(at, 'D')] },
    ],
  },
  {
    name: 'perf/two/put/put',
    about: 'an NMI puts a record in any step of a put, beside the put of another CPU into its own buffer',
    variant: 'nmi',
    held: [],
    cpus: 3,
    buffers: 2,
    scripts: (at, bytes) => [
      { operations: [put(at, 'A', 4, bytes)], nmi: [put(at, 'B', 5, bytes)] },
      { operations: [put(at, 'C', 6, bytes)] },
      { operations: [takeOf(at, 'D', 0)] },
    ],
  },
  {
    name: 'perf/two/put/put',
    about: 'a CPU that puts a record into its buffer stops: the other one’s can be used as before',
    variant: 'stop',
    held: [SMALL],
    cpus: 3,
    buffers: 2,
    scripts: (at, bytes) => [
      { operations: [put(at, 'A', 4, bytes)], mayStop: true },
      { operations: [put(at, 'B', 5, bytes)] },
      { operations: [takeOf(at, 'C', 1), takeOf(at, 'D', 1)] },
    ],
  },
  {
    name: 'ring/put/put',
    about: 'two CPUs put a record each while a third one takes',
    variant: 'plain',
    held: [],
    cpus: 3,
    buffers: 0,
    scripts: (at, bytes) => [
      { operations: [output(at, 'A', 4, bytes)] },
      { operations: [output(at, 'B', 5, bytes)] },
      { operations: [take(at, 'C'), take(at, 'D')] },
    ],
  },
  {
    name: 'ring/full/put/put',
    about: 'two CPUs put a record each where there is room for one, while a third one takes',
    variant: 'plain',
    held: [LARGE],
    bytes: LARGE,
    cpus: 3,
    buffers: 0,
    scripts: (at, bytes) => [
      { operations: [output(at, 'A', 4, bytes)] },
      { operations: [output(at, 'B', 5, bytes)] },
      { operations: [take(at, 'C')] },
    ],
  },
  {
    name: 'ring/full/put/take/take',
    about:
      'a consumer looks at a record while another one takes it and one more, and two are put: the last lies where the first one lay',
    variant: 'plain',
    held: [HALF],
    bytes: HALF,
    cpus: 3,
    buffers: 0,
    loose: true,
    scripts: (at, bytes) => [
      { operations: [output(at, 'A', 4, bytes), output(at, 'B', 5, bytes)] },
      { operations: [take(at, 'C')] },
      { operations: [take(at, 'D'), take(at, 'E')] },
    ],
  },
  {
    name: 'ring/put/discard',
    about: 'one CPU puts a record, another one reserves one and gives it up, a third one takes',
    variant: 'plain',
    held: [],
    cpus: 3,
    buffers: 0,
    scripts: (at, bytes) => [
      { operations: [output(at, 'A', 4, bytes)] },
      { operations: [discard(at, 'B', 5, bytes)] },
      { operations: [take(at, 'C')] },
    ],
  },
  {
    name: 'ring/full/put/discard',
    about:
      'one CPU puts a record where there is room for one, another one gives one up, a third one takes: what was given up takes room',
    variant: 'plain',
    held: [LARGE],
    bytes: LARGE,
    cpus: 3,
    buffers: 0,
    scripts: (at, bytes) => [
      { operations: [output(at, 'A', 4, bytes)] },
      { operations: [discard(at, 'B', 5, bytes)] },
      { operations: [take(at, 'C'), take(at, 'D')] },
    ],
  },
  {
    name: 'ring/query',
    about: 'a record is put and one taken while a third CPU asks how many bytes there are: at most what was ever put',
    variant: 'plain',
    held: [SMALL],
    cpus: 3,
    buffers: 0,
    loose: true,
    scripts: (at, bytes) => [
      { operations: [output(at, 'A', 4, bytes)] },
      { operations: [take(at, 'B'), take(at, 'C')] },
      { operations: [query(at, 'D', bytes)] },
    ],
  },
  {
    name: 'ring/put/put',
    about: 'a record is put by an NMI in any step of a put, beside a put of another CPU',
    variant: 'nmi',
    held: [],
    cpus: 2,
    buffers: 0,
    scripts: (at, bytes) => [
      { operations: [output(at, 'A', 4, bytes)], nmi: [output(at, 'B', 5, bytes)] },
      { operations: [output(at, 'C', 6, bytes), take(at, 'D')] },
    ],
  },
  {
    name: 'ring/put/put',
    about: 'one of two CPUs that put a record stops; it is repaired, and the other records can be taken',
    variant: 'stop',
    held: [],
    cpus: 2,
    buffers: 0,
    scripts: (at, bytes) => [
      { operations: [output(at, 'A', 4, bytes)], mayStop: true },
      { operations: [output(at, 'B', 5, bytes), offline('repair'), take(at, 'C'), take(at, 'D')] },
    ],
  },
  {
    name: 'ring/repaired/submit/put',
    about: 'a CPU that reserves and submits stops; another one puts and takes, beside the repair on a third one',
    variant: 'stop',
    held: [],
    cpus: 3,
    buffers: 0,
    scripts: (at, bytes) => [
      { operations: [submit(at, 'A', 4, bytes)], mayStop: true },
      { operations: [output(at, 'B', 5, bytes), take(at, 'C')] },
      { operations: [offline('repair')] },
    ],
  },
  {
    name: 'ring/submit/submit',
    about: 'two CPUs reserve a record each and submit it, while a third one takes',
    variant: 'plain',
    held: [],
    cpus: 3,
    buffers: 0,
    scripts: (at, bytes) => [
      { operations: [submit(at, 'A', 4, bytes)] },
      { operations: [submit(at, 'B', 5, bytes)] },
      { operations: [take(at, 'C')] },
    ],
  },
  {
    name: 'ring/full/submit/submit',
    about: 'two CPUs reserve a record each where there is room for one and submit it, while a third one takes',
    variant: 'plain',
    held: [LARGE],
    bytes: LARGE,
    cpus: 3,
    buffers: 0,
    scripts: (at, bytes) => [
      { operations: [submit(at, 'A', 4, bytes)] },
      { operations: [submit(at, 'B', 5, bytes)] },
      { operations: [take(at, 'C')] },
    ],
  },
  {
    name: 'ring/wrap/put/take',
    about: 'records are put at the places of those that a consumer has gone past and not yet vacated, by an NMI too',
    variant: 'nmi',
    held: [2040, 2024],
    loose: true,
    buffers: 0,
    scripts: (at, bytes) => [
      { operations: [output(at, 'A', 4, bytes), submit(at, 'B', 5, bytes)], nmi: [output(at, 'C', 6, bytes)] },
      { operations: [take(at, 'D'), take(at, 'E')] },
    ],
  },
  {
    name: 'ring/submit/put',
    about: 'a record is put by an NMI in any step of a reservation and its submission, beside a put of another CPU',
    variant: 'nmi',
    held: [],
    cpus: 2,
    buffers: 0,
    scripts: (at, bytes) => [
      { operations: [submit(at, 'A', 4, bytes)], nmi: [output(at, 'B', 5, bytes)] },
      { operations: [output(at, 'C', 6, bytes), take(at, 'D')] },
    ],
  },
  {
    name: 'ring/submit/put',
    about: 'a CPU that reserves and submits stops; it is repaired, and the other records can be taken',
    variant: 'stop',
    held: [],
    cpus: 2,
    buffers: 0,
    scripts: (at, bytes) => [
      { operations: [submit(at, 'A', 4, bytes)], mayStop: true },
      { operations: [output(at, 'B', 5, bytes), offline('repair'), take(at, 'C'), take(at, 'D')] },
    ],
  },
]

/**
 * Those of rings that programs write to, also as compiled programs do that name the ring. Large outputs are helpers'
 * alone.
 */
export const PLANS: readonly Plan[] = [
  ...OWN_PLANS,
  ...OWN_PLANS.filter(({ buffers, name }) => buffers === 0 && !name.startsWith('ring/full/put')).map((plan) => ({
    ...plan,
    name: plan.name.replace('ring/', 'ring/at-once/'),
    about: `${plan.about}; at once if that can be`,
    scripts: (at: RingStage, bytes: number) => plan.scripts({ ...at, atOnce: true }, bytes),
  })),
]

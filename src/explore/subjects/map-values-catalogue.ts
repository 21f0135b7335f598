// Hash maps, what else programs and the host do to them: updates and reads of a value under its bpf_spin_lock
// (BPF_F_LOCK), values of other CPUs, walks, counts; each beside changes of the map. The same one-bucket maps as in
// map-catalogue.ts.
import { BPF_F_LOCK, EAGAIN, MAP_TYPE_HASH, MAP_TYPE_LRU_PERCPU_HASH, MAP_TYPE_PERCPU_HASH } from '../../../core/abi.js'
import type { Cpu } from '../executor.js'
import type { SequentialModel } from '../linearize.js'
import { subject } from '../subject.js'
import type { CpuScript, Operation, View } from '../subject.js'
import { coreEntry, slug, type Entry, type Variant } from './entry.js'
import { LRU_OPERATIONS, MAP_OPERATIONS, stageOf } from './map-operations.js'
import type { Make, Shape } from './map-operations.js'
import { atRest, check, cpuValues, elements, holding, model, walk } from './map-stage.js'
import type { MapStage } from './map-stage.js'
import { MEETINGS, othersOf } from './meetings.js'

/** A value under a lock: two words that are always the same, the lock between them. */
const LOCKED_VALUE = { valueSize: 12, lock: 4 }
const SECOND = 8

/** An update in place, with the value that lies with key `from`. */
const updateLocked =
  (key: number, from: number): Make =>
  (at, name) => ({
    name,
    kind: 'update',
    args: { key, flags: 0 },
    mayWait: true,
    run: ({ exports }) => {
      const [map, to, value] = [at.map, at.place(key), at.place(from) + 64].map(BigInt)
      return Number(exports['bpf_map_update_elem'](map, to, value, BigInt(BPF_F_LOCK)) as bigint)
    },
  })

const whole = (cpu: Cpu, value: number): void => {
  const words = [cpu.load32(value), cpu.load32(value + SECOND)]
  if (words[0] !== words[1]) cpu.fail(`a mixture of two values was read under the lock: ${words.join(', ')}`)
}

/** A program reads both words under the lock. */
const readLocked: Make = (at, name) => ({
  name,
  kind: 'read',
  mayWait: true,
  run(cpu) {
    const value: bigint = cpu.exports['bpf_map_lookup_elem'](BigInt(at.map), BigInt(at.place(1)))
    if (value === 0n) return 'absent'
    cpu.exports['bpf_spin_lock'](value + 4n)
    whole(cpu, Number(value))
    cpu.exports['bpf_spin_unlock'](value + 4n)
    return 'read'
  },
})

/**
 * The host copies the value under the lock, if it can have it at once. `own`: what it must be, where nobody changes the
 * value of the key, whatever becomes of its element.
 */
const copyLocked =
  (own?: number): Make =>
  (at, name) => ({
    name,
    kind: 'read',
    run(cpu) {
      const into = at.place(7)
      const result: number = cpu.exports['map_lookup_copy'](at.map, at.place(1), into, BPF_F_LOCK)
      if (result !== 0) return result === -EAGAIN ? 'locked' : result
      whole(cpu, into)
      if (own !== undefined && cpu.load32(into) !== own) cpu.fail(`key 1 was copied as ${cpu.load32(into)}`)
      return result
    },
  })

type Named = [name: string, make: Make]

const CHANGES = ['update 1', 'delete 1', 'update 2'].map((name): Named => [name, MAP_OPERATIONS[name]!])

const LOCKED: Named[] = [
  ['update 1 locked', updateLocked(1, 5)],
  ['update 1 locked again', updateLocked(1, 6)],
  ['read 1 locked', readLocked],
  ['copy 1 locked', copyLocked()],
]

interface Question {
  name: string
  about: string
  type?: number
  more?: Omit<Shape, 'type' | 'maxEntries'>
  keys?: number[]
  /** Plain if not given. */
  variant?: Variant
  cpus(at: MapStage): CpuScript[]
  /** Results are those of some order of the operations. */
  modelled?: boolean
  /** Values are those of their keys, in every state. */
  checked?: boolean
  /** What must hold at rest besides. */
  rest?(view: View, at: MapStage): string | undefined
}

/** A subject about a hash map of 2. */
export function entry({
  name,
  about,
  type = MAP_TYPE_HASH,
  more = {},
  keys = [1],
  variant = 'plain',
  cpus,
  modelled,
  checked,
  rest,
}: Question): Entry {
  return coreEntry(name, about, variant, (traced, module) => {
    const at = stageOf({ type, maxEntries: 2, ...more }, traced, module)
    const fill = holding(at, ...keys)
    return subject({
      name,
      stage: at.stage,
      setup(all) {
        // The second word of each value, where it has one.
        for (let one = 0; one < 8; one++) all[0]!.store32(at.place(one) + 64 + SECOND, 100 + one)
        fill(all)
      },
      cpus: cpus(at),
      atRest: (view) => atRest(at)(view) ?? rest?.(view, at),
      ...(checked ? { check: check(at) } : {}),
      ...(modelled ? { model: model(at, keys) as SequentialModel<unknown> } : {}),
    })
  })
}

const scripts = (at: MapStage, all: Named[]): CpuScript[] =>
  all.map(([, make], cpu) => ({ operations: [make(at, 'ABC'[cpu]!)] }))

function* locked(): Generator<Entry> {
  for (const [at, one] of LOCKED.entries())
    for (const other of [...LOCKED.slice(at), ...CHANGES]) yield under([one, other])
  yield under(LOCKED.slice(0, 3))
}

function under(all: Named[]): Entry {
  const names = all.map(([name]) => name)
  return entry({
    name: `map/locked/${names.map(slug).join('/')}`,
    about: `${names.join(', ')} beside each other; a hash of 2 with locks in its values holding [1]`,
    more: { ...LOCKED_VALUE, cpus: all.length },
    cpus: (at) => scripts(at, all),
    modelled: names.every((name) => !/^(read|copy)/.test(name)),
  })
}

/**
 * The element of the key leaves the map and is handed out for another key while a locked operation has found it and
 * waits for its lock, or holds it. Linux then writes the value into the other key's element, and a read gives that
 * one's; here neither happens: an element that somebody is about to use under its lock is not handed out.
 */
function* lockedReuse(): Generator<Entry> {
  const uses: Named[] = [
    ['update 1 locked', updateLocked(1, 5)],
    ['copy 1 locked', copyLocked(101)],
  ]
  const changes = ['delete 1', 'update 2', 'delete 2', 'update 1'] as const
  const make = (at: MapStage, names: readonly string[]) => names.map((name, i) => MAP_OPERATIONS[name]!(at, 'BCDE'[i]!))
  const ways: [Variant, string, (at: MapStage, one: Operation) => CpuScript[]][] = [
    ['plain', 'on another CPU', (at, one) => [{ operations: [one] }, { operations: make(at, changes) }]],
    ['nmi', 'as NMIs in it', (at, one) => [{ operations: [one], nmi: make(at, changes.slice(0, 2)) }]],
    ['stop', 'on another CPU, and the first one stops', (at, one) => [{ operations: [one], mayStop: true }, { operations: make(at, changes.slice(0, 2)) }]], // prettier-ignore
  ]
  for (const [use, one] of uses)
    for (const [variant, how, scripts] of ways)
      yield entry({
        name: `map/locked/reused/${slug(use)}`,
        about: `${use}; ${changes.slice(0, variant === 'plain' ? 4 : 2).join(', ')} ${how}; a hash of 2 with locks in its values holding [1]`,
        more: LOCKED_VALUE,
        variant,
        cpus: (at) => scripts(at, one(at, 'A')),
        modelled: use.startsWith('update'),
        rest: wholeValues,
      })
}

/**
 * Every key has a value of its own, and the two words of it are of the same one: key 1 its first one, or the locked
 * one.
 */
function wholeValues(view: View, at: MapStage): string | undefined {
  const live = elements(at, view).filter(({ marked }) => !marked)
  const wrong = live.find((one) => one.value !== view.load32(one.at + SECOND) || (one.value !== 100 + one.key && !(one.key === 1 && one.value === 105))) // prettier-ignore
  return wrong && `key ${wrong.key} has the value ${wrong.value}, ${view.load32(wrong.at + SECOND)}`
}

/** Where the value of key 1 lies, 0 if it is absent. */
const where: Make = (at, name) => ({
  name,
  kind: 'where',
  run: ({ exports }) => Number(exports['bpf_map_lookup_elem'](BigInt(at.map), BigInt(at.place(1))) as bigint),
})

/**
 * An update under a lock finds the key absent, and another CPU inserts it: the element that it has inserted stays, and
 * so do pointers into it, timers and work.
 */
function* lockedInsertion(): Generator<Entry> {
  yield entry({
    name: 'map/locked/inserted',
    about: 'update 1 locked beside create 1, which then looks twice where its value lies; a hash of 2 with locks in its values holding []', // prettier-ignore
    more: LOCKED_VALUE,
    keys: [],
    cpus: (at) => [
      { operations: [updateLocked(1, 5)(at, 'A')] },
      { operations: [MAP_OPERATIONS['create 1']!(at, 'B'), where(at, 'C'), where(at, 'D')] },
    ],
    rest(view) {
      const [first, second] = [view.result('C'), view.result('D')]
      return first === second ? undefined : `the value of key 1 moved from ${String(first)} to ${String(second)}`
    },
  })
}

/** The value of CPU 1 of a per-CPU map, looked up by whoever. */
const lookupOn: Make = (at, name) => ({
  name,
  kind: 'lookup',
  args: { key: 1 },
  run: ({ exports }) => {
    const value: bigint = exports['bpf_map_lookup_percpu_elem'](BigInt(at.map), BigInt(at.place(1)), 1n)
    return value !== 0n
  },
})

function* perCpu(): Generator<Entry> {
  const looks: Named[] = [
    ['look up 1', MAP_OPERATIONS['look up 1']!],
    ['look up 1 on CPU 1', lookupOn],
  ]
  for (const one of [...looks, ...CHANGES])
    for (const other of CHANGES)
      yield entry({
        name: `map/per-cpu/${slug(one[0])}/${slug(other[0])}`,
        about: `${one[0]} beside ${other[0]}; a per-CPU hash of 2 holding [1]`,
        type: MAP_TYPE_PERCPU_HASH,
        cpus: (at) => scripts(at, [one, other]),
        modelled: true,
        rest: ownValues,
      })
}

/**
 * An element comes back to the pool while its writer is about to write: whoever takes from the pool there passes over
 * it.
 */
function* perCpuReuse(): Generator<Entry> {
  const changes = ['delete 2', 'delete 1', 'update 2', 'create 1'] as const
  yield entry({
    name: 'map/per-cpu/reused',
    about: `update 1 beside ${changes.join(', ')}; a per-CPU hash of 2 holding [1,2]`,
    type: MAP_TYPE_PERCPU_HASH,
    keys: [1, 2],
    cpus: (at) => [
      { operations: [MAP_OPERATIONS['update 1']!(at, 'A')] },
      { operations: changes.map((name, i) => MAP_OPERATIONS[name]!(at, 'BCDE'[i]!)) },
    ],
    modelled: true,
    rest: ownValues,
  })
}

/** Whatever is written, and to whichever key's element: no key has the value of another one, on any CPU. */
function ownValues(view: View, at: MapStage): string | undefined {
  const wrong = cpuValues(at, view).find(({ key, value }) => value !== 0 && value !== 100 + key)
  return wrong && `key ${wrong.key} has the value ${wrong.value} on CPU ${wrong.cpu}`
}

/** An insertion evicts an element into which another CPU, or what it has interrupted, writes its own value. */
function* perCpuEvictions(): Generator<Entry> {
  const names = ['update 1', 'delete 1', 'insert 3']
  for (const meeting of MEETINGS)
    for (const [i, one] of names.entries())
      for (const other of othersOf(names, i, meeting))
        yield entry({
          name: `map/per-cpu/lru/${slug(one)}/${slug(other)}`,
          about: `${one} and ${other}, ${meeting.how}; a per-CPU LRU hash of 2 holding [1,2]`,
          type: MAP_TYPE_LRU_PERCPU_HASH,
          keys: [1, 2],
          variant: meeting.variant,
          cpus: (at) => meeting.scripts(LRU_OPERATIONS[one]!(at, 'A'), LRU_OPERATIONS[other]!(at, 'B')),
          modelled: true,
          rest: ownValues,
        })
}

const count: Make = (at, name) => ({
  name,
  kind: 'count',
  run: ({ exports }) => Number(exports['bpf_map_sum_elem_count'](BigInt(at.map)) as bigint),
})

/**
 * What is asked while one other operation goes on: a walk meets what stays, once; a count counts that operation, or
 * not.
 */
function* asked(): Generator<Entry> {
  const met = (view: View, key: number): number => String(view.result('A')).split(',').filter((one) => one === String(key)).length // prettier-ignore
  for (const keySize of [4, 12])
    for (const [change, make] of CHANGES.slice(0, 2))
      yield entry({
        name: `map/walk/keys-of-${keySize}/${slug(change)}`,
        about: `a walk by key beside ${change}; a hash of 2 with keys of ${keySize} bytes holding [1,2]`,
        more: { keySize },
        keys: [1, 2],
        cpus: (at) => scripts(at, [['walk', walk], [change, make]]), // prettier-ignore
        checked: true,
        rest: (view) => (met(view, 2) === 1 ? undefined : `met ${String(view.result('A'))}`),
      })
  for (const [change, make] of CHANGES)
    yield entry({
      name: `map/count/${slug(change)}`,
      about: `the elements are counted beside ${change}; a hash of 2 holding [1]`,
      cpus: (at) => scripts(at, [['count', count], [change, make]]), // prettier-ignore
      checked: true,
      rest(view) {
        const least = change === 'delete 1' ? 0 : 1
        const counted = Number(view.result('A'))
        return counted >= least && counted <= 2 ? undefined : `${counted} were counted`
      },
    })
}

/** All of them. */
export function* mapValueEntries(): Generator<Entry> {
  yield* locked()
  yield* lockedReuse()
  yield* lockedInsertion()
  yield* perCpu()
  yield* perCpuReuse()
  yield* perCpuEvictions()
  yield* asked()
}

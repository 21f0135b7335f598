// Hash maps as named subjects: any two operations on one bucket beside each other, as NMI of each other, beside a CPU
// that stops; elements that are handed out again at once; LRU eviction. What must hold is in map-stage.ts.
import { MAP_TYPE_HASH, MAP_TYPE_LRU_HASH } from '../../../core/abi.js'
import * as layout from '../../../core/layout.js'
import type { Cpu } from '../executor.js'
import type { SequentialModel } from '../linearize.js'
import { subject } from '../subject.js'
import type { CpuScript, Operation, Subject } from '../subject.js'
import { closingOperation } from './async-closing.js'
import type { Entry, Variant } from './entry.js'
import { coreEntry, slug } from './entry.js'
import { offline, poll } from './core-stage.js'
import { LRU_OPERATIONS, MAP_OPERATIONS, stageOf } from './map-operations.js'
import type { Shape } from './map-operations.js'
import { atRest, check, lookup, model, remove, sparing, update } from './map-stage.js'
import type { MapStage } from './map-stage.js'
import { MEETINGS, othersOf } from './meetings.js'
import { mapReadEntries } from './map-reads-catalogue.js'
import { mapValueEntries } from './map-values-catalogue.js'
import { moduleBytes } from '../builds.js'

const CONTENTS: [maxEntries: number, keys: number[]][] = [
  [1, []],
  [1, [1]],
  [2, []],
  [2, [1]],
  [2, [2]],
  [2, [1, 2]],
]

function entry(
  name: string,
  about: string,
  shape: Shape,
  keys: readonly number[],
  variant: Variant,
  cpus: (at: MapStage) => CpuScript[],
  sparers: readonly number[] = [],
  more: Partial<Subject> = {},
): Entry {
  return coreEntry(name, about, variant, (traced, module) => {
    const at = stageOf(shape, traced, module)
    return subject({
      name,
      stage: at.stage,
      setup: sparing(at, keys, sparers),
      cpus: cpus(at),
      check: check(at),
      atRest: atRest(at),
      model: model(at, [...keys]) as SequentialModel<unknown>,
      ...more,
    })
  })
}

const make = (at: MapStage, operation: string, name: string): Operation => MAP_OPERATIONS[operation]!(at, name)

function* pairs(): Generator<Entry> {
  const operations = Object.keys(MAP_OPERATIONS)
  for (const meeting of MEETINGS)
    for (const [maxEntries, keys] of CONTENTS)
      for (const [i, one] of operations.entries())
        for (const other of othersOf(operations, i, meeting))
          yield entry(
            `map/${maxEntries}-holding-${keys.join('-') || 'none'}/${slug(one)}/${slug(other)}`,
            `${one} and ${other}, ${meeting.how}; a hash of ${maxEntries} holding [${keys.join()}]`,
            { type: MAP_TYPE_HASH, maxEntries },
            keys,
            meeting.variant,
            (at) => meeting.scripts(make(at, one, 'A'), make(at, other, 'B')),
          )
}

const CHANGES = ['look up 1', 'update 1', 'delete 1', 'update 2', 'delete 2']

/**
 * Each CPU has a spare element, and one of them all rooms that are free; it keeps only one of two that are given back.
 */
function* spares(): Generator<Entry> {
  for (const [maxEntries, keys] of [
    [1, []],
    [2, [1]],
    [2, [1, 2]],
  ] as [number, number[]][])
    yield* sparePairs('map/spare', 'a hash', keys, { type: MAP_TYPE_HASH, maxEntries, roomsKept: 1 })
}

/** The same where changes go the short way, which all that they need is at hand for (core/map/short.ts). */
function* shortWay(): Generator<Entry> {
  for (const [type, kind, maxEntries, keys] of [
    [MAP_TYPE_HASH, 'a hash', 2, [1]],
    [MAP_TYPE_HASH, 'a hash', 2, [2]],
    [MAP_TYPE_HASH, 'a hash', 2, [1, 2]],
    [MAP_TYPE_LRU_HASH, 'an LRU hash', 3, [1, 2]],
  ] as [number, string, number, number[]][])
    yield* sparePairs(`map/short/${slug(kind)}`, kind, keys, { type, maxEntries, roomsKept: 1, short: true })
}

/** Values of more than one piece are written piece by piece. */
function* longValues(): Generator<Entry> {
  for (const valueSize of [8, 12])
    yield* sparePairs(
      `map/short/values-of-${valueSize}`,
      'a hash',
      [1],
      { type: MAP_TYPE_HASH, maxEntries: 2, roomsKept: 1, short: true, valueSize },
      ['look up 1', 'update 1', 'update 2'],
    )
}

function* sparePairs(name: string, kind: string, keys: number[], shape: Shape, operations = CHANGES): Generator<Entry> {
  const { type, maxEntries } = shape
  for (const meeting of MEETINGS)
    for (const rooms of maxEntries === keys.length || type === MAP_TYPE_LRU_HASH ? [0] : [0, 1])
      for (const [i, one] of operations.entries())
        for (const other of rooms === 1 ? operations : othersOf(operations, i, meeting))
          yield entry(
            `${name}/${maxEntries}-holding-${keys.join('-') || 'none'}-rooms-at-${rooms}/${slug(one)}/${slug(other)}`,
            `${one} and ${other}, ${meeting.how}; ${kind} of ${maxEntries} holding [${keys.join()}], CPU ${rooms} has its rooms`,
            shape,
            keys,
            meeting.variant,
            (at) => meeting.scripts(make(at, one, 'A'), make(at, other, 'B')),
            [1 - rooms, rooms],
          )
}

/** A CPU that has a spare element and rooms stops for ever, and is declared dead, while another changes the map. */
function* repaired(): Generator<Entry> {
  const stopping = ['update 1', 'delete 1', 'update 2', 'delete 2']
  for (const short of [false, true])
    for (const one of stopping)
      for (const other of ['update 2', 'delete 1', 'create 1'])
        yield entry(
          `map/repaired/${short ? 'short/' : ''}${slug(one)}/${slug(other)}`,
          `${one} on a CPU that stops, with a spare element and the rooms; ${other} and the repair on two others; a hash of 2 holding [1]`,
          { type: MAP_TYPE_HASH, maxEntries: 2, roomsKept: 1, cpus: 3, short },
          [1],
          'stop',
          (at) => [
            { operations: [make(at, one, 'A')], mayStop: true },
            { operations: [make(at, other, 'B')] },
            { operations: [offline('R')] },
          ],
          [1, 0],
          // The repair looks at all maps and programs that there may be.
          { maxSteps: 20_000 },
        )
}

/** The same of a lookup that asks for help, while others answer it. */
const repairedHelp = (): Entry =>
  entry(
    'map/repaired/help/look-up-2/update-1/delete-2',
    'look up 2, which asks for help, on a CPU that stops; update 1, delete 2 and the repair on two others; a hash of 2 holding [1,2]',
    { type: MAP_TYPE_HASH, maxEntries: 2, patience: 0, cpus: 3 },
    [1, 2],
    'stop',
    (at) => [
      { operations: [make(at, 'look up 2', 'A')], mayStop: true },
      { operations: [make(at, 'update 1', 'B'), make(at, 'delete 2', 'C')] },
      { operations: [offline('R')] },
    ],
    [],
    { maxSteps: 20_000 },
  )

/** A map is closed and its memory taken back while the CPU that has its spare element, and has stopped, is repaired. */
function repairedBesideClosing(): Entry {
  const name = 'map/repaired/closed'
  const about = 'a CPU with a spare element stops between programs; the map is closed, its memory taken back, beside the repair' // prettier-ignore
  const made = coreEntry(name, about, 'stop', (traced, module) => {
    const shape = { type: MAP_TYPE_HASH, maxEntries: 2, cpus: 3 }
    // Repair looks at every map that there may be: the small build, in which that are four.
    const at = stageOf(shape, traced, module ?? moduleBytes('core.small', traced))
    const closing = (verb: 'close' | 'reclaim'): Operation => closingOperation(verb, verb, at, takeBack)
    return subject({
      name,
      stage: at.stage,
      setup: sparing(at, [1], [0]),
      cpus: [
        { operations: [poll('A')], mayStop: true },
        { operations: [closing('close'), closing('reclaim')] },
        { operations: [offline('R')] },
      ],
    })
  })
  return { ...made, module: 'core.small' }
}

/** The host takes the map's memory: what three CPUs keep of it stands for all. */
function takeBack(cpu: Cpu, map: number): void {
  cpu.poison(cpu.peek32(map + layout.MAP_SHARES), 3 * layout.SHARE_BYTES)
}

/**
 * An insertion looks for room at all words while a room moves from one to another: there is room at every moment, and
 * key 2 keeps the place of key 1 as it was seen.
 */
function movingRoom(): Entry {
  const name = 'map/room-that-moves'
  const about = 'an insertion that looks for room everywhere, while a deletion and two insertions move the free room'
  return coreEntry(name, about, 'plain', (traced, module) => {
    const at = stageOf({ type: MAP_TYPE_HASH, maxEntries: 4, roomsKept: 2 }, traced, module)
    return subject({
      name,
      stage: at.stage,
      setup: sparing(at, [2, 3], [1]),
      cpus: [
        { operations: [update(at, 'A', 1)] },
        { operations: [remove(at, 'B', 3), update(at, 'C', 4), update(at, 'D', 5)] },
      ],
      check: check(at),
      atRest: (view) =>
        view.result('A') === 0 ? atRest(at)(view) : `there was room, and the answer is ${view.result('A')}`,
    })
  })
}

function* reuse(): Generator<Entry> {
  for (const [keys, short] of [
    [[1], false],
    [[1, 2], false],
    [[1, 2], true],
  ] as const)
    for (const one of ['look up 2', 'delete 1', 'update 1', 'create 1'])
      for (const second of ['delete 1', 'update 1', 'delete 2'])
        for (const third of ['update 1', 'update 2', 'delete 1'])
          yield entry(
            `map/${short ? 'short/' : ''}reuse/${keys.length}/${[one, second, third].map(slug).join('/')}`,
            `${one} beside ${second}, then ${third}: an element that is handed out again misleads nobody`,
            { type: MAP_TYPE_HASH, maxEntries: keys.length, short },
            keys,
            'plain',
            (at) => [
              { operations: [make(at, one, 'A')] },
              { operations: [make(at, second, 'B'), make(at, third, 'C')] },
            ],
            short ? [0, 1] : [],
          )
}

/**
 * Keys of more than 8 bytes are ordered by a hash and compared word by word; others are one word, read by bytes if need
 * be.
 */
function* keySizes(): Generator<Entry> {
  yield* pairsOfKeys('map/long-keys', 12, Object.keys(MAP_OPERATIONS))
  for (const size of [6, 8, 20]) yield* pairsOfKeys(`map/keys-of-${size}`, size, ['look up 1', 'delete 1', 'update 1'])
}

function* pairsOfKeys(name: string, keySize: number, operations: readonly string[]): Generator<Entry> {
  for (const [i, one] of operations.entries())
    for (const other of operations.slice(i))
      yield entry(
        `${name}/${slug(one)}/${slug(other)}`,
        `${one} beside ${other}; a hash of 2 with keys of ${keySize} bytes holding [1]`,
        { type: MAP_TYPE_HASH, maxEntries: 2, keySize },
        [1],
        'plain',
        (at) => [{ operations: [make(at, one, 'A')] }, { operations: [make(at, other, 'B')] }],
      )
}

/** A lookup that asks for help at once: how often it must have been disturbed before is a number of the map. */
function* askingForHelp(): Generator<Entry> {
  const nested = (at: MapStage): Operation => make(at, 'look up 1', 'N')
  const WAYS: [Variant, string, (asking: Operation, at: MapStage) => CpuScript][] = [
    ['plain', 'a lookup', (asking) => ({ operations: [asking] })],
    ['nmi', 'a lookup with another as its NMI', (asking, at) => ({ operations: [asking], nmi: [nested(at)] })],
    ['stop', 'a lookup whose CPU stops', (asking) => ({ operations: [asking], mayStop: true })],
  ]
  for (const [variant, how, asking] of WAYS)
    for (const one of ['update 1', 'delete 1', 'update 2', 'delete 2'])
      for (const other of ['update 1', 'delete 2'])
        yield entry(
          `map/help/${slug(one)}/${slug(other)}`,
          `${how}, which asks for help, beside ${one}, then ${other}: answered`,
          { type: MAP_TYPE_HASH, maxEntries: 2, patience: 0 },
          [1, 2],
          variant,
          (at) => [asking(make(at, 'look up 2', 'A'), at), { operations: [make(at, one, 'B'), make(at, other, 'C')] }],
        )
}

const TRIPLES = ['look up 1', 'delete 1', 'update 1', 'update 2']

function* triples(): Generator<Entry> {
  for (const [i, a] of TRIPLES.entries())
    for (const [j, b] of TRIPLES.slice(i).entries())
      for (const c of TRIPLES.slice(i + j))
        yield entry(
          `map/three/${[a, b, c].map(slug).join('/')}`,
          `${a}, ${b}, ${c} on three CPUs, a hash of 1 holding [1]`,
          { type: MAP_TYPE_HASH, maxEntries: 1, cpus: 3 },
          [1],
          'plain',
          (at) => [a, b, c].map((operation, cpu) => ({ operations: [make(at, operation, `cpu ${cpu}`)] })),
        )
}

const EVICTING = ['look up 1', 'update 1', 'delete 1', 'insert 3']

function* evictions(): Generator<Entry> {
  for (const { variant, how, scripts } of MEETINGS)
    for (const keys of [[1], [1, 2]])
      for (const one of EVICTING)
        for (const other of EVICTING)
          yield entry(
            `map/lru/${keys.length}/${slug(one)}/${slug(other)}`,
            `LRU of ${keys.length} holding [${keys.join()}]: ${one} and ${other}, ${how}`,
            { type: MAP_TYPE_LRU_HASH, maxEntries: keys.length },
            keys,
            variant,
            (at) => scripts(LRU_OPERATIONS[one]!(at, 'A'), LRU_OPERATIONS[other]!(at, 'B')),
          )
}

/** Insertions that evict by the short way: from the bucket that they insert into, from another one, or by a walk. */
function* shortEvictions(): Generator<Entry> {
  const operations = ['insert 3', 'insert 0', 'look up 1', 'update 1', 'delete 1', 'delete 2']
  for (const { variant, how, scripts } of MEETINGS)
    for (const buckets of [1, 2])
      for (const one of operations)
        for (const other of operations.slice(0, one.startsWith('insert') ? undefined : 2))
          yield entry(
            `map/short/evict/${buckets}/${slug(one)}/${slug(other)}`,
            `LRU of 2 holding [1,2] in ${buckets === 1 ? 'a bucket' : 'a bucket each'}: ${one} and ${other}, ${how}`,
            { type: MAP_TYPE_LRU_HASH, maxEntries: 2, short: true, buckets },
            [1, 2],
            variant,
            (at) => scripts(LRU_OPERATIONS[one]!(at, 'A'), LRU_OPERATIONS[other]!(at, 'B')),
          )
}

const LRU: [name: string, keys: number[], variant: Variant, cpus: (at: MapStage) => CpuScript[]][] = [
  ['insert/look-up', [1], 'plain', (at) => [{ operations: [update(at, 'A', 2)] }, { operations: [lookup(at, 'B', 1)] }]], // prettier-ignore
  ['insert/delete', [1], 'plain', (at) => [{ operations: [update(at, 'A', 2)] }, { operations: [remove(at, 'B', 1)] }]],
  ['insert/update', [1], 'plain', (at) => [{ operations: [update(at, 'A', 2)] }, { operations: [update(at, 'B', 1)] }]],
  ['delete/insert', [1], 'stop', (at) => [{ operations: [remove(at, 'A', 1)], mayStop: true }, { operations: [update(at, 'B', 2)] }]], // prettier-ignore
  ['insert-third/update', [1, 2], 'plain', (at) => [{ operations: [update(at, 'A', 3)] }, { operations: [update(at, 'B', 1)] }]], // prettier-ignore
  ['insert-third/insert-third', [1, 2], 'plain', (at) => [{ operations: [update(at, 'A', 3)] }, { operations: [update(at, 'B', 3)] }]], // prettier-ignore
  ['insert-third/delete', [1, 2], 'plain', (at) => [{ operations: [update(at, 'A', 3)] }, { operations: [remove(at, 'B', 1)] }]], // prettier-ignore
  ['insert-third/update/look-up', [1, 2], 'nmi', (at) => [{ operations: [update(at, 'A', 3)], nmi: [update(at, 'B', 1)] }, { operations: [lookup(at, 'C', 1)] }]], // prettier-ignore
]

export function mapEntries(): Entry[] {
  const lru = LRU.map(([name, keys, variant, cpus]) =>
    entry(
      `map/lru/${name}`,
      `LRU of ${keys.length} holding [${keys.join()}]: ${name.split('/').join(' beside ').replaceAll('-', ' ')}`,
      { type: MAP_TYPE_LRU_HASH, maxEntries: keys.length },
      keys,
      variant,
      cpus,
    ),
  )
  return [
    ...pairs(),
    ...spares(),
    ...shortWay(),
    ...longValues(),
    ...repaired(),
    repairedHelp(),
    repairedBesideClosing(),
    movingRoom(),
    ...reuse(),
    ...keySizes(),
    ...askingForHelp(),
    ...triples(),
    ...evictions(),
    ...shortEvictions(),
    ...lru,
    ...mapValueEntries(),
    ...mapReadEntries(),
  ]
}

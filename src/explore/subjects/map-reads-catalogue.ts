// Hash maps whose elements are handed out for other keys while somebody reads them: the host copies a value, a program
// looks an inner map up or walks over the map. What must hold: what is read is the key's. The same one-bucket maps as
// in map-catalogue.ts.
import { ENOENT, MAP_TYPE_HASH, MAP_TYPE_HASH_OF_MAPS, MAP_TYPE_LRU_HASH } from '../../../core/abi.js'
import type { CpuScript, View } from '../subject.js'
import type { Entry } from './entry.js'
import { slug } from './entry.js'
import { LRU_OPERATIONS, MAP_OPERATIONS, type Make } from './map-operations.js'
import { visitAll, type MapStage } from './map-stage.js'
import { entry } from './map-values-catalogue.js'

/** The host copies the value: what it must be, or that the key is absent. */
const copied: Make = (at, name) => ({
  name,
  kind: 'read',
  run(cpu) {
    const into = at.place(7)
    const result: number = cpu.exports['map_lookup_copy'](at.map, at.place(1), into, 0)
    return result === 0 ? cpu.load32(into) : result
  },
})

/** What reads key 1 beside changes of both: its value, 101, or `absent` if they begin with its deletion or eviction. */
const reading = (reads: Make, changes: readonly string[], absent: number) => ({
  keys: [1, 2],
  cpus: (at: MapStage): CpuScript[] => [
    { operations: [reads(at, 'A')] },
    { operations: changes.map((name, i) => LRU_OPERATIONS[name]!(at, 'BCDE'[i]!)) },
  ],
  rest(view: View): string | undefined {
    const found = view.result('A')
    if (found === 101 || (found === absent && !changes[0]!.startsWith('update'))) return undefined
    return `key 1 was read as ${String(found)}`
  },
})

/**
 * The host copies a value while its element leaves the map and is handed out for another key, and perhaps for the first
 * one again. Linux gives the other key's value then.
 */
function* copies(): Generator<Entry> {
  const ways: [type: number, kind: string, changes: string[]][] = [
    [MAP_TYPE_HASH, 'a hash', ['update 1', 'update 2']],
    [MAP_TYPE_HASH, 'a hash', ['delete 1', 'update 2', 'update 2', 'update 1']],
    [MAP_TYPE_LRU_HASH, 'an LRU hash', ['insert 3', 'update 1']],
  ]
  for (const short of [false, true])
    for (const [type, kind, changes] of ways)
      yield entry({
        name: `map/copied/${short ? 'short/' : ''}${changes.map(slug).join('/')}`,
        about: `the host copies 1 beside ${changes.join(', ')}; ${kind} of 2 holding [1,2]`,
        type,
        more: { short },
        ...reading(copied, changes, -ENOENT),
      })
}

/** A program looks an inner map up: which one it is given, 0 for none. */
const inner: Make = (at, name) => ({
  name,
  kind: 'inner',
  run: ({ exports }) => Number(exports['bpf_map_lookup_elem'](BigInt(at.map), BigInt(at.place(1))) as bigint),
})

/**
 * A program looks a map up in a map of maps while its element leaves that and is handed out for another key, and
 * perhaps for the first one again: it is given its own, also where it was replaced by itself. Devices are looked up by
 * the same function.
 */
function* references(): Generator<Entry> {
  for (const changes of [
    ['update 1', 'update 2'],
    ['delete 1', 'update 2', 'update 2', 'update 1'],
  ])
    yield entry({
      name: `map/inner/${changes.map(slug).join('/')}`,
      about: `a program looks inner map 1 up beside ${changes.join(', ')}; a hash of maps of 2 holding [1,2]`,
      type: MAP_TYPE_HASH_OF_MAPS,
      ...reading(inner, changes, 0),
    })
}

/**
 * A program walks over the map by bpf_for_each_map_elem: it is passed no key that was never there, and what stays once.
 */
function* visits(): Generator<Entry> {
  const ways: [keys: number[], changes: string[], stays: number[]][] = [
    // The second takes the element of the first, writes its key into it, and gives it back.
    [[1], ['delete 1', 'replace 2'], []],
    [
      [1, 2],
      ['update 1', 'update 2'],
      [1, 2],
    ],
    [[1, 2], ['delete 1', 'update 1'], [2]],
  ]
  for (const keySize of [4, 12])
    for (const [keys, changes, stays] of ways)
      yield entry({
        name: `map/for-each/keys-of-${keySize}/${changes.map(slug).join('/')}`,
        about: `for_each beside ${changes.join(', ')}; a hash of 2 with keys of ${keySize} bytes holding [${keys.join()}]`,
        more: { keySize, walks: true },
        keys,
        cpus: (at) => [
          { operations: [visitAll(at, 'A')] },
          { operations: changes.map((name, i) => MAP_OPERATIONS[name]!(at, 'BC'[i]!)) },
        ],
        rest(view) {
          const given = String(view.result('A'))
          const met = given.split(',').filter(Boolean).map(Number)
          const right = new Set(met).size === met.length && met.every((key) => keys.includes(key))
          return right && stays.every((key) => met.includes(key)) ? undefined : `it was passed [${given}]`
        },
      })
}

/** All of them. */
export function* mapReadEntries(): Generator<Entry> {
  yield* copies()
  yield* references()
  yield* visits()
}

// Random objects with maps, functions and callbacks for fast-check, as data that shrinks: lookups,
// updates, deletes, tail calls, bpf_loop and for_each, subprograms, loops, records of a ring buffer, a queue. Two
// objects may share the maps. `tame` scenes are those that the kernel's verifier accepts. The code that it means is in
// scene-code.ts, what is compared in scene-runs.ts.
import fc from 'fast-check'

const HASH = 1
const ARRAY = 2
const PERCPU_HASH = 5
const PERCPU_ARRAY = 6
const LRU_HASH = 9
const LRU_PERCPU_HASH = 10

/** Random maps of a scene; the others are always there. */
const MAPS = 3
export const CELLS = 8
/** Places of the program array. */
export const PLACES = 4

/**
 * Where a key comes from: a number, a cell's low bits, or the bytes of the cells themselves. It lies `odd` bytes off.
 */
export interface Key {
  from: 'number' | 'cell' | 'cells'
  number: number
  odd: number
}

export type Step =
  | { do: 'lookup'; map: number; key: Key; add: number }
  | { do: 'lookup on'; map: number; key: Key; cpu: number }
  | { do: 'update'; map: number; key: Key; flags: number }
  | { do: 'delete'; map: number; key: Key }
  | { do: 'tail call'; place: number; known: boolean; most: number }
  | { do: 'loop'; turns: number; callback: number; flags: number }
  | { do: 'for each'; map: number; callback: number }
  | { do: 'call'; sub: number }
  | { do: 'cell'; cell: number; operation: 'add' | 'xor' | 'sub' | 'mul'; narrow: boolean }
  | { do: 'turns'; turns: number }
  | { do: 'frame'; slot: number }
  | { do: 'load packet'; size: 'b' | 'h' | 'w'; offset: number; cell: number | undefined }
  | { do: 'output'; bytes: number }
  | { do: 'submit' | 'discard'; bytes: number }
  | { do: 'push' | 'pop' | 'peek' }
  | { do: 'stray'; offset: number }

export interface SceneMap {
  type: number
  keySize: number
  valueSize: number
  entries: number
}

export interface Scene {
  maps: SceneMap[]
  /** Which program stands at each place of the program array at first; none if there is no such program. */
  standing: number[]
  programs: Step[][]
  /** The second one may call the first. */
  subs: Step[][]
  loopCallbacks: { steps: Step[]; mask: number }[]
  eachCallbacks: { steps: Step[]; mask: number }[]
  runs: Run[]
}

/** One run, and what the host does before it. */
export interface Run {
  program: number
  /** Of the first object or of the one that shares its maps. */
  second: boolean
  cpu: number
  host: 'nothing' | 'stand' | 'clear' | 'cell' | 'drain'
  place: number
  value: number
}

const key = (tame: boolean): fc.Arbitrary<Key> =>
  fc.record({
    from: tame ? fc.constantFrom('number', 'cell') : fc.constantFrom('number', 'number', 'cell', 'cells'),
    number: fc.nat(5),
    odd: tame ? fc.constant(0) : fc.oneof(fc.constant(0), fc.nat(7)),
  })

function step(tame: boolean, loads = true): fc.Arbitrary<Step> {
  const map = fc.nat(MAPS - 1)
  const small = fc.nat(5)
  const anyKey = key(tame)
  const both: fc.WeightedArbitrary<Step>[] = [
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constant('lookup'), map, key: anyKey, add: fc.integer({ min: 1, max: 9 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('update'), map, key: anyKey, flags: fc.constantFrom(0, 0, 1, 2) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('delete'), map, key: anyKey }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('tail call'),
        place: fc.nat(PLACES),
        known: fc.boolean(),
        most: fc.constantFrom(0, 2, 5, 40),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('call'), sub: fc.nat(1) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('cell'),
        cell: fc.nat(CELLS - 1),
        operation: fc.constantFrom('add', 'xor', 'sub', 'mul'),
        narrow: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('turns'), turns: fc.integer({ min: 1, max: 40 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('frame'), slot: fc.nat(4) }) },
    {
      weight: loads ? 2 : 0,
      arbitrary: fc.record({
        do: fc.constant('load packet'),
        size: fc.constantFrom('b', 'h', 'w'),
        // Of 64 bytes; from the network header, the link header, and from neither.
        offset: fc.oneof(fc.nat(66), fc.constantFrom(0, -1, -0x100000, -0x1ffff4, -0x1fffb4, -0x200001, 0x7fffffff)),
        cell: fc.option(fc.nat(CELLS - 1), { nil: undefined }),
      }),
    },
  ]
  if (tame) return fc.oneof(...both)
  return fc.oneof(
    ...both,
    { weight: 2, arbitrary: fc.record({ do: fc.constant('lookup on'), map, key: anyKey, cpu: fc.nat(2) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('loop'),
        turns: small,
        callback: fc.nat(1),
        flags: fc.constantFrom(0, 0, 0, 1),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('for each'), map, callback: fc.nat(1) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('output'), bytes: fc.integer({ min: 1, max: 24 }) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constantFrom('submit', 'discard'), bytes: fc.constantFrom(8, 16, 600) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('push', 'pop', 'peek') }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('stray'), offset: fc.constantFrom(-8, 57, 60, 64, 4096, 0x7ff0) }),
    },
  )
}

const sceneMap = (tame: boolean): fc.Arbitrary<SceneMap> =>
  fc
    .record({
      type: tame
        ? fc.constantFrom(HASH, ARRAY)
        : fc.constantFrom(HASH, ARRAY, PERCPU_HASH, PERCPU_ARRAY, LRU_HASH, LRU_PERCPU_HASH),
      keySize: fc.constantFrom(1, 2, 3, 4, 5, 8, 8, 9, 12, 16, 20, 24, 31, 40, 64),
      valueSize: fc.constantFrom(8, 24),
      entries: fc.constantFrom(1, 2, 3, 8, 50),
    })
    .map((one) => (one.type === ARRAY || one.type === PERCPU_ARRAY ? { ...one, keySize: 4 } : one))

/** Any scene; `tame`: what the kernel's verifier accepts, with one object, and no helper that calls back. */
export function scenes(tame = false): fc.Arbitrary<Scene> {
  const steps = fc.array(step(tame), { minLength: 1, maxLength: 8, size: 'max' })
  // In functions that nobody knows the types of the kernel lets nothing stand that ends them.
  const ofSub = fc.array(step(tame, !tame), { minLength: 1, maxLength: 8, size: 'max' })
  const callbacks = fc.array(fc.record({ steps, mask: fc.constantFrom(1, 1, 1, 3) }), { minLength: 1, maxLength: 2 })
  return fc.record({
    maps: fc.array(sceneMap(tame), { minLength: MAPS, maxLength: MAPS }),
    standing: fc.array(fc.nat(3), { minLength: PLACES, maxLength: PLACES }),
    programs: fc.array(steps, { minLength: 1, maxLength: 3, size: 'max' }),
    subs: fc.tuple(ofSub, ofSub),
    loopCallbacks: callbacks,
    eachCallbacks: callbacks,
    runs: fc.array(
      fc.record({
        program: fc.nat(2),
        second: tame ? fc.constant(false) : fc.boolean(),
        cpu: fc.nat(1),
        host: tame
          ? fc.constantFrom('nothing', 'cell')
          : fc.constantFrom('nothing', 'nothing', 'stand', 'clear', 'cell', 'drain'),
        place: fc.nat(PLACES - 1),
        value: fc.nat(5),
      }),
      { minLength: 1, maxLength: 8, size: 'max' },
    ),
  }) as fc.Arbitrary<Scene>
}

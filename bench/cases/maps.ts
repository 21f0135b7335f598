// Operations on maps, from BPF code.
import type { Theme } from '../case.js'
import { floorOf } from '../floor/floor.js'
import { operation, type Operation } from './on-object.js'
import { LOOP_TURN } from './calls.js'

const MAPS = 'bench/objects/maps.bpf.o'
const TABLE: Partial<Operation> = { ready: [['prepare_table', 1024]] }

/** Records of one run: all of them fit into the ring. */
const RECORDS = 16_000

/** Keys that were never there before. */
function freshKeys(): () => bigint {
  let next = 0n
  return () => (next += 1_000_000n)
}

const ring: Partial<Operation> = { after: (loaded) => loaded.drain('ring') }

export const maps: Theme = {
  title: 'Maps',
  cases: [
    { name: 'array: lookup', unit: 'ns', on: operation(MAPS, 'array_lookup', 80_000) },
    { name: 'array: lookup + atomic add', unit: 'ns', on: operation(MAPS, 'atomic_add', 40_000) },
    {
      name: 'hash: lookup, hit',
      unit: 'ns',
      reach: [{ times: 2, than: 'linux' }],
      on: operation(MAPS, 'hash_lookup', 40_000, TABLE),
    },
    {
      name: 'hash: lookup, miss',
      unit: 'ns',
      reach: [{ times: 2, than: 'linux' }],
      on: operation(MAPS, 'hash_miss', 40_000, TABLE),
    },
    {
      name: 'hash: update',
      unit: 'ns',
      reach: [{ times: 3, than: 'linux' }],
      on: { ...operation(MAPS, 'hash_update', 20_000, TABLE), floor: floorOf('hash update') },
    },
    {
      name: 'hash: insert + delete',
      unit: 'ns',
      reach: [{ times: 3, than: 'linux' }],
      on: { ...operation(MAPS, 'hash_insert_delete', 20_000, TABLE), floor: floorOf('hash insert + delete') },
    },
    {
      name: 'LRU hash: insert at capacity',
      unit: 'ns',
      reach: [{ times: 3, than: 'linux' }],
      on: { ...operation(MAPS, 'lru_insert', 16_000, { argument: freshKeys() }), floor: floorOf('LRU insert') },
    },
    {
      name: 'per-CPU array: lookup + add',
      unit: 'ns',
      reach: [{ times: 1.5, than: 'linux', without: LOOP_TURN }],
      on: operation(MAPS, 'percpu_array', 80_000),
    },
    {
      name: 'per-CPU hash: lookup + add',
      unit: 'ns',
      reach: [{ times: 1.5, than: 'linux' }],
      on: operation(MAPS, 'percpu_hash', 40_000, { ready: [['prepare_percpu_hash', 1024]] }),
    },
    {
      name: 'ring buffer: reserve + submit',
      unit: 'ns',
      reach: [{ times: 1.5, than: 'linux' }],
      on: { ...operation(MAPS, 'ring_reserve_submit', RECORDS, ring), floor: floorOf('ring reserve + submit') },
    },
    {
      name: 'ring buffer: output',
      unit: 'ns',
      reach: [{ times: 1.5, than: 'linux' }],
      on: { ...operation(MAPS, 'ring_output', RECORDS, ring), floor: floorOf('ring output') },
    },
  ],
}

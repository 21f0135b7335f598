// How a hash map spreads its keys over its buckets, whatever its seed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAP_TYPE_HASH } from '../../core/abi.js'
import { HEADER, HEADER_RANDOM_SEED, MAP_BUCKET_MASK, MAP_BUCKET_SHIFT, MAP_MULTIPLIER } from '../../core/layout.js'
import { Machine } from './harness.js'

const BUCKETS = 1024

interface Spread {
  factor: bigint
  /** Keys in the fullest bucket. */
  most(keys: readonly bigint[]): number
}

function spreadOf(machine: Machine, seed: number): Spread {
  machine.view.setUint32(HEADER + HEADER_RANDOM_SEED, seed, true)
  const map = machine.create({ type: MAP_TYPE_HASH, keySize: 8, valueSize: 8, maxEntries: BUCKETS })
  assert.ok(map > 0)
  const factor = machine.view.getBigUint64(map + MAP_MULTIPLIER, true)
  const shift = BigInt(machine.word(map + MAP_BUCKET_SHIFT))
  assert.equal(machine.word(map + MAP_BUCKET_MASK), BUCKETS - 1)
  return {
    factor,
    most(keys) {
      const counts = new Uint32Array(BUCKETS)
      for (const key of keys) counts[Number(BigInt.asUintN(64, (key >> 3n) * factor) >> shift) ^ Number(key & 7n)]! += 1
      return Math.max(...counts)
    },
  }
}

const keys = (step: bigint): bigint[] => Array.from({ length: BUCKETS }, (_, index) => BigInt(index) * step)

test('as many counted keys as buckets: no bucket gets more than a few, with any seed', () => {
  const machine = new Machine({ megabytes: 32, coreBytes: 16 << 20 })
  const factors = new Set<bigint>()
  for (let seed = 0; seed < 200; seed++) {
    const { factor, most } = spreadOf(machine, seed * 0x01000193)
    factors.add(factor)
    assert.equal(factor & 1n, 1n)
    assert.ok(most(keys(1n)) <= 6, `seed ${seed}: ${most(keys(1n))} keys in one bucket`)
  }
  assert.equal(factors.size, 200, 'every seed has a factor of its own')
})

test('keys that differ in any one part of their bits are spread with most seeds', () => {
  const machine = new Machine({ megabytes: 32, coreBytes: 16 << 20 })
  for (const bits of [3n, 8n, 12n, 20n, 32n, 44n, 54n]) {
    let crowded = 0
    for (let seed = 1; seed <= 20; seed++) if (spreadOf(machine, seed).most(keys(1n << bits)) > 12) crowded += 1
    assert.ok(crowded <= 4, `keys in steps of 2^${bits}: crowded with ${crowded} of 20 seeds`)
  }
})

// Operations on LPM tries as programs and the host make them, in the notation that this machine and the kernel are both
// asked in.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'

/** dist/test/map → test/map. */
export const TRIE = new URL('../../../test/map/trie.bpf.o', import.meta.url)
export const trieObject = readFileSync(TRIE)

export const MAPS = ['routes', 'odds'] as const
/** Data bytes of a key. */
export const DATA_BYTES = { routes: 4, odds: 6 }
export const OPERATIONS = ['lookup', 'update', 'delete', 'next'] as const

export interface Step {
  map: (typeof MAPS)[number]
  operation: (typeof OPERATIONS)[number]
  length: number
  data: number[]
  value: number
  flags: number
  /** From the host, or from a program; programs have no next key. */
  host: boolean
}

const byte = fc.constantFrom(0, 0, 255, 128, 129, 1)
const length = fc.constantFrom(0, 1, 2, 7, 8, 9, 16, 24, 25, 31, 32, 33, 40, 47, 48, 49)

/** Sequences on prefixes that often lie under each other. */
export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc
    .record({
      map: fc.constantFrom(...MAPS),
      operation: fc.constantFrom('lookup' as const, 'update' as const, 'update' as const, 'delete' as const, 'next' as const), // prettier-ignore
      length,
      data: fc.array(byte, { minLength: 6, maxLength: 6 }),
      value: fc.integer({ min: 1, max: 99 }),
      flags: fc.constantFrom(0, 0, 0, 1, 2, 3),
      host: fc.boolean(),
    })
    .map((step): Step => ({ ...step, host: step.host || step.operation === 'next' })),
  { minLength: 1, maxLength: 60, size: 'max' },
)

/** The key as struct bpf_lpm_trie_key. */
export function keyOf({ map, length, data }: Step): Uint8Array {
  const bytes = new Uint8Array(4 + DATA_BYTES[map])
  new DataView(bytes.buffer).setUint32(0, length, true)
  bytes.set(data.slice(0, DATA_BYTES[map]), 4)
  return bytes
}

/** The packet of a run. */
export function request(step: Step): Uint8Array {
  const bytes = new Uint8Array(32)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MAPS.indexOf(step.map), true)
  view.setUint32(4, OPERATIONS.indexOf(step.operation), true)
  view.setUint32(8, step.flags, true)
  bytes.set(keyOf(step), 12)
  view.setUint32(24, step.value, true)
  return bytes
}

/** What a run answered in its packet: the helper's result, and the value that was found. */
export function answered(packet: Uint8Array): [result: number, value: number] {
  const view = new DataView(packet.buffer, packet.byteOffset)
  return [view.getInt32(28, true), view.getUint32(24, true)]
}

// Operations on maps without keys as programs and the host make them, in the notation that this machine and the kernel
// are both asked in.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'

/** dist/test/map → test/map. */
export const KEYLESS = new URL('../../../test/map/keyless.bpf.o', import.meta.url)
export const keylessObject = readFileSync(KEYLESS)

export const MAPS = ['queue', 'stack', 'filter'] as const
export const OPERATIONS = ['push', 'pop', 'peek'] as const

export interface Step {
  map: (typeof MAPS)[number]
  operation: (typeof OPERATIONS)[number]
  value: number
  flags: number
  /** From the host, or from a program. */
  host: boolean
}

/** Sequences that fill and empty; a bloom filter is not popped. */
export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc
    .record({
      map: fc.constantFrom('queue' as const, 'queue' as const, 'stack' as const, 'stack' as const, 'filter' as const),
      operation: fc.constantFrom('push' as const, 'push' as const, 'pop' as const, 'peek' as const),
      value: fc.integer({ min: 1, max: 9 }),
      flags: fc.constantFrom(0, 0, 2, 1, 3, 4),
      host: fc.boolean(),
    })
    .map((step): Step => (step.map === 'filter' && step.operation === 'pop' ? { ...step, operation: 'peek' } : step)),
  { minLength: 1, maxLength: 60, size: 'max' },
)

/** The packet of a run. */
export function request({ map, operation, value, flags }: Step): Uint8Array {
  const bytes = new Uint8Array(24)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MAPS.indexOf(map), true)
  view.setUint32(4, OPERATIONS.indexOf(operation), true)
  view.setBigUint64(8, BigInt(flags), true)
  view.setUint32(16, value, true)
  return bytes
}

/** What a run answered in its packet: the helper's result, and the value if it gives one. */
export function answered(packet: Uint8Array): [result: number, value: number] {
  const view = new DataView(packet.buffer, packet.byteOffset)
  return [view.getInt32(20, true), view.getUint32(16, true)]
}

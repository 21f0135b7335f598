// What is done to a user ring buffer and what was seen of it, alike for the machine and for the kernel.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'

/** dist/test/map → test/map. */
export const USER_RING = new URL('../../../test/map/user-ring.bpf.o', import.meta.url)
export const userRingObject = readFileSync(USER_RING)

/** Bytes of the ring. */
export const RING_BYTES = 4096

/** A step: of the producer, or a drain. */
export type Step =
  /** Reserves so many bytes, writes a number if it has room, and leaves it so. */
  | { readonly do: 'reserve'; readonly bytes: number; readonly value: number }
  /** Ends the reservation that is the n-th of those that are open. */
  | { readonly do: 'submit' | 'discard'; readonly which: number }
  | { readonly do: 'drain'; readonly flags: number; readonly last: number; readonly nested: number }

const size = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constantFrom(8, 16, 1000, 2000, 4080, 4087, 4088, 4089))

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('reserve' as const), bytes: size, value: fc.nat({ max: 255 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constantFrom('submit' as const, 'submit', 'discard'), which: fc.nat({ max: 1 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('drain' as const),
      flags: fc.constantFrom(0, 0, 1, 2, 3, 4),
      last: fc.nat({ max: 4 }),
      nested: fc.nat({ max: 3 }),
    }),
  },
)

export const steps = fc.array(step, { minLength: 30, maxLength: 120, size: 'max' })

/** The context of a drain. */
export function asked({ flags, last, nested }: Step & { do: 'drain' }): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(flags), BigInt(last), BigInt(nested)).buffer)
}

/** The bytes of a sample. */
export function sample(bytes: number, value: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, at) => (value + at) & 0xff)
}

/** Variables that are compared after each drain, and set to 0 before. */
export const OBSERVED = ['result', 'within', 'count', 'seen', 'reads', 'writes', 'bytes'] as const

// Memory in a frame that a helper reads or fills, where the helper's number says how much: it must not reach into
// a dynptr, an iterator or saved flags. In the words of the kernel's verifier. Used by call.ts.
import type { MapSpec } from '../object/spec.js'
import type { Complaint } from './refusal.js'
import { isConstant } from './scalar.js'
import { fillComplaint, readComplaint } from './special-slots.js'
import { placeIn, type State } from './state.js'
import { UNKNOWN } from './value.js'

interface Memory {
  /** The register that points to it. */
  readonly at: number
  /** The register with its bytes; or a key or value of the map in r1. */
  readonly bytes: number | 'key' | 'value'
  /** Filled without having been looked at. */
  readonly writes?: true
}

const KEY: Memory = { at: 2, bytes: 'key' }
const FILLED: Memory = { at: 1, bytes: 2, writes: true }

const GIVEN: ReadonlyMap<number, readonly Memory[]> = new Map<number, readonly Memory[]>([
  [1, [KEY]],
  [2, [KEY, { at: 3, bytes: 'value' }]],
  [3, [KEY]],
  ...[4, 16, 112, 113, 148, 201].map((id): [number, readonly Memory[]] => [id, [FILLED]]),
  [6, [{ at: 1, bytes: 2 }]],
  [25, [{ at: 4, bytes: 5 }]],
  [26, [{ at: 3, bytes: 4, writes: true }]],
  [87, [{ at: 2, bytes: 'value' }]],
  [130, [{ at: 2, bytes: 3 }]],
  [182, [{ at: 1, bytes: 2 }]],
  [202, [{ at: 3, bytes: 4 }]],
])

export function memoryComplaint(
  maps: ReadonlyMap<string, MapSpec>,
  state: State,
  helper: number,
): Complaint | undefined {
  const { registers, special, callers } = state
  if (special.entries.size === 0 && callers.length === 0) return undefined
  const first = registers[1] ?? UNKNOWN
  const map = first.is === 'map' ? maps.get(first.map) : undefined
  for (const { at, bytes, writes = false } of GIVEN.get(helper) ?? []) {
    const place = placeIn(state, registers[at] ?? UNKNOWN)
    const length = typeof bytes === 'number' ? (registers[bytes] ?? UNKNOWN) : undefined
    const known = length?.is === 'scalar' && isConstant(length) ? length.min : undefined
    const size = bytes === 'key' ? map?.keySize : bytes === 'value' ? map?.valueSize : known
    if (!place || !size) continue
    const { frame, at: offset } = place
    const complaint = writes
      ? fillComplaint(frame.special, offset, size)
      : readComplaint(frame.special, offset, size, at)
    if (complaint) return complaint
  }
  return undefined
}

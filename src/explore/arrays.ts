// Typed arrays of a search: how they grow; and those that one search leaves to the next on the same thread, for their
// memory is the process's already, while that of a new array comes from the system page by page, at the first write to
// each (used by visited.ts).

/** Arrays of at most so many bytes are kept, one of each length (of small ones more): not quite twice as many bytes. */
const MOST_BYTES = 128 << 20
const SMALL_BYTES = 64 << 10
const SMALL_KEPT = 3

/** A copy of this length, with zeros behind what there is. */
export function enlarged(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length)
  larger.set(array)
  return larger
}

const kept = new Map<number, Int32Array[]>()

/** An array of zeros of this length, a power of two. */
export function takeArray(length: number): Int32Array {
  const array = kept.get(length)?.pop()
  return array === undefined ? new Int32Array(length) : array.fill(0)
}

/** Takes back an array that nobody uses any more. */
export function keepArray(array: Int32Array): void {
  if (array.byteLength > MOST_BYTES) return
  const same = kept.get(array.length) ?? []
  if (same.length < (array.byteLength > SMALL_BYTES ? 1 : SMALL_KEPT)) same.push(array)
  kept.set(array.length, same)
}

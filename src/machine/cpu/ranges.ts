// First-fit allocator of address ranges with free and coalescing: guest pages, the core heap, function table indices.
// Knows nothing of the memory itself. Owned by the host thread of a machine.

/** Free ranges of one space, in ascending order, never touching each other. */
export class RangeAllocator {
  readonly #free: { start: number; end: number }[]
  readonly #unit: number

  /** Manages [start, end); every range is a multiple of `unit` and aligned to it. */
  constructor(start: number, end: number, unit: number) {
    this.#unit = unit
    const first = Math.ceil(start / unit) * unit
    const last = Math.floor(end / unit) * unit
    this.#free = last > first ? [{ start: first, end: last }] : []
  }

  /** Start of a fresh range of at least `bytes`, or undefined when no gap is large enough. 0 bytes take one unit. */
  allocate(bytes: number): number | undefined {
    const size = this.roundUp(bytes)
    const index = this.#free.findIndex((range) => range.end - range.start >= size)
    const range = this.#free[index]
    if (!range) return undefined
    const start = range.start
    range.start += size
    if (range.start === range.end) this.#free.splice(index, 1)
    return start
  }

  /** Gives back what `allocate(bytes)` returned. */
  release(start: number, bytes: number): void {
    const end = start + this.roundUp(bytes)
    let index = this.#free.findIndex((range) => range.start >= end)
    if (index < 0) index = this.#free.length
    const before = this.#free[index - 1]
    const after = this.#free[index]
    if (before?.end === start && after?.start === end) {
      before.end = after.end
      this.#free.splice(index, 1)
    } else if (before?.end === start) before.end = end
    else if (after?.start === end) after.start = start
    else this.#free.splice(index, 0, { start, end })
  }

  roundUp(bytes: number): number {
    return Math.max(1, Math.ceil(bytes / this.#unit)) * this.#unit
  }

  /** Bytes that are free in all, and in the largest gap. */
  available(): { total: number; largest: number } {
    let total = 0
    let largest = 0
    for (const range of this.#free) {
      total += range.end - range.start
      largest = Math.max(largest, range.end - range.start)
    }
    return { total, largest }
  }
}

/** A range of each of two; undefined if one of them has no such gap, and then nothing is taken. */
export function allocateBoth(
  one: RangeAllocator,
  bytes: number,
  other: RangeAllocator,
  otherBytes: number,
): readonly [number, number] | undefined {
  const first = one.allocate(bytes)
  if (first === undefined) return undefined
  const second = other.allocate(otherBytes)
  if (second !== undefined) return [first, second]
  one.release(first, bytes)
  return undefined
}

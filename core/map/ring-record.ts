// The records of a ring buffer, in core memory where no guest can scribble: one header word for every 8 bytes of the
// ring, of which those at the starts of records count. Called by ring.ts.
//   u64 {start : 31, units : 24, pad : 3, owner : 6}
// start: the record's position, in units of 8 bytes since creation; units: its length, the 8 bytes in front of the
// sample included; pad: bytes of the last unit that are not the sample's; owner: the CPU that has reserved it, or what
// became of it. The position makes a word that is seen twice the same word, until 16 GiB have passed through the ring.
// A consumed record's word gets a start that does not belong at its place: no position finds a word of an earlier lap.
import { peek32 } from '../door'
import { MAP_ELEMENTS, MAP_MAX_ENTRIES, MAP_RECORDS } from '../layout'

export const RECORD_COMMITTED: u32 = 62
export const RECORD_DISCARDED: u32 = 63

/** Positions wrap here. */
export const POSITIONS: u32 = 0x7fffffff
const START_SHIFT: u64 = 33
const UNITS_SHIFT: u64 = 9
const UNITS_MASK: u32 = 0xffffff
const PAD_SHIFT: u64 = 6
const OWNER_MASK: u64 = 63
/** Largest sample that is looked at; the ring's own size decides the rest. */
export const LARGEST_SAMPLE: u64 = 0x3fffffff
/** In front of each sample, as in the kernel. */
export const SAMPLE_OFFSET: u32 = 8

/** The word of a record with a sample of `size` bytes. */
export function recordWord(start: u32, size: u32, owner: u32): u64 {
  const units = unitsFor(size)
  const pad = (units << 3) - SAMPLE_OFFSET - size
  return ((<u64>start) << START_SHIFT) | ((<u64>units) << UNITS_SHIFT) | ((<u64>pad) << PAD_SHIFT) | (<u64>owner)
}

/** Units that a record with a sample of `size` bytes takes. */
export function unitsFor(size: u32): u32 {
  return (size + SAMPLE_OFFSET + 7) >> 3
}

export function startOf(word: u64): u32 {
  return <u32>(word >> START_SHIFT)
}

export function unitsOf(word: u64): u32 {
  return (<u32>(word >> UNITS_SHIFT)) & UNITS_MASK
}

/** Where the next record starts. */
export function endOf(word: u64): u32 {
  return (startOf(word) + unitsOf(word)) & POSITIONS
}

/** Bytes of the sample. */
export function sizeOf(word: u64): u32 {
  return (unitsOf(word) << 3) - SAMPLE_OFFSET - ((<u32>(word >> PAD_SHIFT)) & 7)
}

/** The CPU that has reserved it, RECORD_COMMITTED or RECORD_DISCARDED. */
export function ownerOf(word: u64): u32 {
  return <u32>(word & OWNER_MASK)
}

export function withOwner(word: u64, owner: u32): u64 {
  return (word & ~OWNER_MASK) | (<u64>owner)
}

/** What stands at the place of a position that holds no record of this lap. */
export function vacantWord(position: u32): u64 {
  return (<u64>((position + 1) & POSITIONS)) << START_SHIFT
}

/** Units of the ring, a power of two. */
export function ringUnits(map: usize): u32 {
  return peek32(map + MAP_MAX_ENTRIES) >> 3
}

/** Address of the header word of the record at a position. */
export function headerOf(map: usize, position: u32): usize {
  return <usize>peek32(map + MAP_RECORDS) + ((<usize>(position & (ringUnits(map) - 1))) << 3)
}

/** Guest address of the sample of the record at a position. The guest area is twice the ring: none wraps. */
export function sampleOf(map: usize, position: u32): usize {
  return <usize>peek32(map + MAP_ELEMENTS) + ((<usize>(position & (ringUnits(map) - 1))) << 3) + SAMPLE_OFFSET
}

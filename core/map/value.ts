// Writes a value into an element. The bytes of a timer and of work become zero, those of a spin lock stay as they
// are: the state behind a special field is core memory's (async/), and no value that a program or a user writes ever
// reaches it. Called by array.ts and hash.ts. Readers may see a mixture of old and new bytes, as in the kernel.
import { cpuCount, cpuIndex } from '../cpu'
import { copy, fill, glance64, note64, peek32 } from '../door'
import { MAP_SPIN_LOCK_OFFSET, MAP_TIMER_OFFSET, MAP_VALUE_SIZE, MAP_WORK_OFFSET } from '../layout'
import { valueAddressOn } from './map'
import { roundUp } from './shape'

const SLOT_BYTES: u32 = 16
const LOCK_BYTES: u32 = 4
const NONE: u32 = 0xffffffff

/** True if values of the map hold a timer or work: their elements have slots that must be closed and opened. */
export function hasSlots(map: usize): bool {
  return (peek32(map + MAP_TIMER_OFFSET) & peek32(map + MAP_WORK_OFFSET)) !== NONE
}

/** Copies a value from guest memory at `from` to the element's value at `to`. */
export function writeValue(map: usize, to: usize, from: usize): void {
  const size = peek32(map + MAP_VALUE_SIZE)
  const timer = peek32(map + MAP_TIMER_OFFSET)
  const work = peek32(map + MAP_WORK_OFFSET)
  const lock = peek32(map + MAP_SPIN_LOCK_OFFSET)
  if ((timer & work & lock) === NONE) {
    copyPiece(to, from, size)
    return
  }
  let at: u32 = 0
  while (at < size) {
    // The next special field at or after `at`: an absent one is at the greatest offset.
    let end = size
    let hole: u32 = 0
    if (timer >= at && timer < end) {
      end = timer
      hole = SLOT_BYTES
    }
    if (work >= at && work < end) {
      end = work
      hole = SLOT_BYTES
    }
    if (lock >= at && lock < end) {
      end = lock
      hole = LOCK_BYTES
    }
    copyPiece(to + at, from + at, end - at)
    if (hole === SLOT_BYTES) fill(to + end, 0, SLOT_BYTES)
    at = end + hole
  }
}

/** Short pieces word by word: a call of the engine's bulk copy costs more than such a piece. */
function copyPiece(to: usize, from: usize, bytes: u32): void {
  if (bytes > 64) {
    copy(to, from, bytes)
    return
  }
  let at: u32 = 0
  for (; at + 8 <= bytes; at += 8) note64(to + at, glance64(from + at))
  if (at < bytes) copy(to + at, from + at, bytes - at)
}

/**
 * Writes values into an element of a per-CPU map: from the host (`all`) one for each CPU, each padded to 8 bytes, in
 * order; from a program its own CPU's, and for a `fresh` element zeros on every other.
 */
export function writeCpuValues(map: usize, index: u32, from: usize, all: bool, fresh: bool): void {
  const size = peek32(map + MAP_VALUE_SIZE)
  const me = cpuIndex()
  for (let on: u32 = 0; on < cpuCount(); on++) {
    const to = valueAddressOn(map, index, on)
    if (all) writeValue(map, to, from + <usize>on * <usize>roundUp(size, 8))
    else if (on === me) writeValue(map, to, from)
    else if (fresh) fill(to, 0, size)
  }
}

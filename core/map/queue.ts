// Queue and stack: push, pop and peek, without a lock, in any context, by any number of CPUs. Called by the helpers
// (helper/queue.ts) and the host, inside a section.
//
// A value lies in a cell. A cell is free (in the pool), in the hands of the one operation that took it, or at one of
// the places from tail to head. Both ends are one count {head : 32, tail : 32}, which changes in steps (step.ts); the
// one link that a step changes is the place that a push fills. Push adds at the head, pop takes from the tail of a
// queue and from the head of a stack, and a push with BPF_EXIST takes the oldest at the tail away in its own step.
// So a value is whole before its place can be seen, and a popped cell belongs to who made the step.
//
// An operation holds at most one cell and one record at any step: a CPU that stops strands these for each nesting
// level, and both pools have as many to spare.
import { BPF_EXIST, BPF_NOEXIST, E2BIG, EINVAL, ENOENT, ENOMEM, MAP_TYPE_STACK } from '../abi'
import { copy, fill, load64, peek32, poke32, retry } from '../door'
import {
  BITMAP_BYTES,
  MAP_BUCKETS,
  MAP_BUCKET_MASK,
  MAP_ELEMENT_COUNT,
  MAP_MAX_ENTRIES,
  MAP_POOL,
  MAP_TYPE,
  MAP_VALUE_SIZE,
} from '../layout'
import { bitmapCreate, bitmapGive, bitmapTake } from '../memory/bitmap'
import { valueAddress } from './map'
import { nextOf } from './record'
import { powerOfTwoFrom } from './shape'
import { PASSED, countOf, createSteps, giveStep, isLast, settled, stepFrom, takeStep } from './step'
import { begin, end } from './under-way'

/** Another operation came first; nothing was changed. */
const DISTURBED: i32 = 1

/** Lays out an empty queue or stack in zeroed core memory: places, pool of cells, steps. */
export function createQueue(map: usize, places: usize, pool: usize, steps: usize): void {
  poke32(map + MAP_BUCKETS, <u32>places)
  poke32(map + MAP_BUCKET_MASK, <u32>powerOfTwoFrom(peek32(map + MAP_MAX_ENTRIES)) - 1)
  poke32(map + MAP_POOL, <u32>pool)
  bitmapCreate(pool, pool + BITMAP_BYTES, peek32(map + MAP_ELEMENT_COUNT), true)
  createSteps(map, steps)
}

function headOf(ends: u64): u32 {
  return <u32>(ends >> 32)
}

function tailOf(ends: u64): u32 {
  return <u32>ends
}

function endsOf(head: u32, tail: u32): u64 {
  return ((<u64>head) << 32) | (<u64>tail)
}

/** Address of the link at a position; positions wrap, and the number of places is a power of two. */
function placeOf(map: usize, position: u32): usize {
  return <usize>peek32(map + MAP_BUCKETS) + ((<usize>(position & peek32(map + MAP_BUCKET_MASK))) << 3)
}

function cellAt(map: usize, position: u32): u32 {
  return nextOf(load64(placeOf(map, position))) - 1
}

function giveCell(map: usize, cell: u32): void {
  bitmapGive(<usize>peek32(map + MAP_POOL), cell)
}

/**
 * Adds the value at a guest address. 0; -E2BIG if there are max_entries, unless BPF_EXIST, which takes the oldest away;
 * -EINVAL (flags); -ENOMEM if dead CPUs took every spare cell.
 */
export function queuePush(map: usize, value: usize, flags: u64): i32 {
  if (flags & BPF_NOEXIST || flags > <u64>BPF_EXIST) return -EINVAL
  begin()
  const result = push(map, value, flags !== 0)
  end()
  return result
}

function push(map: usize, value: usize, overwrites: bool): i32 {
  const cell = bitmapTake(<usize>peek32(map + MAP_POOL), 0)
  if (cell < 0) return -ENOMEM
  const record = takeStep(map)
  let result: i32 = -ENOMEM
  if (record >= 0) {
    copy(valueAddress(map, cell), value, peek32(map + MAP_VALUE_SIZE))
    result = DISTURBED
    while (result === DISTURBED) {
      retry()
      result = tryPush(map, <u32>cell, record, overwrites)
    }
    if (result < 0) giveStep(map, record)
  }
  if (result < 0) giveCell(map, cell)
  return result
}

function tryPush(map: usize, cell: u32, record: i32, overwrites: bool): i32 {
  const step = settled(map)
  if (step === PASSED) return DISTURBED
  const ends = countOf(map, step)
  const head = headOf(ends)
  const tail = tailOf(ends)
  const full = head - tail >= peek32(map + MAP_MAX_ENTRIES)
  if (full && !overwrites) return isLast(map, step) ? -E2BIG : DISTURBED
  const oldest = full ? cellAt(map, tail) : 0
  const after = endsOf(head + 1, full ? tail + 1 : tail)
  const place = placeOf(map, head)
  if (!stepFrom(map, step, record, after, place, load64(place), cell + 1)) return DISTURBED
  if (full) giveCell(map, oldest)
  return 0
}

/**
 * Takes the next value out and copies it to a guest address: 0, or -ENOENT if there is none (the copy is zeros then).
 */
export function queuePop(map: usize, value: usize): i32 {
  begin()
  const record = takeStep(map)
  let result: i32 = -ENOMEM
  if (record >= 0) {
    result = DISTURBED
    while (result === DISTURBED) {
      retry()
      result = tryPop(map, value, record)
    }
    if (result < 0) giveStep(map, record)
  }
  end()
  if (result < 0) fill(value, 0, peek32(map + MAP_VALUE_SIZE))
  return result
}

function tryPop(map: usize, value: usize, record: i32): i32 {
  const step = settled(map)
  if (step === PASSED) return DISTURBED
  const ends = countOf(map, step)
  const head = headOf(ends)
  const tail = tailOf(ends)
  if (head === tail) return isLast(map, step) ? -ENOENT : DISTURBED
  const stack = peek32(map + MAP_TYPE) === MAP_TYPE_STACK
  const cell = cellAt(map, stack ? head - 1 : tail)
  if (!stepFrom(map, step, record, stack ? endsOf(head - 1, tail) : endsOf(head, tail + 1), 0, 0, 0)) return DISTURBED
  copy(value, valueAddress(map, cell), peek32(map + MAP_VALUE_SIZE))
  giveCell(map, cell)
  return 0
}

/** As queuePop, and the value stays. */
export function queuePeek(map: usize, value: usize): i32 {
  let result = DISTURBED
  while (result === DISTURBED) {
    retry()
    result = tryPeek(map, value)
  }
  if (result < 0) fill(value, 0, peek32(map + MAP_VALUE_SIZE))
  return result
}

function tryPeek(map: usize, value: usize): i32 {
  const step = settled(map)
  if (step === PASSED) return DISTURBED
  const ends = countOf(map, step)
  const empty = headOf(ends) === tailOf(ends)
  if (!empty) {
    const cell = cellAt(map, peek32(map + MAP_TYPE) === MAP_TYPE_STACK ? headOf(ends) - 1 : tailOf(ends))
    // The ends may be those of a later step, and then the place may be none: no cell.
    if (cell < peek32(map + MAP_ELEMENT_COUNT)) {
      copy(value, valueAddress(map, cell), peek32(map + MAP_VALUE_SIZE))
    }
  }
  return isLast(map, step) ? (empty ? -ENOENT : 0) : DISTURBED
}

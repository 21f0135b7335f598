// Stacks as the host has set them for a run: bpf_get_stack copies one, bpf_get_stackid keeps it in a map, once, under
// an id that comes from its addresses. The map is a hash map of stacks (map/hash.ts). Exported to guest programs.
// The addresses lie at the end of the run buffer, zeros behind each stack, so that the values of any map can be read
// there; a program that writes there lies to itself.
import {
  BPF_ANY,
  BPF_F_STACK_BUILD_ID,
  BPF_NOEXIST,
  E2BIG,
  EEXIST,
  EFAULT,
  EINVAL,
  ENOMEM,
  FAULT_BAD_ACCESS,
  MAP_TYPE_STACK_TRACE,
  STACKS_BYTES,
  STACK_AREA_BYTES,
} from '../abi'
import { cpu } from '../cpu'
import { copy, fill, glance64, note32, peek32, retryTurn } from '../door'
import { guestAddress } from '../guest'
import { fault } from '../host'
import { CPU_RUN_BUFFER, CPU_RUN_BUFFER_BYTES, MAP_FLAGS, MAP_MAX_ENTRIES, MAP_TYPE, MAP_VALUE_SIZE } from '../layout'
import { TASK_KERNEL_DEPTH, TASK_USER_DEPTH } from '../task-record'
import { hashFind, hashUpdate, isStill, linkOfKey } from '../map/hash'
import { mapAddress, valueAddress } from '../map/map'
import { powerOfTwoFrom } from '../map/shape'
import { scratchCell } from './scratch-cell'
import { inRunBuffer } from './task'

const SKIP: u64 = 0xff
const USER_STACK: u64 = 1 << 8
const FAST_COMPARE: u64 = 1 << 9
const REUSE: u64 = 1 << 10
const USER_BUILD_ID: u64 = 1 << 11

/** Where the stacks of a run lie: the kernel's, then the user's. */
function stacks(): usize {
  return <usize>(peek32(cpu() + CPU_RUN_BUFFER) + peek32(cpu() + CPU_RUN_BUFFER_BYTES) - <u32>STACKS_BYTES)
}

function depthOf(flags: u64): u32 {
  return inRunBuffer(flags & USER_STACK ? TASK_USER_DEPTH : TASK_KERNEL_DEPTH)
}

/** Address of the stack's entry behind those that are left out. */
function placeOf(flags: u64): usize {
  return stacks() + (flags & USER_STACK ? <usize>STACK_AREA_BYTES : 0) + ((<usize>(flags & SKIP)) << 3)
}

function hashOf(stack: usize, words: u32): u32 {
  const factor = ((<u64>0xff51afd7) << 32) | 0xed558ccd
  let hash: u64 = words
  for (let at: u32 = 0; at < words; at++) {
    hash = (hash ^ glance64(stack + ((<usize>at) << 3))) * factor
    hash ^= hash >> 32
  }
  return <u32>hash
}

function isSame(one: usize, other: usize, bytes: u32): bool {
  for (let at: usize = 0; at < <usize>bytes; at += 8) if (glance64(one + at) !== glance64(other + at)) return false
  return true
}

/**
 * The id of the stack in the map; -EINVAL (flags), -EFAULT (no stack, or all of it left out; no build ids are known),
 * -EEXIST (the id is another stack's, and the flags do not say that it goes), -ENOMEM (full).
 */
export function bpf_get_stackid(_context: u64, mapPointer: u64, flags: u64): i64 {
  const map = mapAddress(mapPointer)
  if (peek32(map + MAP_TYPE) !== MAP_TYPE_STACK_TRACE) fault(FAULT_BAD_ACCESS, mapPointer)
  if (flags & ~(SKIP | USER_STACK | FAST_COMPARE | REUSE)) return -EINVAL
  const depth = depthOf(flags)
  const skipped = <u32>(flags & SKIP)
  if (depth <= skipped || peek32(map + MAP_FLAGS) & BPF_F_STACK_BUILD_ID) return -EFAULT
  const bytes = peek32(map + MAP_VALUE_SIZE)
  const stack = placeOf(flags)
  const words = min<u32>(depth - skipped, bytes >> 3)
  const id = hashOf(stack, words) & (<u32>powerOfTwoFrom(peek32(map + MAP_MAX_ENTRIES)) - 1)
  const key = scratchCell()
  note32(key, id)
  const result = file(map, key, stack, bytes, (flags & REUSE) !== 0)
  return result === 0 ? <i64>id : result === -E2BIG ? -ENOMEM : <i64>result
}

/**
 * Sees to it that the stack lies under the id at `key`: 0, -EEXIST (another one lies there, and stays), or what
 * hashUpdate answers. Lock-free: each further turn follows a change of what lies there.
 */
function file(map: usize, key: usize, stack: usize, bytes: u32, replaces: bool): i32 {
  let turn: u32 = 1
  while (true) {
    retryTurn(turn)
    turn = 2
    const found = hashFind(map, key)
    if (found) {
      const link = linkOfKey(map, key, found)
      const same = isSame(valueAddress(map, found - 1), stack, bytes)
      // Deleted or replaced meanwhile: what was compared may be no stack of this id.
      if (!isStill(map, found, link)) continue
      if (same) return 0
      return replaces ? hashUpdate(map, key, stack, BPF_ANY, true) : -EEXIST
    }
    const result = hashUpdate(map, key, stack, BPF_NOEXIST, true)
    if (result !== -EEXIST) return result
  }
}

/**
 * Copies the stack, as far as it fits, and zeros behind it: the bytes copied; -EINVAL (flags, size), -EFAULT (no stack,
 * or more left out than it has), with zeros alone.
 */
export function bpf_get_stack(_context: u64, buffer: u64, size: u64, flags: u64): i64 {
  const bytes = <u32>size
  const to = bytes === 0 ? 0 : guestAddress(buffer, bytes)
  const depth = depthOf(flags)
  const skipped = <u32>(flags & SKIP)
  let result: i64 = -EFAULT
  if (flags & ~(SKIP | USER_STACK | USER_BUILD_ID) || (flags & USER_BUILD_ID && !(flags & USER_STACK))) result = -EINVAL
  else if (bytes % (flags & USER_BUILD_ID ? 32 : 8)) result = -EINVAL
  else if (depth !== 0 && depth >= skipped && !(flags & USER_BUILD_ID)) {
    const copied = min<u32>((depth - skipped) << 3, bytes)
    if (copied) copy(to, placeOf(flags), copied)
    if (bytes > copied) fill(to + copied, 0, bytes - copied)
    return copied
  }
  if (bytes) fill(to, 0, bytes)
  return result
}

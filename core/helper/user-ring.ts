// bpf_user_ringbuf_drain by the kernel's name. Called by guest programs, inside a section.
import {
  BPF_RB_FORCE_WAKEUP,
  BPF_RB_NO_WAKEUP,
  E2BIG,
  EBUSY,
  EINVAL,
  FAULT_BAD_ACCESS,
  FAULT_CALLBACK_RESULT,
  MAP_TYPE_USER_RINGBUF,
} from '../abi'
import { load32, peek32 } from '../door'
import { fault } from '../host'
import { MAP_RING_CONSUMED, MAP_TYPE } from '../layout'
import { mapAddress } from '../map/map'
import { ring } from '../map/ring-bell'
import { GIVEN_UP, beginDrain, drainedDynptr, endDrain, userRingNext, userRingRelease } from '../map/user-ring'
import { callBack, calleeFrame, callbackOf, chargeIteration } from '../callback'
import { MOST_BYTES, setLocal } from './dynptr'

/** BPF_MAX_USER_RINGBUF_SAMPLES: those that were given up count. */
const MOST_SAMPLES: u32 = 128 * 1024

/**
 * Calls fn(dynptr of the sample, ctx) for the samples that are submitted until it returns 1: how many; -EINVAL for
 * flags, -EBUSY while another drains, -E2BIG at a sample that no dynptr can hold, which stays.
 */
export function bpf_user_ringbuf_drain(ringPointer: u64, fn: u64, ctx: u64, flags: u64, frame: i32): i64 {
  const map = mapAddress(ringPointer)
  if (peek32(map + MAP_TYPE) !== MAP_TYPE_USER_RINGBUF) fault(FAULT_BAD_ACCESS, ringPointer)
  if (flags & ~(<u64>(BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP))) return -EINVAL
  const index = callbackOf(fn)
  const callee = calleeFrame(<usize>frame)
  if (!beginDrain(map)) return -EBUSY
  const before = load32(map + MAP_RING_CONSUMED)
  let result: i64 = 0
  let answer: u64 = 0
  for (let turn: u32 = 0; turn < MOST_SAMPLES && answer === 0; turn++) {
    const sample = userRingNext(map)
    if (sample === 0) break
    if (sample === GIVEN_UP) continue
    const bytes = <u32>(sample >> 32)
    if (bytes > MOST_BYTES) {
      result = -E2BIG
      break
    }
    chargeIteration()
    const dynptr = drainedDynptr(map)
    setLocal(dynptr, sample & 0xffffffff, bytes)
    answer = callBack(index, dynptr, ctx, 0, 0, callee)
    if (answer > 1) fault(FAULT_CALLBACK_RESULT, answer)
    userRingRelease(map)
    result++
  }
  const moved = load32(map + MAP_RING_CONSUMED) !== before
  endDrain(map)
  if (flags & BPF_RB_FORCE_WAKEUP || (moved && !(flags & BPF_RB_NO_WAKEUP))) ring(map)
  return result
}

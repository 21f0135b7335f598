// Setting the REALTIME clock: absolute timers on that clock move with it. Called by the host (a virtual machine's
// clock).
import { CLOCK_REALTIME } from '../abi'
import { realtimeDeadline, realtimeExpiry } from '../async/deadline'
import { clockOf } from '../async/owner'
import { ANY_CPU, armed, isArmed, isFreed, targetOf } from '../async/state'
import { cpuIndex } from '../cpu'
import { compareExchange64, glance64, load64, peek32, poke64 } from '../door'
import {
  CB_QUEUED,
  CB_STATE,
  CONTROL_BLOCK_BYTES,
  HEADER,
  HEADER_CONTROL_BLOCKS,
  HEADER_CONTROL_BLOCK_COUNT,
  HEADER_REALTIME_OFFSET,
} from '../layout'
import { queuedOwner } from '../queue/entry'
import { post } from '../queue/inbox'

function move(block: usize): void {
  const state = load64(block + CB_STATE)
  if (isFreed(state) || !isArmed(state) || clockOf(block) !== CLOCK_REALTIME) return
  const expiry = glance64(realtimeExpiry(block))
  if (expiry === 0) return
  const target = targetOf(state)
  // A start, cancel or firing in between would have the last word. On one thread, where alone this clock is set, there
  // is none; beside other threads a start may have read the old offset and arm after this look (docs/protocol.md).
  if (compareExchange64(block + CB_STATE, state, armed(state, realtimeDeadline(expiry - 1), target)) !== state) return
  const queued = load64(block + CB_QUEUED)
  post(block, queued !== 0 ? queuedOwner(queued) : target === ANY_CPU ? cpuIndex() : target)
}

/** REALTIME reads the machine's clock plus `high << 32 | low` nanoseconds from now on. */
export function realtime_set(low: u32, high: u32): void {
  poke64(HEADER + HEADER_REALTIME_OFFSET, ((<u64>high) << 32) | (<u64>low))
  const count = peek32(HEADER + HEADER_CONTROL_BLOCK_COUNT)
  const blocks = <usize>peek32(HEADER + HEADER_CONTROL_BLOCKS)
  for (let index: u32 = 0; index < count; index++) move(blocks + <usize>index * CONTROL_BLOCK_BYTES)
}

// The ring buffer helpers by the kernel's names. Called by guest programs, inside a section. A sample is believed only
// if it is the start of a record that this CPU has reserved: anything else is a fault.
import {
  BPF_RB_AVAIL_DATA,
  BPF_RB_CONS_POS,
  BPF_RB_FORCE_WAKEUP,
  BPF_RB_NO_WAKEUP,
  BPF_RB_PROD_POS,
  BPF_RB_RING_SIZE,
  EAGAIN,
  EINVAL,
  FAULT_BAD_ACCESS,
  MAP_TYPE_RINGBUF,
} from '../abi'
import { load32, load64, peek32 } from '../door'
import { guestAddress } from '../guest'
import { fault } from '../host'
import { MAP_MAX_ENTRIES, MAP_RING_CONSUMED, MAP_RING_LAST, MAP_TYPE } from '../layout'
import { mapAddress } from '../map/map'
import { ringAt, ringEnd, ringHeld, ringOutput, ringReserve } from '../map/ring'
import { RECORD_COMMITTED, RECORD_DISCARDED, endOf } from '../map/ring-record'

function ringAddress(pointer: u64): usize {
  const map = mapAddress(pointer)
  if (peek32(map + MAP_TYPE) !== MAP_TYPE_RINGBUF) fault(FAULT_BAD_ACCESS, pointer)
  return map
}

/** Reserves a sample of `size` bytes in a ring: its guest address, 0 if there is no room. For dynptr.ts, too. */
export function reserveSample(ringPointer: u64, size: u64): u64 {
  return <u64>ringReserve(ringAddress(ringPointer), size)
}

/** Ends a reservation of this CPU; a fault for anything else. For dynptr.ts, too. */
export function finishSample(sample: u64, owner: u32, flags: u64): void {
  const map = ringAt(sample)
  if (!map || !ringEnd(map, <u32>sample, owner, flags)) fault(FAULT_BAD_ACCESS, sample)
}

/** Address of a sample of `size` bytes; 0 if there is no room, or for any flag. */
export function bpf_ringbuf_reserve(ringPointer: u64, size: u64, flags: u64): u64 {
  const map = ringAddress(ringPointer)
  return flags !== 0 ? 0 : <u64>ringReserve(map, size)
}

/** Makes a reserved sample visible to the consumer. */
export function bpf_ringbuf_submit(sample: u64, flags: u64): void {
  finishSample(sample, RECORD_COMMITTED, flags)
}

/** Gives a reserved sample up: the consumer passes over it. */
export function bpf_ringbuf_discard(sample: u64, flags: u64): void {
  finishSample(sample, RECORD_DISCARDED, flags)
}

/** Reserves, copies and submits: 0; -EINVAL (flags), -EAGAIN (no room). */
export function bpf_ringbuf_output(ringPointer: u64, data: u64, size: u64, flags: u64): i64 {
  const map = ringAddress(ringPointer)
  if (flags & ~(<u64>(BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP))) return -EINVAL
  if (size > 0xffffffff) fault(FAULT_BAD_ACCESS, data)
  const from = size === 0 ? 0 : guestAddress(data, <u32>size)
  return ringOutput(map, from, size, flags) ? 0 : -EAGAIN
}

/**
 * Bytes not consumed, size of the ring, consumer's and producer's position (both wrap at 16 GiB); 0 for other flags.
 */
export function bpf_ringbuf_query(ringPointer: u64, flags: u64): u64 {
  const map = ringAddress(ringPointer)
  if (flags === BPF_RB_AVAIL_DATA) return ringHeld(map)
  if (flags === BPF_RB_RING_SIZE) return peek32(map + MAP_MAX_ENTRIES)
  if (flags === BPF_RB_CONS_POS) return (<u64>load32(map + MAP_RING_CONSUMED)) << 3
  return flags === BPF_RB_PROD_POS ? (<u64>endOf(load64(map + MAP_RING_LAST))) << 3 : 0
}

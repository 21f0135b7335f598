// BPF_F_LOCK: a value is read or written in place while the element's bpf_spin_lock is held, so that nobody who uses
// the lock sees a mixture. A program waits for the lock, as it asks for; the host never does, it is told to try again.
// Nothing else in map/ waits. Called by array.ts, hash.ts and host.ts. A program faults where bpf_spin_lock is a fault
// (in NMI, or while the CPU holds a lock).
import { BPF_F_LOCK, EINVAL } from '../abi'
import { peek32 } from '../door'
import { bpf_spin_lock, bpf_spin_unlock, trySpinLock } from '../spin-lock'
import { MAP_SPIN_LOCK_OFFSET } from '../layout'
import { writeValue } from './value'

const NONE: u32 = 0xffffffff

/** -EINVAL for BPF_F_LOCK on a map whose values have no lock, else 0. */
export function refuseLock(map: usize, flags: u64): i32 {
  return flags & BPF_F_LOCK && peek32(map + MAP_SPIN_LOCK_OFFSET) === NONE ? -EINVAL : 0
}

/** Locks the lock of the element whose value is at `value`: 0; unless it `waits`, -EAGAIN or -EDEADLK (trySpinLock). */
export function lockValue(map: usize, value: usize, waits: bool): i32 {
  const lock = value + peek32(map + MAP_SPIN_LOCK_OFFSET)
  if (!waits) return trySpinLock(lock)
  bpf_spin_lock(<u64>lock)
  return 0
}

/** Unlocks it. */
export function unlockValue(map: usize, value: usize): void {
  bpf_spin_unlock(<u64>(value + peek32(map + MAP_SPIN_LOCK_OFFSET)))
}

/** As writeValue, under the lock: 0, or as lockValue. */
export function writeLocked(map: usize, to: usize, from: usize, waits: bool): i32 {
  const refused = lockValue(map, to, waits)
  if (refused) return refused
  writeValue(map, to, from)
  unlockValue(map, to)
  return 0
}

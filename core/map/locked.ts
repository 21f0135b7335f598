// BPF_F_LOCK: an update that writes the value in place while it holds the element's bpf_spin_lock, so that a program
// that reads under the lock never sees a mixture. It waits for the lock, as its caller asks for; nothing else in map/
// waits. Called by array.ts and hash.ts. A fault where bpf_spin_lock is one (in NMI, or while the CPU holds a lock).
import { BPF_F_LOCK, EINVAL } from '../abi'
import { peek32 } from '../door'
import { bpf_spin_lock, bpf_spin_unlock } from '../helper/lock'
import { MAP_SPIN_LOCK_OFFSET } from '../layout'
import { writeValue } from './value'

const NONE: u32 = 0xffffffff

/** -EINVAL for BPF_F_LOCK on a map whose values have no lock, else 0. */
export function refuseLock(map: usize, flags: u64): i32 {
  return flags & BPF_F_LOCK && peek32(map + MAP_SPIN_LOCK_OFFSET) === NONE ? -EINVAL : 0
}

/** Locks the lock of the element whose value is at `value`. */
export function lockValue(map: usize, value: usize): void {
  bpf_spin_lock(<u64>(value + peek32(map + MAP_SPIN_LOCK_OFFSET)))
}

/** Unlocks it. */
export function unlockValue(map: usize, value: usize): void {
  bpf_spin_unlock(<u64>(value + peek32(map + MAP_SPIN_LOCK_OFFSET)))
}

/** As writeValue, under the lock. */
export function writeLocked(map: usize, to: usize, from: usize): void {
  lockValue(map, to)
  writeValue(map, to, from)
  unlockValue(map, to)
}

// Argument checks that the designs share, and the user references of the one map.
import {
  BPF_F_TIMER_ABS,
  BPF_F_TIMER_CPU_PIN,
  CLOCK_BOOTTIME,
  CLOCK_MONOTONIC,
  CLOCK_REALTIME,
  KIND_WORK,
} from '../../abi'
import { add32, load32 } from '../../door'
import { SPECIMENS, SPECIMENS_USERS } from '../layout'

/** Whether init's flags are fit for the kind: a clock for timers, nothing for work. */
export function initFlagsValid(kind: u32, flags: u64): bool {
  if (kind === KIND_WORK) return flags === 0
  return flags === CLOCK_MONOTONIC || flags === CLOCK_REALTIME || flags === CLOCK_BOOTTIME
}

/** Whether start's flags are. */
export function startFlagsValid(flags: u64): bool {
  return (flags & ~(<u64>(BPF_F_TIMER_ABS | BPF_F_TIMER_CPU_PIN))) === 0
}

/** Whether start's nsecs are an absolute time. */
export function isAbsolute(flags: u64): bool {
  return (flags & BPF_F_TIMER_ABS) !== 0
}

/** True while somebody holds the map. */
export function mapHasUsers(): bool {
  return load32(SPECIMENS + SPECIMENS_USERS) !== 0
}

/** Opens a handle on the map. */
export function specimen_user_get(): void {
  add32(SPECIMENS + SPECIMENS_USERS, 1)
}

/** Closes one; true if it was the last: the caller tears every slot down. */
export function userPut(): bool {
  return add32(SPECIMENS + SPECIMENS_USERS, -1) === 1
}

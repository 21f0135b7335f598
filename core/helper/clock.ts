// Helpers that read the time. MONOTONIC counts from the machine's epoch; BOOTTIME is the same here: nothing suspends.
// Exported to guest programs.
import { cpuNow, freshNow } from '../cpu'

/** Nanoseconds of CLOCK_MONOTONIC, read now. */
export function bpf_ktime_get_ns(): u64 {
  return freshNow()
}

/** As bpf_ktime_get_ns: BOOTTIME is MONOTONIC here. */
export function bpf_ktime_get_boot_ns(): u64 {
  return freshNow()
}

/** The CPU's `now`, at most 64 uses old: no clock is read. */
export function bpf_ktime_get_coarse_ns(): u64 {
  return cpuNow()
}

// Helpers that read the time. MONOTONIC counts from the machine's epoch; BOOTTIME is the same here: nothing suspends.
// Exported to guest programs.
import { cpuNow, freshNow, settleLateness } from '../cpu'
import { peek64 } from '../door'
import { HEADER, HEADER_REALTIME_OFFSET } from '../layout'

/** Nanoseconds of a jiffy: HZ is 250 here. */
const JIFFY: u64 = 4_000_000

// A callback whose own reading stands for the one at its start tells here how late it began.
function reading(): u64 {
  const time = freshNow()
  settleLateness()
  return time
}

/** Nanoseconds of CLOCK_MONOTONIC, read now. */
export function bpf_ktime_get_ns(): u64 {
  return reading()
}

/** As bpf_ktime_get_ns: BOOTTIME is MONOTONIC here. */
export function bpf_ktime_get_boot_ns(): u64 {
  return reading()
}

/** The CPU's `now`, at most 64 uses old: no clock is read. */
export function bpf_ktime_get_coarse_ns(): u64 {
  return cpuNow()
}

/** TAI: REALTIME here, as in a kernel that nobody has told of leap seconds. */
export function bpf_ktime_get_tai_ns(): u64 {
  return reading() + peek64(HEADER + HEADER_REALTIME_OFFSET)
}

/** Jiffies since the machine's epoch. */
export function bpf_jiffies64(): u64 {
  return cpuNow() / JIFFY
}

// Which CPU this instance is: the address of its area, the core's only mutable global, written once by cpu_attach.
// Every CPU has its own instance of the module on the same memory. Called from everywhere in core/.
import { CLOCK_END, CONTEXT_NMI, FAULT_CLOCK_RANGE } from './abi'
import { compareExchange32, now, peek32, peek64, poke32, poke64 } from './door'
import { fault } from './host'
import {
  CPU_BYTES,
  CPU_CLOCK,
  CPU_CONTEXT,
  CPU_INDEX,
  CPU_LATENESS,
  CPU_LATE_SINCE,
  CPU_LIFE,
  CPU_MAX_LATENESS,
  CPU_NOW,
  CPU_NOW_USES,
  HEADER,
  HEADER_CPUS,
  HEADER_CPU_AREAS,
} from './layout'

let area: usize = 0

/** Life of a CPU (CPU_LIFE). */
export const LIFE_UNUSED: u32 = 0
export const LIFE_LIVE: u32 = 1
export const LIFE_DEAD: u32 = 2

/** The clock is read again after so many uses of `now` (contract §2, Time). */
const NOW_USES: u32 = 64

/** Address of this CPU's area. */
export function cpu(): usize {
  return area
}

/** Address of the area of CPU `index`. */
export function cpuArea(index: u32): usize {
  return <usize>peek32(HEADER + HEADER_CPU_AREAS) + <usize>index * CPU_BYTES
}

/** Number of CPUs that the machine has room for, dead and unused ones included. */
export function cpuCount(): u32 {
  return peek32(HEADER + HEADER_CPUS)
}

/** Index of this CPU. */
export function cpuIndex(): u32 {
  return peek32(area + CPU_INDEX)
}

/** Makes this instance CPU `index`; before any other call but machine_boot. */
export function cpu_attach(index: u32): void {
  area = cpuArea(index)
  // One that was declared dead meanwhile stays so: a thread that joins is live before it comes here.
  compareExchange32(area + CPU_LIFE, LIFE_UNUSED, LIFE_LIVE)
}

/** True in code that may have interrupted an operation of this same CPU: it must leave the CPU's queues alone. */
export function nested(): bool {
  return peek32(area + CPU_CONTEXT) === CONTEXT_NMI
}

/** Nanoseconds since the machine's epoch, by the clock. */
export function readClock(): u64 {
  return now(area + CPU_CLOCK)
}

/** Reads the clock: at the start of every run, callback and poll, and at bpf_ktime_get_ns (contract §2, Time). */
export function freshNow(): u64 {
  const time = readClock()
  if (time > <u64>CLOCK_END) fault(FAULT_CLOCK_RANGE, time)
  poke64(area + CPU_NOW, time)
  poke32(area + CPU_NOW_USES, 0)
  return time
}

/** Statistics: how long after its expiry a callback began, by the reading of the clock that was just made. */
export function settleLateness(): void {
  const since = peek64(area + CPU_LATE_SINCE)
  if (since === 0) return
  const late = peek64(area + CPU_NOW) + 1 - since
  poke64(area + CPU_LATE_SINCE, 0)
  poke64(area + CPU_LATENESS, peek64(area + CPU_LATENESS) + late)
  if (late > peek64(area + CPU_MAX_LATENESS)) poke64(area + CPU_MAX_LATENESS, late)
}

/** Counts a use of `now`; false if the clock must be read. Without a call in it, so that it is compiled in place. */
export function useNow(): bool {
  const uses = peek32(area + CPU_NOW_USES) + 1
  if (uses > NOW_USES) return false
  poke32(area + CPU_NOW_USES, uses)
  return true
}

/** The CPU's `now`, from which relative expiries count; never more than 64 uses old. Nanoseconds. */
export function cpuNow(): u64 {
  return useNow() ? peek64(area + CPU_NOW) : freshNow()
}

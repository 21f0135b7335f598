// Read-side sections and grace periods (RCU, quiescent-state based). Owns CPU_SECTION and HEADER_GRACE_PERIOD.
// A CPU is in a section from the outermost entry to its end; outside it is quiescent, asleep or not.
// Invariant: what was made unreachable before graceStart() is not in any CPU's hands once graceOver() of its tag is
// true.
import { cpu, cpuArea, cpuCount } from '../cpu'
import { add64, load64, peek32, peek64, poke64, store64 } from '../door'
import { CPU_SECTION, HEADER, HEADER_GRACE_PERIOD, HEADER_ONE_THREAD } from '../layout'

// What others must see before they go on. On one thread they see all that was before: a plain store does, at a tenth of
// the price.
function announce(section: u64): void {
  const word = cpu() + CPU_SECTION
  if (peek32(HEADER + HEADER_ONE_THREAD) !== 0) poke64(word, section)
  else store64(word, section)
}

/**
 * Enters a read-side section; true if it was the outermost. The section word itself is the nesting: an NMI between the
 * two steps of an outer entry finds it 0, enters, and leaves it 0 again; the outer one, which has read nothing yet,
 * then enters as if nothing had happened [H22].
 */
export function sectionEnter(): bool {
  if (peek64(cpu() + CPU_SECTION) !== 0) return false
  announce(load64(HEADER + HEADER_GRACE_PERIOD))
  return true
}

/** Leaves the section that sectionEnter returned `outermost` for. */
export function sectionExit(outermost: bool): void {
  if (outermost) announce(0)
}

/** Starts a grace period; returns its tag for graceOver. What is to be freed must be unreachable already. */
export function graceStart(): u64 {
  return add64(HEADER + HEADER_GRACE_PERIOD, 1) + 1
}

/** True once no CPU is in a section that began before graceStart returned `tag`. Bounded by the number of CPUs. */
export function graceOver(tag: u64): bool {
  const count = cpuCount()
  for (let index: u32 = 0; index < count; index++) {
    const section = load64(cpuArea(index) + CPU_SECTION)
    if (section !== 0 && section < tag) return false
  }
  return true
}

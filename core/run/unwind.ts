// After a fault: the host threw through the core's frames. Called by the host on the same CPU before anything else runs
// there. Settles what the interrupted code owed, wherever it was [G2, G3].
import { CONTEXT_TASK } from '../abi'
import { dropEdge } from '../async/deadlock'
import { cpu, cpuIndex } from '../cpu'
import { peek32, poke32, store64 } from '../door'
import { releaseLock } from '../spin-lock'
import {
  CPU_CONTEXT,
  CPU_CURRENT,
  CPU_FIRING,
  CPU_NESTED,
  CPU_PREEMPT_DEPTH,
  CPU_PROGRAM,
  CPU_READ_DEPTH,
  CPU_SECTION,
} from '../layout'
import { endChanges } from '../map/repair'
import { settleReservations } from '../map/ring'
import { finish, FIRING_RUNNING } from './fire'

/**
 * Releases a held spin lock, ends an interrupted callback and changes of maps, leaves the section: the CPU is between
 * programs again.
 */
export function cpu_unwind(): void {
  const area = cpu()
  releaseLock(area, cpuIndex())
  // Whatever the context: an NMI may have come inside a cancel.
  dropEdge(area)
  endChanges(cpuIndex())
  poke32(area + CPU_NESTED, 0)
  poke32(area + CPU_READ_DEPTH, 0)
  poke32(area + CPU_PREEMPT_DEPTH, 0)
  if (peek32(area + CPU_FIRING) === FIRING_RUNNING) finish(<usize>peek32(area + CPU_CURRENT))
  poke32(area + CPU_CONTEXT, CONTEXT_TASK)
  poke32(area + CPU_PROGRAM, 0)
  store64(area + CPU_SECTION, 0)
  settleReservations()
}

// Callbacks that wait for each other [H9]. A callback that is about to wait publishes an edge {timer, its run} in its
// CPU's area, then walks: timer -> CPU that runs its callback -> that CPU's edge -> ... Back at oneself: -EDEADLK.
// Of the callbacks of a cycle the last one to publish sees all other edges; a plain chain never closes.
import { CONTEXT_SOFTIRQ, CONTEXT_WORKQUEUE } from '../abi'
import { load32, load64, peek32, store32 } from '../door'
import { cpu, cpuArea, cpuCount } from '../cpu'
import { CB_STATE, CPU_CONTEXT, CPU_CURRENT, CPU_EDGE_RUN, CPU_EDGE_TIMER } from '../layout'
import { runOf } from './state'

function inCallback(): bool {
  const context = peek32(cpu() + CPU_CONTEXT)
  return context === CONTEXT_SOFTIRQ || context === CONTEXT_WORKQUEUE
}

/** True in the callback of this very block. */
export function isOwnCallback(block: usize): bool {
  return inCallback() && <usize>load32(cpu() + CPU_CURRENT) === block
}

/** In a callback: announces that this CPU is about to wait for run `run` of `block`. False outside callbacks. */
export function publishEdge(block: usize, run: u32): bool {
  if (!inCallback()) return false
  store32(cpu() + CPU_EDGE_RUN, run)
  store32(cpu() + CPU_EDGE_TIMER, <u32>block)
  return true
}

/** Takes the announcement back. */
export function clearEdge(): void {
  if (inCallback()) store32(cpu() + CPU_EDGE_TIMER, 0)
}

// The timer that the CPU running `block` waits for, 0 if none runs it or that one waits for nothing (any more).
function waitedForBy(block: usize): usize {
  const count = cpuCount()
  for (let index: u32 = 0; index < count; index++) {
    const area = cpuArea(index)
    if (<usize>load32(area + CPU_CURRENT) !== block) continue
    const timer = <usize>load32(area + CPU_EDGE_TIMER)
    if (timer !== 0 && runOf(load64(timer + CB_STATE)) === load32(area + CPU_EDGE_RUN)) return timer
  }
  return 0
}

/** True if waiting for `block` closes a cycle through this CPU's callback. At most one step per CPU. */
export function waitingClosesCycle(block: usize): bool {
  const own = <usize>load32(cpu() + CPU_CURRENT)
  const count = cpuCount()
  let at = block
  for (let step: u32 = 0; step < count; step++) {
    at = waitedForBy(at)
    if (at === own) return true
    if (at === 0) return false
  }
  return false
}

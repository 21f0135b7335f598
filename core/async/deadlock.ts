// Callbacks that wait for each other [H9]. A callback that is about to wait publishes an edge {timer, its run} in its
// CPU's area, then walks: timer -> CPU that runs its callback -> that CPU's edge -> ... Back at oneself: -EDEADLK.
// Of the callbacks of a cycle the last one to publish sees all other edges; a plain chain never closes. Owns
// CPU_EDGE_TIMER, and CPU_EDGE_RUN, {number : 30, run : 2}: the number moves on with each edge, so that one that was
// read and is still there has been there all the time, and with it the callback that published it.
import { CONTEXT_SOFTIRQ, CONTEXT_WORKQUEUE } from '../abi'
import { load32, load64, peek32, store32 } from '../door'
import { cpu, cpuArea, cpuCount } from '../cpu'
import { CB_STATE, CPU_CONTEXT, CPU_CURRENT, CPU_EDGE_RUN, CPU_EDGE_TIMER } from '../layout'
import { runOf } from './state'

const RUN: u32 = 3
const NUMBER_ONE: u32 = 4

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
  const number = (load32(cpu() + CPU_EDGE_RUN) & ~RUN) + NUMBER_ONE
  store32(cpu() + CPU_EDGE_RUN, number | run)
  store32(cpu() + CPU_EDGE_TIMER, <u32>block)
  return true
}

/** Takes the announcement back. */
export function clearEdge(): void {
  if (inCallback()) dropEdge(cpu())
}

/** The same for the CPU whose area is `area`: after an unwind, or when it was declared dead. */
export function dropEdge(area: usize): void {
  store32(area + CPU_EDGE_TIMER, 0)
}

// True if the callback of `block` waits for `own`, itself or through `most` others at most. Each edge is read on the
// way there, and once more on the way back: where all of them are still there, and the runs that they are about go on,
// there was a moment at which they all were, the one at which the last had been read.
function waitsFor(block: usize, own: usize, most: u32): bool {
  const count = cpuCount()
  for (let index: u32 = 0; index < count; index++) {
    const area = cpuArea(index)
    // The edge before the callback: as long as it is there, it is that callback's. The number first, and last.
    const edge = load32(area + CPU_EDGE_RUN)
    const timer = <usize>load32(area + CPU_EDGE_TIMER)
    if (timer === 0 || <usize>load32(area + CPU_CURRENT) !== block) continue
    if (timer !== own && (most === 0 || !waitsFor(timer, own, most - 1))) return false
    if (<usize>load32(area + CPU_EDGE_TIMER) !== timer || load32(area + CPU_EDGE_RUN) !== edge) return false
    return runOf(load64(timer + CB_STATE)) === (edge & RUN)
  }
  return false
}

/** True if waiting for `block` closes a cycle through this CPU's callback. At most one step per CPU. */
export function waitingClosesCycle(block: usize): bool {
  return waitsFor(block, <usize>load32(cpu() + CPU_CURRENT), cpuCount())
}

// The merged design's deferral: a list of commands per block, pushed where the timer layer must not be entered (NMI,
// interrupts off) and carried out by an irq_work of the CPU that found the list empty. Each command owns a reference.
// Owns BLOCK_COMMANDS, BLOCK_IRQ_WORK, CPU_IRQ_WORKS, the command pool. Called by merged.ts and poll.ts.
import { EDEADLK, ENOMEM } from '../abi'
import { compareExchange32, exchange32, load32, peek32, peek64, poke32, poke64, retry, store32 } from '../door'
import { bitmapGive, bitmapTake } from '../memory/bitmap'
import { KIND_WORK } from '../abi'
import { isAbsolute } from './base/arguments'
import { hrtimerStart, hrtimerTryToCancel } from './base/hrtimer'
import { here } from './base/lock'
import { cancelWork, queueWork } from './base/workqueue'
import {
  BLOCK_COMMANDS,
  BLOCK_IRQ_WORK,
  BLOCK_IRQ_WORK_NEXT,
  BLOCK_KIND,
  BLOCK_WORK,
  COMMAND_FLAGS,
  COMMAND_NEXT,
  COMMAND_NSECS,
  COMMAND_OPERATION,
  COMMAND_SHIFT,
  COMMAND_START,
  CPU_DRAINING,
  CPU_IRQ_WORKS,
  SPECIMENS,
  SPECIMENS_COMMAND_POOL,
  SPECIMENS_COMMANDS,
} from './layout'
import { mergedPut } from './merged-put'

// Pushes `node` on the list at `head`; returns what was first.
function push(head: usize, node: usize, link: usize): u32 {
  while (true) {
    retry()
    const first = load32(head)
    poke32(node + link, first)
    if (compareExchange32(head, first, <u32>node) === first) return first
  }
}

/** Leaves a command to the irq_work; takes over the caller's reference. 0, -EDEADLK (this CPU drains it), -ENOMEM. */
export function enqueue(block: usize, operation: u32, nsecs: u64, flags: u64): i32 {
  const draining = peek32(here() + CPU_DRAINING) === <u32>block
  const index = draining ? -1 : bitmapTake(SPECIMENS + SPECIMENS_COMMAND_POOL, 0)
  if (index < 0) {
    mergedPut(block)
    return draining ? -EDEADLK : -ENOMEM
  }
  const command = <usize>peek32(SPECIMENS + SPECIMENS_COMMANDS) + ((<usize>index) << COMMAND_SHIFT)
  poke32(command + COMMAND_OPERATION, operation)
  poke64(command + COMMAND_NSECS, nsecs)
  poke64(command + COMMAND_FLAGS, flags)
  if (push(block + BLOCK_COMMANDS, command, COMMAND_NEXT) === 0 && exchange32(block + BLOCK_IRQ_WORK, 1) === 0)
    push(here() + CPU_IRQ_WORKS, block, BLOCK_IRQ_WORK_NEXT)
  return 0
}

/** Starts at once. Interrupts on, not in NMI. */
export function startNow(block: usize, nsecs: u64, flags: u64): void {
  if (peek32(block + BLOCK_KIND) === KIND_WORK) queueWork(block + BLOCK_WORK)
  else hrtimerStart(block, nsecs, isAbsolute(flags))
}

/** Tries to cancel at once without waiting: 1, 0, -1 (its callback runs, nothing was changed). */
export function cancelNow(block: usize): i32 {
  return peek32(block + BLOCK_KIND) === KIND_WORK ? cancelWork(block + BLOCK_WORK) : hrtimerTryToCancel(block)
}

function carryOut(block: usize, command: usize): void {
  if (peek32(command + COMMAND_OPERATION) === COMMAND_START)
    startNow(block, peek64(command + COMMAND_NSECS), peek64(command + COMMAND_FLAGS))
  else cancelNow(block)
  mergedPut(block)
  const index = (command - <usize>peek32(SPECIMENS + SPECIMENS_COMMANDS)) >> COMMAND_SHIFT
  bitmapGive(SPECIMENS + SPECIMENS_COMMAND_POOL, <u32>index)
}

// Turns a list round: pushed last comes first in it.
function oldestFirst(first: usize): usize {
  let done: usize = 0
  while (first !== 0) {
    const next = <usize>peek32(first + COMMAND_NEXT)
    poke32(first + COMMAND_NEXT, <u32>done)
    done = first
    first = next
  }
  return done
}

/** The irq_works that were raised on this CPU: each carries out its block's commands, oldest first. Interrupts on. */
export function merged_irq_work(): void {
  let block = <usize>exchange32(here() + CPU_IRQ_WORKS, 0)
  while (block !== 0) {
    const next = <usize>peek32(block + BLOCK_IRQ_WORK_NEXT)
    store32(block + BLOCK_IRQ_WORK, 0)
    poke32(here() + CPU_DRAINING, <u32>block)
    let command = oldestFirst(<usize>exchange32(block + BLOCK_COMMANDS, 0))
    while (command !== 0) {
      const following = <usize>peek32(command + COMMAND_NEXT)
      carryOut(block, command)
      command = following
    }
    poke32(here() + CPU_DRAINING, 0)
    block = next
  }
}

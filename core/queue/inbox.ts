// Inboxes: "please look at this control block", one bit each, a bitmap per CPU over the whole pool [H28].
// Anyone may post, any context; only the owner's outermost code drains. Looking once too often is harmless.
// Invariant: after post() returns, the owner (or, if it was declared dead, the heir) will look.
import { cpu, cpuArea, LIFE_DEAD } from '../cpu'
import { add32, exchange32, load32, note32, peek32, wake } from '../door'
import {
  CONTROL_BLOCK_BYTES,
  CPU_BELL,
  CPU_INBOX,
  CPU_LIFE,
  CPU_POSTS,
  CPU_SLEEPING,
  HEADER,
  HEADER_CONTROL_BLOCKS,
  HEADER_HEIR,
} from '../layout'
import { bitmapLevels, bitmapSet, bitmapTopWords, bitmapWord } from '../memory/bitmap'

/** Index of a control block in the pool. */
export function controlBlockIndex(controlBlock: usize): u32 {
  return <u32>(controlBlock - <usize>peek32(HEADER + HEADER_CONTROL_BLOCKS)) / CONTROL_BLOCK_BYTES
}

/** Address of control block `index`. */
export function controlBlockAt(index: u32): usize {
  return <usize>peek32(HEADER + HEADER_CONTROL_BLOCKS) + <usize>index * CONTROL_BLOCK_BYTES
}

/** Rings CPU `area`: it will look at its inbox, requests and control word before it sleeps [H37]. */
function ring(area: usize): void {
  add32(area + CPU_BELL, 1)
  if (load32(area + CPU_SLEEPING) !== 0) wake(area + CPU_BELL)
}

function postTo(area: usize, index: u32): void {
  bitmapSet(<usize>peek32(area + CPU_INBOX), index)
  ring(area)
}

/**
 * Asks CPU `owner` to look at the control block. A bounded number of steps; no reference, no link, nothing half done.
 */
export function post(controlBlock: usize, owner: u32): void {
  const index = controlBlockIndex(controlBlock)
  const area = cpuArea(owner)
  postTo(area, index)
  // Repair declares the CPU dead first and reads its inbox afterwards: one of the two sees the other [G9].
  if (load32(area + CPU_LIFE) === LIFE_DEAD) postTo(cpuArea(load32(HEADER + HEADER_HEIR)), index)
  note32(cpu() + CPU_POSTS, peek32(cpu() + CPU_POSTS) + 1)
}

/** True if the inbox may hold something. */
export function inboxPending(): bool {
  const inbox = <usize>peek32(cpu() + CPU_INBOX)
  const top = bitmapLevels(inbox) - 1
  const words = bitmapTopWords(inbox)
  for (let word: u32 = 0; word < words; word++) if (load32(bitmapWord(inbox, top, word)) !== 0) return true
  return false
}

/** Takes the set bits of one word away and returns them; the drain in run/drain.ts walks the levels with it. */
export function inboxTake(level: u32, word: u32): u32 {
  return exchange32(bitmapWord(<usize>peek32(cpu() + CPU_INBOX), level, word), 0)
}

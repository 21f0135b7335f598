// The queues of a CPU as a check sees them, when no operation is under way (core/queue): each entry that names the CPU
// is linked in exactly one of its structures, the one that CB_PLACE names, and nothing else is. Reads only.
import * as layout from '../../../core/layout.js'
import type { View } from '../subject.js'
import type { Places } from './async-memory.js'

// CB_PLACE (core/queue/timer-queue.ts).
const PLACE_DUE = 1
const PLACE_WORK = 2
const PLACE_DUE_LIST = 3
const PLACE_WHEEL = 16
const WHEEL_SLOTS = layout.WHEEL_LEVELS * 256

/** A list of blocks, linked both ways; adds what it meets, and where, to `linked`. */
function walkList(
  view: View,
  first: number,
  last: number,
  place: number,
  linked: Map<number, number>,
): string | undefined {
  let previous = 0
  for (let block = first; block !== 0; block = view.load32(block + layout.CB_NEXT)) {
    if (linked.has(block)) return `block 0x${block.toString(16)} is linked twice`
    if (view.load32(block + layout.CB_PREVIOUS) !== previous) return 'a list that does not lead back'
    linked.set(block, place)
    previous = block
  }
  return previous === last ? undefined : 'a list whose last entry is not its end'
}

/** The due heap: each node's children are a list, whose first one leads back to its parent. */
function walkHeap(view: View, root: number, linked: Map<number, number>): string | undefined {
  const open = root === 0 ? [] : [root]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (linked.has(node)) return `block 0x${node.toString(16)} is linked twice`
    linked.set(node, PLACE_DUE)
    let previous = node
    for (let child = view.load32(node + layout.CB_CHILD); child !== 0; child = view.load32(child + layout.CB_NEXT)) {
      if (view.load32(child + layout.CB_PREVIOUS) !== previous) return 'a heap that does not lead back'
      if (view.load64(child + layout.CB_QUEUED) < view.load64(node + layout.CB_QUEUED)) return 'a heap out of order'
      open.push(child)
      previous = child
    }
  }
  return undefined
}

function walkWheel(view: View, area: number, linked: Map<number, number>): string | undefined {
  for (let word = 0; word < WHEEL_SLOTS / 32; word++) {
    let bits = view.load32(area + layout.CPU_WHEEL_BITS + word * 4)
    for (; bits !== 0; bits &= bits - 1) {
      const slot = word * 32 + 31 - Math.clz32(bits & -bits)
      const at = area + layout.CPU_WHEEL_SLOTS + slot * layout.WHEEL_SLOT_BYTES
      const before = linked.size
      const last = view.load32(at + layout.WHEEL_LAST)
      const problem = walkList(view, view.load32(at), last, PLACE_WHEEL + slot, linked)
      if (problem !== undefined) return `slot ${slot} of the wheel: ${problem}`
      if (linked.size === before) return `slot ${slot} of the wheel: marked, and empty`
      if (view.load32(at + layout.WHEEL_COUNT) !== linked.size - before)
        return `slot ${slot} of the wheel: a wrong count`
    }
  }
  return undefined
}

/** What is wrong with the queues of a CPU between its operations, or nothing. */
export function queueProblem(places: Places, view: View, cpu: number): string | undefined {
  const area = places.areas + cpu * layout.CPU_BYTES
  const word = (field: number): number => view.load32(area + field)
  const linked = new Map<number, number>()
  const broken =
    walkHeap(view, word(layout.CPU_DUE_ROOT), linked) ??
    walkList(view, word(layout.CPU_DUE_FIRST), word(layout.CPU_DUE_LAST), PLACE_DUE_LIST, linked) ??
    walkWheel(view, area, linked)
  if (broken !== undefined) return broken
  if (word(layout.CPU_QUEUE_LENGTH) !== linked.size) return `${linked.size} timers are queued, not ${word(layout.CPU_QUEUE_LENGTH)}` // prettier-ignore
  const works = walkList(view, word(layout.CPU_WORK_FIRST), word(layout.CPU_WORK_LAST), PLACE_WORK, linked)
  if (works !== undefined) return works
  for (let index = 0; index < places.blockCount; index++) {
    const block = places.blocks + index * layout.CONTROL_BLOCK_BYTES
    const owned = (view.load32(block + layout.CB_QUEUED) & 255) === cpu + 1
    const place = linked.get(block)
    if (owned !== (place !== undefined))
      return owned
        ? `cb#${index} names CPU ${cpu} and is in none of its queues`
        : `cb#${index} is in a queue that it does not name`
    if (place !== undefined && (view.load32(block + layout.CB_PLACE) & 0xffff) !== place)
      return `cb#${index} is in place ${place}, not where it says`
  }
  return undefined
}

/**
 * What is wrong with the inbox of a CPU when no post is under way: a bit that no summary leads to would never be found.
 */
export function hiddenPost({ areas }: Places, view: View, cpu: number): string | undefined {
  const inbox = view.load32(areas + cpu * layout.CPU_BYTES + layout.CPU_INBOX)
  if (view.load32(inbox + layout.BITMAP_LEVELS) === 1) return undefined
  const leaves = view.load32(inbox + layout.BITMAP_LEVEL)
  const summaries = view.load32(inbox + layout.BITMAP_LEVEL + 4)
  for (let leaf = 0; leaf * 32 < view.load32(inbox + layout.BITMAP_BITS); leaf++) {
    if (view.load32(leaves + leaf * 4) === 0) continue
    if (((view.load32(summaries + (leaf >> 5) * 4) >>> (leaf & 31)) & 1) === 0)
      return `H28: CPU ${cpu} was asked in word ${leaf} of its inbox, and no summary leads there`
  }
  return undefined
}

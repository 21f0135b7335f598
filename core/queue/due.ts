// The due heap: entries whose wheel slot has been reached, or that were late when they came, and that did not come in
// their order (those are in due-list.ts). A pairing heap by
// {deadline, stamp}: insert O(1), pop O(log n) amortised, no memory but the links in the control blocks.
// Owner only, outermost code only. Invariant: the root is the least; ties fire in the order of arming [H36].
import { cpu } from '../cpu'
import { load64, peek32, poke32 } from '../door'
import { CB_CHILD, CB_ENTRY_STAMP, CB_NEXT, CB_PREVIOUS, CB_QUEUED, CPU_DUE_ROOT } from '../layout'

/** True if entry (deadline, stamp) `a` comes before `b`; stamps wrap. */
export function entryBefore(deadlineA: u64, stampA: u32, deadlineB: u64, stampB: u32): bool {
  return deadlineA !== deadlineB ? deadlineA < deadlineB : <i32>(stampA - stampB) < 0
}

/**
 * True if entry `a` comes before entry `b`. Their queued words are of one owner: they compare as their deadlines do.
 */
export function before(a: usize, b: usize): bool {
  return entryBefore(
    load64(a + CB_QUEUED),
    peek32(a + CB_ENTRY_STAMP),
    load64(b + CB_QUEUED),
    peek32(b + CB_ENTRY_STAMP),
  )
}

// Makes one tree of two roots (either may be 0); the later becomes the first child of the earlier.
function meld(a: usize, b: usize): usize {
  if (a === 0) return b
  if (b === 0) return a
  const parent = before(b, a) ? b : a
  const child = parent === a ? b : a
  const first = <usize>peek32(parent + CB_CHILD)
  poke32(child + CB_NEXT, <u32>first)
  poke32(child + CB_PREVIOUS, <u32>parent)
  if (first !== 0) poke32(first + CB_PREVIOUS, <u32>child)
  poke32(parent + CB_CHILD, <u32>child)
  return parent
}

// One tree of a list of siblings: pairs from the left, then all from the right.
function meldSiblings(first: usize): usize {
  let paired: usize = 0
  let node = first
  while (node !== 0) {
    const second = <usize>peek32(node + CB_NEXT)
    const rest = second === 0 ? <usize>0 : <usize>peek32(second + CB_NEXT)
    const tree = meld(node, second)
    poke32(tree + CB_NEXT, <u32>paired)
    paired = tree
    node = rest
  }
  let root: usize = 0
  while (paired !== 0) {
    const next = <usize>peek32(paired + CB_NEXT)
    root = meld(root, paired)
    paired = next
  }
  if (root !== 0) {
    poke32(root + CB_NEXT, 0)
    poke32(root + CB_PREVIOUS, 0)
  }
  return root
}

/** The entry that comes first, or 0. */
export function dueFirst(): usize {
  return <usize>peek32(cpu() + CPU_DUE_ROOT)
}

/** Links an entry whose deadline and stamp are written. */
export function dueInsert(entry: usize): void {
  poke32(entry + CB_CHILD, 0)
  poke32(entry + CB_NEXT, 0)
  poke32(entry + CB_PREVIOUS, 0)
  poke32(cpu() + CPU_DUE_ROOT, <u32>meld(dueFirst(), entry))
}

/** Unlinks an entry, the first one included. */
export function dueRemove(entry: usize): void {
  const children = meldSiblings(<usize>peek32(entry + CB_CHILD))
  const root = dueFirst()
  if (entry === root) {
    poke32(cpu() + CPU_DUE_ROOT, <u32>children)
    return
  }
  const previous = <usize>peek32(entry + CB_PREVIOUS)
  const next = <usize>peek32(entry + CB_NEXT)
  if (<usize>peek32(previous + CB_CHILD) === entry) poke32(previous + CB_CHILD, <u32>next)
  else poke32(previous + CB_NEXT, <u32>next)
  if (next !== 0) poke32(next + CB_PREVIOUS, <u32>previous)
  poke32(cpu() + CPU_DUE_ROOT, <u32>meld(root, children))
}

// The due list: entries that came in their order {deadline, stamp}, as most do, for a wheel slot is filled in the order
// of arming. First in, first out: O(1), where the due heap (due.ts) pays for its order. Links are those of the control
// blocks. Owner only, outermost code only. Invariant: no entry of the list comes before the one that precedes it.
import { cpu } from '../cpu'
import { peek32, poke32 } from '../door'
import { CB_NEXT, CB_PREVIOUS, CPU_DUE_FIRST, CPU_DUE_LAST } from '../layout'
import { before } from './due'

/** The entry that comes first, or 0. */
export function dueListFirst(): usize {
  return <usize>peek32(cpu() + CPU_DUE_FIRST)
}

/** Links an entry at the end; false if it comes before the last one: it belongs into the heap. */
export function dueListAppend(entry: usize): bool {
  const area = cpu()
  const last = <usize>peek32(area + CPU_DUE_LAST)
  if (last !== 0 && before(entry, last)) return false
  poke32(entry + CB_NEXT, 0)
  poke32(entry + CB_PREVIOUS, <u32>last)
  if (last === 0) poke32(area + CPU_DUE_FIRST, <u32>entry)
  else poke32(last + CB_NEXT, <u32>entry)
  poke32(area + CPU_DUE_LAST, <u32>entry)
  return true
}

/** Unlinks an entry that is linked here. */
export function dueListRemove(entry: usize): void {
  const area = cpu()
  const previous = <usize>peek32(entry + CB_PREVIOUS)
  const next = <usize>peek32(entry + CB_NEXT)
  if (previous === 0) poke32(area + CPU_DUE_FIRST, <u32>next)
  else poke32(previous + CB_NEXT, <u32>next)
  if (next === 0) poke32(area + CPU_DUE_LAST, <u32>previous)
  else poke32(next + CB_PREVIOUS, <u32>previous)
}

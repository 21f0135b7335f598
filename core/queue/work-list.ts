// The work list of one CPU: control blocks of kind work that are to run here, first in, first out.
// Owner only, outermost code only; links are the queue links of the control block.
import { cpu } from '../cpu'
import { peek32, poke16, poke32 } from '../door'
import { CB_NEXT, CB_PLACE, CB_PREVIOUS, CPU_WORK_FIRST, CPU_WORK_LAST } from '../layout'
import { PLACE_NONE, PLACE_WORK } from './timer-queue'

/** Links a control block at the end. */
export function workListInsert(entry: usize): void {
  const area = cpu()
  const last = <usize>peek32(area + CPU_WORK_LAST)
  poke32(entry + CB_NEXT, 0)
  poke32(entry + CB_PREVIOUS, <u32>last)
  poke16(entry + CB_PLACE, <u16>PLACE_WORK)
  if (last === 0) poke32(area + CPU_WORK_FIRST, <u32>entry)
  else poke32(last + CB_NEXT, <u32>entry)
  poke32(area + CPU_WORK_LAST, <u32>entry)
}

/** Unlinks a control block that is linked here. */
export function workListRemove(entry: usize): void {
  const area = cpu()
  const previous = <usize>peek32(entry + CB_PREVIOUS)
  const next = <usize>peek32(entry + CB_NEXT)
  if (previous === 0) poke32(area + CPU_WORK_FIRST, <u32>next)
  else poke32(previous + CB_NEXT, <u32>next)
  if (next === 0) poke32(area + CPU_WORK_LAST, <u32>previous)
  else poke32(next + CB_PREVIOUS, <u32>previous)
  poke16(entry + CB_PLACE, <u16>PLACE_NONE)
}

/** The first control block, or 0. */
export function workListFirst(): usize {
  return <usize>peek32(cpu() + CPU_WORK_FIRST)
}

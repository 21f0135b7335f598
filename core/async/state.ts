// The state word: armed, running and freed are one decision, so they are one word. Pure functions over u64, no memory.
// {deadline + 1 : 53 | target : 6 | run : 2 | generation : 3}. The deadline counts units of 8 ns from the machine's
// epoch (more than two years of them); 0 = idle, all ones = armed but never due. Target FREED is terminal.
// `run` is 0 while no callback runs, else a number that cycles 1, 2, 3, so that a waiter can tell a run from the next.

/** Nanoseconds of a deadline unit, as a shift. */
export const UNIT_SHIFT: u64 = 3
/** A timer armed for this deadline never fires: S64_MAX, bit 63, or beyond what the word can hold. */
export const NEVER: u64 = ((<u64>1) << 53) - 2

const GENERATION: u64 = 7
const RUN_SHIFT: u64 = 3
const RUN: u64 = 3 << RUN_SHIFT
const TARGET_SHIFT: u64 = 5
const TARGET: u64 = 63 << TARGET_SHIFT
const DEADLINE_SHIFT: u64 = 11

/** `or` this into a state word: freed for ever. */
export const FREED: u64 = TARGET
/** `and` this: the deadline goes, target, run and generation stay. */
export const WITHOUT_DEADLINE: u64 = ((<u64>1) << DEADLINE_SHIFT) - 1
/** `and` this: no callback runs any more. */
export const WITHOUT_RUN: u64 = ~RUN
/** Target of a timer that may fire on any CPU. */
export const ANY_CPU: u32 = 62

/** True once the control block was freed, for ever. */
export function isFreed(state: u64): bool {
  return (state & TARGET) === TARGET
}

/** True if an expiry is set (a freed control block may still carry one: ask isFreed first). */
export function isArmed(state: u64): bool {
  return state >> DEADLINE_SHIFT !== 0
}

/** Deadline in units; only if armed. */
export function deadlineOf(state: u64): u64 {
  return (state >> DEADLINE_SHIFT) - 1
}

/** CPU that is to fire the timer, or ANY_CPU. */
export function targetOf(state: u64): u32 {
  return <u32>((state & TARGET) >> TARGET_SHIFT)
}

/** Number of the callback run that is going on, 0 none. */
export function runOf(state: u64): u32 {
  return <u32>((state & RUN) >> RUN_SHIFT)
}

/** Generation, 0 to 7; a cancel that drops a binding moves it on. */
export function generationOf(state: u64): u32 {
  return <u32>(state & GENERATION)
}

/** `state` armed for `deadline` on `target`; run and generation stay. */
export function armed(state: u64, deadline: u64, target: u32): u64 {
  return (state & (RUN | GENERATION)) | ((<u64>target) << TARGET_SHIFT) | ((deadline + 1) << DEADLINE_SHIFT)
}

/** `state` idle, of `generation`; run stays. */
export function idle(state: u64, generation: u32): u64 {
  return (state & RUN) | ((<u64>ANY_CPU) << TARGET_SHIFT) | ((<u64>generation) & GENERATION)
}

/** `state` idle with callback run `run` going on. */
export function running(state: u64, run: u32): u64 {
  return (state & GENERATION) | ((<u64>ANY_CPU) << TARGET_SHIFT) | ((<u64>run) << RUN_SHIFT)
}

/**
 * True if a start armed the control block between `state` and `later`. One for the same deadline on any CPU is not told
 * from the repair of a dead CPU, which unpins: the caller tries again.
 */
export function startedBetween(state: u64, later: u64): bool {
  if (!isArmed(later)) return false
  if (later >> DEADLINE_SHIFT !== state >> DEADLINE_SHIFT) return true
  return targetOf(later) !== ANY_CPU && targetOf(later) !== targetOf(state)
}

/** True if `later` is armed as `state` is, but that a run has ended or that a repair has unpinned it. */
export function armedAlike(state: u64, later: u64): bool {
  return ((state ^ later) & ~(RUN | TARGET)) === 0 && !isFreed(later)
}

/** Number of the run that follows `runs` runs. */
export function runNumber(runs: u32): u32 {
  return (runs % 3) + 1
}

/** State of a control block that is live, unbound and idle. */
export function fresh(): u64 {
  return (<u64>ANY_CPU) << TARGET_SHIFT
}

// Repair after the death of a CPU: its worker has ended and the host has declared it dead. Run on any live CPU [G9].
// Everything is found by scanning the control blocks that name the dead CPU, never by walking its half-written lists.
// By one CPU at a time, which claims HEADER_REPAIRER; it may be called again: each step leaves what it repaired in a
// state that the next call skips.
import { EAGAIN, EINVAL } from '../abi'
import { controlBlockPut } from '../async/control-block'
import { dropEdge } from '../async/deadlock'
import { dropLeft } from '../async/kept'
import { ANY_CPU, armed, deadlineOf, isArmed, isFreed, runNumber, runOf, targetOf, WITHOUT_RUN } from '../async/state'
import { mapOf, slotOfBlock } from '../async/owner'
import { PROGRAM_WAITING } from '../async/program'
import { MAP_WAITING } from '../async/user-reference'
import { teardown } from '../async/teardown'
import { cpuArea, cpuCount, cpuIndex, LIFE_DEAD, LIFE_LIVE, LIFE_UNUSED } from '../cpu'
import {
  and64,
  compareExchange32,
  compareExchange64,
  glance32,
  glance8,
  load32,
  load64,
  note32,
  note8,
  peek32,
  store32,
  store64,
} from '../door'
import { releaseLock } from '../spin-lock'
import {
  CB_DEFERRED_BY,
  CB_HOLDER,
  CB_QUEUED,
  CB_RUNS,
  CB_STATE,
  CONTROL_BLOCK_BYTES,
  CPU_CURRENT,
  CPU_DEFERRED_COUNT,
  CPU_DEFERRED_NEW,
  CPU_DEFERRED_WAITING,
  CPU_FIRING,
  CPU_LIFE,
  CPU_QUEUE_LENGTH,
  CPU_SECTION,
  HEADER,
  HEADER_CONTROL_BLOCKS,
  HEADER_CONTROL_BLOCK_COUNT,
  HEADER_HEIR,
  HEADER_PROGRAMS,
  HEADER_REPAIRER,
  HEADER_WORKERS,
  MAP_BYTES,
  MAP_DEFERRED_BY,
  MAP_STATE,
  HEADER_MAPS,
  MAP_USER_REFERENCES,
  PROGRAM_BYTES,
  PROGRAM_DEFERRED_BY,
  PROGRAM_STATE,
  SLOT_EMPTY,
} from '../layout'
import { MAX_MAPS, MAX_PROGRAMS } from '../abi'
import { repairMaps } from '../map/repair'
import { defer, DEFERRED_CONTROL_BLOCK, DEFERRED_MAP, DEFERRED_PROGRAM } from '../memory/deferred'
import { sectionEnter, sectionExit } from '../memory/section'
import { queuedOwner } from '../queue/entry'
import { post } from '../queue/inbox'
import { FIRING_NONE, FIRING_TAKEN } from './fire'

// Another dead CPU does not count: it ends no run, and each of the two repairs would wait for the other.
function runByOther(block: usize, dead: u32): bool {
  const count = cpuCount()
  for (let index: u32 = 0; index < count; index++) {
    const area = cpuArea(index)
    if (index === dead || load32(area + CPU_LIFE) === LIFE_DEAD) continue
    if (<usize>load32(area + CPU_CURRENT) === block) return true
  }
  return false
}

// One repair at a time: of two that find the same entry each would drop its reference. Who died in a repair repairs no
// more; which of several goes on for it the exchange decides.
function claim(dead: u32): bool {
  const mine = cpuIndex() + 1
  const held = compareExchange32(HEADER + HEADER_REPAIRER, 0, mine)
  if (held === 0) return true
  const holder = held - 1
  if (holder !== dead && load32(cpuArea(holder) + CPU_LIFE) !== LIFE_DEAD) return false
  return compareExchange32(HEADER + HEADER_REPAIRER, held, mine) === held
}

// The CPU that takes over: the first live one of those that take turns by themselves; else this one, whose host gives
// it some then. A thread that joined may never poll.
function chooseHeir(dead: u32): u32 {
  const workers = peek32(HEADER + HEADER_WORKERS)
  for (let index: u32 = 0; index < workers; index++)
    if (index !== dead && load32(cpuArea(index) + CPU_LIFE) === LIFE_LIVE) return index
  return cpuIndex()
}

// Ends the run whose mark the dead CPU has left, if it has. False: the mark is another CPU's, or it cannot be told.
function endRun(block: usize, dead: u32): bool {
  // In this order: a plain load might come after the one of the state on machines that reorder loads.
  const runs = load32(block + CB_RUNS)
  const run = runOf(load64(block + CB_STATE))
  if (run === 0) return true
  if (runByOther(block, dead)) return false
  // Once more: that run may have ended before its CPU was looked at, and another one have begun since. Of the same
  // number while no run was counted it is the same run, of no live CPU: nobody but this repair takes the mark away.
  if (runOf(load64(block + CB_STATE)) !== run || glance32(block + CB_RUNS) !== runs) return false
  // Counted, if the dead CPU has not done so: the next run has another number, for those who wait for this one.
  if (runNumber(runs) === run) note32(block + CB_RUNS, runs + 1)
  and64(block + CB_STATE, WITHOUT_RUN)
  return true
}

// The firing that the dead CPU had in hand: its run mark and the entry's reference. False: a live CPU is at the same
// block right now, so it cannot be told whose the run mark is; the caller tries again later.
function endFiring(area: usize, dead: u32): bool {
  const block = <usize>load32(area + CPU_CURRENT)
  const phase = glance32(area + CPU_FIRING)
  if (block === 0) return true
  if (phase === FIRING_NONE) {
    // Died beside a firing, not in it: no other repair may take it for a runner.
    store32(area + CPU_CURRENT, 0)
    return true
  }
  // Before the queued word is cleared no run begins. Then all is done in this call: in the next one the entry would
  // have been taken over with the others, and it could not be told who has its reference.
  if (phase !== FIRING_TAKEN && !endRun(block, dead)) return false
  note32(area + CPU_FIRING, FIRING_NONE)
  store32(area + CPU_CURRENT, 0)
  // Died before it cleared the queued word: the entry still has its reference, and is taken over with the others.
  const queued = load64(block + CB_QUEUED)
  if (phase !== FIRING_TAKEN || queued === 0 || queuedOwner(queued) !== dead) controlBlockPut(block)
  return true
}

/** Tries at the state word; without other starts only the end of a run comes in between. */
const ROUNDS = 4

// A timer pinned to the dead CPU may fire anywhere; the state as it is then.
function unpin(block: usize, dead: u32): u64 {
  let state = load64(block + CB_STATE)
  for (let round = 0; round < ROUNDS && !isFreed(state) && isArmed(state) && targetOf(state) === dead; round++) {
    const before = compareExchange64(block + CB_STATE, state, armed(state, deadlineOf(state), ANY_CPU))
    if (before === state) return state
    state = before
  }
  return state
}

// The entry is cleared before the state is read, as a start writes the state before it reads the entry: one sees [H11].
// A freed one may be in the queue of a CPU that its freer has not asked, or not to the end: asked now, that CPU is rid
// of the entry before the memory of its map goes, to which a turn of its wheel would lead (queue/timer-queue.ts).
function repairBlock(block: usize, dead: u32, heir: u32): void {
  const queued = load64(block + CB_QUEUED)
  // Only its owner writes it, and that is dead.
  if (queued !== 0 && queuedOwner(queued) === dead) {
    store64(block + CB_QUEUED, 0)
    controlBlockPut(block)
  }
  dropLeft(block)
  const state = unpin(block, dead)
  if (isFreed(state)) {
    const left = load64(block + CB_QUEUED)
    if (left !== 0) post(block, queuedOwner(left))
  } else if (isArmed(state)) post(block, heir)
  if (<u32>glance8(block + CB_DEFERRED_BY) === dead + 1) defer(block, DEFERRED_CONTROL_BLOCK)
  if (<u32>glance8(block + CB_HOLDER) === dead + 1) {
    // Taken from the pool and never published, or published and the map's last user reference may have gone before it
    // could be seen: what init had yet to look for [H1]. Somebody who frees it is met by the one who sets FREED.
    if (
      !isFreed(state) &&
      (load32(slotOfBlock(block)) !== <u32>block || load32(mapOf(block) + MAP_USER_REFERENCES) === 0)
    )
      teardown(block, SLOT_EMPTY)
    // Last: if this CPU dies here, too, the next repair does the same. The block does not come back before the section
    // ends.
    note8(block + CB_HOLDER, 0)
  }
}

/**
 * Repairs what CPU `dead` left behind. 0; -EAGAIN to be called again, also while another CPU repairs; -EINVAL for
 * oneself or a CPU never used.
 */
export function cpu_offline(dead: u32): i32 {
  if (dead >= cpuCount() || dead === cpuIndex()) return -EINVAL
  const area = cpuArea(dead)
  if (load32(area + CPU_LIFE) === LIFE_UNUSED) return -EINVAL
  if (!claim(dead)) return -EAGAIN
  const heir = chooseHeir(dead)
  store32(HEADER + HEADER_HEIR, heir)
  store32(area + CPU_LIFE, LIFE_DEAD)
  const outermost = sectionEnter()
  dropEdge(area)
  releaseLock(area, dead)
  const done = endFiring(area, dead)
  repairMaps(dead)
  const count = peek32(HEADER + HEADER_CONTROL_BLOCK_COUNT)
  const blocks = <usize>peek32(HEADER + HEADER_CONTROL_BLOCKS)
  for (let index: u32 = 0; index < count; index++) repairBlock(blocks + <usize>index * CONTROL_BLOCK_BYTES, dead, heir)
  for (let index: u32 = 0; index < <u32>MAX_PROGRAMS; index++) {
    const program = <usize>peek32(HEADER + HEADER_PROGRAMS) + <usize>index * PROGRAM_BYTES
    if (load32(program + PROGRAM_STATE) === PROGRAM_WAITING && glance32(program + PROGRAM_DEFERRED_BY) === dead + 1)
      defer(program, DEFERRED_PROGRAM)
  }
  for (let index: u32 = 0; index < <u32>MAX_MAPS; index++) {
    const map = <usize>peek32(HEADER + HEADER_MAPS) + <usize>index * MAP_BYTES
    if (load32(map + MAP_STATE) === MAP_WAITING && glance32(map + MAP_DEFERRED_BY) === dead + 1)
      defer(map, DEFERRED_MAP)
  }
  store32(area + CPU_DEFERRED_NEW, 0)
  note32(area + CPU_DEFERRED_WAITING, 0)
  note32(area + CPU_DEFERRED_COUNT, 0)
  note32(area + CPU_QUEUE_LENGTH, 0)
  // Last: what the dead CPU was about to do with what it saw is done.
  store64(area + CPU_SECTION, 0)
  store32(HEADER + HEADER_REPAIRER, 0)
  sectionExit(outermost)
  return done ? 0 : -EAGAIN
}

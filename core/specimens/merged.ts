// The merged design of Linux 7.x: a counted block, program and callback written in a loop until both read back, and a
// list of commands for an irq_work where the timer layer must not be entered. Steps and errors as published.
import { EBUSY, EDEADLK, EINVAL, ENOENT, ENOMEM, EOPNOTSUPP, EPERM } from '../abi'
import { nested } from '../cpu'
import { compareExchange32, exchange32, load32, peek32, retryTurn, store32 } from '../door'
import { referenceTryGet } from '../memory/references'
import { sectionEnter, sectionExit } from '../memory/section'
import { initFlagsValid, mapHasUsers, startFlagsValid, userPut } from './base/arguments'
import { allocateBlock, freeBlock } from './base/block'
import { cancelBegins, cancelEnds, REFUSED } from './base/callback'
import { hrtimerCancel_sync } from './base/hrtimer'
import { interruptsAreOff } from './base/lock'
import { programTryGet, specimen_program_put } from './base/program'
import {
  BLOCK_CALLBACK,
  BLOCK_PROGRAM,
  BLOCK_REFERENCES,
  COMMAND_CANCEL,
  COMMAND_START,
  SLOT_BLOCK,
  SLOT_SHIFT,
  SPECIMENS,
  SPECIMENS_SLOT_COUNT,
  SPECIMENS_SLOTS,
} from './layout'
import { cancelNow, enqueue, startNow } from './merged-commands'
import { mergedPut } from './merged-put'

/** errno that this design alone answers: it will be cancelled later. */
const ECANCELED: i32 = 125

function deferred(): bool {
  return nested() || interruptsAreOff()
}

// Program and callback are two words: they are written again and again until both are ours at two looks.
function update(block: usize, program: usize, text: usize): i32 {
  if (program !== 0 && !programTryGet(program)) return -ENOENT
  let turn: u32 = 1
  while (true) {
    retryTurn(turn)
    turn = 2
    if (program !== 0) programTryGet(program)
    const old = <usize>exchange32(block + BLOCK_PROGRAM, <u32>program)
    store32(block + BLOCK_CALLBACK, <u32>text)
    specimen_program_put(old)
    if (load32(block + BLOCK_PROGRAM) === <u32>program && load32(block + BLOCK_CALLBACK) === <u32>text) break
  }
  specimen_program_put(program)
  return 0
}

/** 0, -EINVAL (flags), -EBUSY, -ENOMEM, -EPERM (no user reference). Any context. `kind` as in core/abi.ts. */
export function merged_init(slot: usize, kind: u32, flags: u64): i32 {
  if (!initFlagsValid(kind, flags)) return -EINVAL
  if (load32(slot + SLOT_BLOCK) !== 0) return -EBUSY
  const block = allocateBlock(slot, kind, 1)
  if (block === 0) return -ENOMEM
  if (compareExchange32(slot + SLOT_BLOCK, 0, <u32>block) !== 0) {
    freeBlock(block)
    return -EBUSY
  }
  if (mapHasUsers()) return 0
  merged_free(slot)
  return -EPERM
}

/**
 * Binds the function at `text` of `program`. 0, -EINVAL (empty), -ENOENT. Any context; repeats against other setters.
 */
export function merged_set_callback(slot: usize, program: usize, text: usize): i32 {
  const section = sectionEnter()
  const block = <usize>load32(slot + SLOT_BLOCK)
  const result = block === 0 ? -EINVAL : update(block, program, text)
  sectionExit(section)
  return result
}

function start(slot: usize, nsecs: u64, flags: u64): i32 {
  const block = <usize>load32(slot + SLOT_BLOCK)
  if (block === 0 || load32(block + BLOCK_PROGRAM) === 0) return -EINVAL
  if (!referenceTryGet(block + BLOCK_REFERENCES)) return -ENOENT
  if (deferred()) return enqueue(block, COMMAND_START, nsecs, flags)
  startNow(block, nsecs, flags)
  mergedPut(block)
  return 0
}

/** Arms the timer, at once or by irq_work. 0, -EINVAL (flags, empty slot, no callback), -ENOENT, -ENOMEM, -EDEADLK. */
export function merged_start(slot: usize, nsecs: u64, flags: u64): i32 {
  if (!startFlagsValid(flags)) return -EINVAL
  const section = sectionEnter()
  const result = start(slot, nsecs, flags)
  sectionExit(section)
  return result
}

/** Queues the work, at once or by irq_work. As merged_start. */
export function merged_wq_start(slot: usize, flags: u64): i32 {
  if (flags !== 0) return -EINVAL
  const section = sectionEnter()
  const result = start(slot, 0, 0)
  sectionExit(section)
  return result
}

/**
 * Disarms, drops the binding, waits for a running callback. 1, 0, -EINVAL, -EDEADLK, -EOPNOTSUPP (NMI, interrupts off).
 */
export function merged_cancel(slot: usize): i32 {
  if (deferred()) return -EOPNOTSUPP
  const section = sectionEnter()
  const block = <usize>load32(slot + SLOT_BLOCK)
  let result = -EINVAL
  if (block !== 0) {
    const verdict = cancelBegins(block)
    result = -EDEADLK
    if (verdict !== REFUSED) {
      update(block, 0, 0)
      result = hrtimerCancel_sync(block)
      cancelEnds(block, verdict)
    }
  }
  sectionExit(section)
  return result
}

/**
 * Disarms without waiting, keeps the binding. 1, 0, -1 (its callback runs, nothing changed), -ECANCELED (later),
 * errors.
 */
export function merged_cancel_async(slot: usize): i32 {
  const section = sectionEnter()
  const block = <usize>load32(slot + SLOT_BLOCK)
  let result = -EINVAL
  if (block !== 0) {
    result = -ENOENT
    if (referenceTryGet(block + BLOCK_REFERENCES)) {
      if (deferred()) {
        const failed = enqueue(block, COMMAND_CANCEL, 0, 0)
        result = failed !== 0 ? failed : -ECANCELED
      } else {
        result = cancelNow(block)
        mergedPut(block)
      }
    }
  }
  sectionExit(section)
  return result
}

/** Cancel-and-free: the element goes. Every context; repeats against setters. */
export function merged_free(slot: usize): void {
  if (load32(slot + SLOT_BLOCK) === 0) return
  const block = <usize>exchange32(slot + SLOT_BLOCK, 0)
  if (block === 0) return
  update(block, 0, 0)
  if (deferred()) {
    enqueue(block, COMMAND_CANCEL, 0, 0)
    return
  }
  cancelNow(block)
  mergedPut(block)
}

/** Drops a user reference of the map; the last one frees what is in every slot. */
export function merged_user_put(): void {
  if (!userPut()) return
  const slots = <usize>peek32(SPECIMENS + SPECIMENS_SLOTS)
  const count = peek32(SPECIMENS + SPECIMENS_SLOT_COUNT)
  for (let index: u32 = 0; index < count; index++) merged_free(slots + ((<usize>index) << SLOT_SHIFT))
}

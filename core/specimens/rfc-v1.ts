// The patch that this project comes from (RFC v1, five patches): no lock; READY ⇄ BUSY, then FREED, guards program and
// callback; the block is counted. Refuses to work in NMI but for the teardown. Steps and errors as published.
import { EBUSY, EDEADLK, EINVAL, ENOENT, ENOMEM, EOPNOTSUPP, EPERM } from '../abi'
import { nested } from '../cpu'
import { compareExchange32, exchange32, load32, peek32, store32 } from '../door'
import { referencePut, referenceTryGet } from '../memory/references'
import { sectionEnter, sectionExit } from '../memory/section'
import { initFlagsValid, isAbsolute, mapHasUsers, startFlagsValid, userPut } from './base/arguments'
import { allocateBlock, freeBlock } from './base/block'
import { cancelBegins, cancelEnds, REFUSED } from './base/callback'
import { delete_sync } from './base/deletion'
import { hrtimerCancel_sync, hrtimerStart } from './base/hrtimer'
import { programTryGet, specimen_program_put } from './base/program'
import { queueWork } from './base/workqueue'
import {
  BLOCK_CALLBACK,
  BLOCK_PROGRAM,
  BLOCK_REFERENCES,
  BLOCK_STATE,
  BLOCK_WORK,
  SLOT_BLOCK,
  SLOT_SHIFT,
  SPECIMENS,
  SPECIMENS_SLOT_COUNT,
  SPECIMENS_SLOTS,
} from './layout'

/** BLOCK_STATE. */
const READY: u32 = 0
const BUSY: u32 = 1
const FREED: u32 = 2

function put_sync(block: usize): void {
  if (referencePut(block + BLOCK_REFERENCES)) delete_sync(block)
}

// Exchanges the program; the old one is put while its callback can still be read.
function swapProgram(block: usize, program: usize): i32 {
  if (load32(block + BLOCK_PROGRAM) === <u32>program) return 0
  if (program !== 0 && !programTryGet(program)) return -ENOENT
  specimen_program_put(<usize>exchange32(block + BLOCK_PROGRAM, <u32>program))
  return 0
}

function drop(block: usize): i32 {
  swapProgram(block, 0)
  store32(block + BLOCK_CALLBACK, 0)
  return -EPERM
}

function update(block: usize, program: usize, text: usize): i32 {
  const state = compareExchange32(block + BLOCK_STATE, READY, BUSY)
  if (state === BUSY) return -EBUSY
  if (state === FREED) return drop(block)
  const result = swapProgram(block, program)
  if (result === 0) store32(block + BLOCK_CALLBACK, <u32>text)
  if (compareExchange32(block + BLOCK_STATE, BUSY, READY) === FREED) return drop(block)
  return result
}

/** 0, -EINVAL (flags), -EBUSY, -ENOMEM, -EPERM (no user reference), -EOPNOTSUPP (NMI). `kind` as in core/abi.ts. */
export function rfc_v1_init(slot: usize, kind: u32, flags: u64): i32 {
  if (nested()) return -EOPNOTSUPP
  if (!initFlagsValid(kind, flags)) return -EINVAL
  if (load32(slot + SLOT_BLOCK) !== 0) return -EBUSY
  const block = allocateBlock(slot, kind, 0)
  if (block === 0) return -ENOMEM
  if (compareExchange32(slot + SLOT_BLOCK, 0, <u32>block) !== 0) {
    freeBlock(block)
    return -EBUSY
  }
  if (mapHasUsers()) return 0
  rfc_v1_free(slot)
  return -EPERM
}

/**
 * Binds the function at `text` of `program`. 0, -EINVAL, -EBUSY (another setter), -EPERM (freed), -ENOENT, -EOPNOTSUPP.
 */
export function rfc_v1_set_callback(slot: usize, program: usize, text: usize): i32 {
  if (nested()) return -EOPNOTSUPP
  const section = sectionEnter()
  const block = <usize>load32(slot + SLOT_BLOCK)
  const result = block === 0 ? -EINVAL : update(block, program, text)
  sectionExit(section)
  return result
}

/** Arms the timer, bound or not. 0, -EINVAL (flags, empty slot, dying block), -EOPNOTSUPP. */
export function rfc_v1_start(slot: usize, nsecs: u64, flags: u64): i32 {
  if (nested()) return -EOPNOTSUPP
  if (!startFlagsValid(flags)) return -EINVAL
  const section = sectionEnter()
  const block = <usize>load32(slot + SLOT_BLOCK)
  let result = -EINVAL
  if (block !== 0 && referenceTryGet(block + BLOCK_REFERENCES)) {
    hrtimerStart(block, nsecs, isAbsolute(flags))
    put_sync(block)
    result = 0
  }
  sectionExit(section)
  return result
}

/** Disarms, drops the binding (unless a setter is at work), waits. 1, 0, -EINVAL, -EDEADLK, -EOPNOTSUPP. */
export function rfc_v1_cancel(slot: usize): i32 {
  if (nested()) return -EOPNOTSUPP
  const section = sectionEnter()
  const block = <usize>load32(slot + SLOT_BLOCK)
  let result = -EINVAL
  if (block !== 0) {
    const verdict = cancelBegins(block)
    result = -EDEADLK
    if (verdict !== REFUSED) {
      // Its answer is ignored: -EBUSY leaves the binding to whoever is at work on it.
      update(block, 0, 0)
      result = hrtimerCancel_sync(block)
      cancelEnds(block, verdict)
    }
  }
  sectionExit(section)
  return result
}

/** Cancel-and-free: the element goes. Every context. */
export function rfc_v1_free(slot: usize): void {
  const block = <usize>exchange32(slot + SLOT_BLOCK, 0)
  if (block === 0) return
  exchange32(block + BLOCK_STATE, FREED)
  update(block, 0, 0)
  put_sync(block)
}

/** Queues the work. 0, -EINVAL (flags, empty slot, no callback, dying block), -EOPNOTSUPP. */
export function rfc_v1_wq_start(slot: usize, flags: u64): i32 {
  if (nested()) return -EOPNOTSUPP
  if (flags !== 0) return -EINVAL
  const section = sectionEnter()
  const block = <usize>load32(slot + SLOT_BLOCK)
  let result = -EINVAL
  if (block !== 0 && load32(block + BLOCK_PROGRAM) !== 0 && referenceTryGet(block + BLOCK_REFERENCES)) {
    queueWork(block + BLOCK_WORK)
    put_sync(block)
    result = 0
  }
  sectionExit(section)
  return result
}

/** Drops a user reference of the map; the last one frees what is in every slot. */
export function rfc_v1_user_put(): void {
  if (!userPut()) return
  const slots = <usize>peek32(SPECIMENS + SPECIMENS_SLOTS)
  const count = peek32(SPECIMENS + SPECIMENS_SLOT_COUNT)
  for (let index: u32 = 0; index < count; index++) rfc_v1_free(slots + ((<usize>index) << SLOT_SHIFT))
}

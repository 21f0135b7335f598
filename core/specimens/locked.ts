// The spin-locked design of Linux 6.18. A slot is a block and a lock that protects everything about it; the lock
// switches interrupts off, and every operation but the teardown refuses to work in NMI. Steps as published, errors
// included.
import { EBUSY, EDEADLK, EINVAL, ENOENT, ENOMEM, EOPNOTSUPP, EPERM } from '../abi'
import { nested } from '../cpu'
import { exchange32, load32, peek32, store32 } from '../door'
import { sectionEnter, sectionExit } from '../memory/section'
import { initFlagsValid, isAbsolute, mapHasUsers, startFlagsValid, userPut } from './base/arguments'
import { allocateBlock, freeBlock } from './base/block'
import { cancelBegins, cancelEnds, REFUSED } from './base/callback'
import { delete_sync } from './base/deletion'
import { hrtimerCancel_sync, hrtimerStart } from './base/hrtimer'
import { interruptsOff, lock, restoreInterrupts, unlock } from './base/lock'
import { programTryGet, specimen_program_put } from './base/program'
import { queueWork } from './base/workqueue'
import {
  BLOCK_CALLBACK,
  BLOCK_PROGRAM,
  BLOCK_WORK,
  SLOT_BLOCK,
  SLOT_LOCK,
  SLOT_SHIFT,
  SPECIMENS,
  SPECIMENS_SLOT_COUNT,
  SPECIMENS_SLOTS,
} from './layout'

// The part of init under the lock.
function initialize(slot: usize, kind: u32): i32 {
  if (load32(slot + SLOT_BLOCK) !== 0) return -EBUSY
  const block = allocateBlock(slot, kind, 0)
  if (block === 0) return -ENOMEM
  // Publishes and is a full barrier.
  exchange32(slot + SLOT_BLOCK, <u32>block)
  if (mapHasUsers()) return 0
  store32(slot + SLOT_BLOCK, 0)
  freeBlock(block)
  return -EPERM
}

/** 0, -EINVAL (flags), -EBUSY, -ENOMEM, -EPERM (no user reference), -EOPNOTSUPP (NMI). `kind` as in core/abi.ts. */
export function locked_init(slot: usize, kind: u32, flags: u64): i32 {
  if (nested()) return -EOPNOTSUPP
  if (!initFlagsValid(kind, flags)) return -EINVAL
  const interrupts = interruptsOff()
  lock(slot + SLOT_LOCK)
  const result = initialize(slot, kind)
  unlock(slot + SLOT_LOCK)
  restoreInterrupts(interrupts)
  return result
}

// The part of set_callback under the lock. The old program is put before the callback that belongs to it is replaced.
function bind(slot: usize, program: usize, text: usize): i32 {
  const block = <usize>load32(slot + SLOT_BLOCK)
  if (block === 0) return -EINVAL
  if (!mapHasUsers()) return -EPERM
  const old = <usize>load32(block + BLOCK_PROGRAM)
  if (old !== program) {
    if (!programTryGet(program)) return -ENOENT
    specimen_program_put(old)
    store32(block + BLOCK_PROGRAM, <u32>program)
  }
  store32(block + BLOCK_CALLBACK, <u32>text)
  return 0
}

/** Binds the function at `text` of `program`. 0, -EINVAL (empty), -EPERM (no user reference), -ENOENT, -EOPNOTSUPP. */
export function locked_set_callback(slot: usize, program: usize, text: usize): i32 {
  if (nested()) return -EOPNOTSUPP
  const interrupts = interruptsOff()
  lock(slot + SLOT_LOCK)
  const result = bind(slot, program, text)
  unlock(slot + SLOT_LOCK)
  restoreInterrupts(interrupts)
  return result
}

/** Arms the timer. 0, -EINVAL (flags, empty slot, no callback), -EOPNOTSUPP. */
export function locked_start(slot: usize, nsecs: u64, flags: u64): i32 {
  if (nested()) return -EOPNOTSUPP
  if (!startFlagsValid(flags)) return -EINVAL
  const interrupts = interruptsOff()
  lock(slot + SLOT_LOCK)
  const block = <usize>load32(slot + SLOT_BLOCK)
  const bound = block !== 0 && load32(block + BLOCK_PROGRAM) !== 0
  if (bound) hrtimerStart(block, nsecs, isAbsolute(flags))
  unlock(slot + SLOT_LOCK)
  restoreInterrupts(interrupts)
  return bound ? 0 : -EINVAL
}

function dropBinding(block: usize): void {
  const program = <usize>load32(block + BLOCK_PROGRAM)
  if (program === 0) return
  specimen_program_put(program)
  store32(block + BLOCK_PROGRAM, 0)
  store32(block + BLOCK_CALLBACK, 0)
}

/** Disarms, drops the binding, waits for a running callback. 1 was armed, 0 was not, -EINVAL, -EDEADLK, -EOPNOTSUPP. */
export function locked_cancel(slot: usize): i32 {
  if (nested()) return -EOPNOTSUPP
  const section = sectionEnter()
  const interrupts = interruptsOff()
  lock(slot + SLOT_LOCK)
  const block = <usize>load32(slot + SLOT_BLOCK)
  let result = block === 0 ? -EINVAL : 0
  let verdict = REFUSED
  if (result === 0) {
    verdict = cancelBegins(block)
    if (verdict === REFUSED) result = -EDEADLK
    else dropBinding(block)
  }
  unlock(slot + SLOT_LOCK)
  restoreInterrupts(interrupts)
  if (result === 0) {
    result = hrtimerCancel_sync(block)
    cancelEnds(block, verdict)
  }
  sectionExit(section)
  return result
}

/** Cancel-and-free: the element goes. Reached by map deletion from every context, NMI too. */
export function locked_free(slot: usize): void {
  if (load32(slot + SLOT_BLOCK) === 0) return
  const interrupts = interruptsOff()
  lock(slot + SLOT_LOCK)
  const block = <usize>load32(slot + SLOT_BLOCK)
  if (block !== 0) {
    dropBinding(block)
    store32(slot + SLOT_BLOCK, 0)
  }
  unlock(slot + SLOT_LOCK)
  restoreInterrupts(interrupts)
  if (block !== 0) delete_sync(block)
}

/** Queues the work; no lock. 0, -EINVAL (flags, empty slot, no callback), -EOPNOTSUPP. */
export function locked_wq_start(slot: usize, flags: u64): i32 {
  if (nested()) return -EOPNOTSUPP
  if (flags !== 0) return -EINVAL
  const block = <usize>load32(slot + SLOT_BLOCK)
  if (block === 0 || load32(block + BLOCK_PROGRAM) === 0) return -EINVAL
  queueWork(block + BLOCK_WORK)
  return 0
}

/** Drops a user reference of the map; the last one frees what is in every slot. */
export function locked_user_put(): void {
  if (!userPut()) return
  const slots = <usize>peek32(SPECIMENS + SPECIMENS_SLOTS)
  const count = peek32(SPECIMENS + SPECIMENS_SLOT_COUNT)
  for (let index: u32 = 0; index < count; index++) locked_free(slots + ((<usize>index) << SLOT_SHIFT))
}

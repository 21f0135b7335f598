// Programs: their sticky reference count and the range of callbacks they own. One reference for the host's handle, one
// for each binding. Unloading waits for a grace period that starts after the count is dead [H7, H20, H35].
import { ENOMEM } from '../abi'
import { load32, note32, peek32, peek64, poke32, poke64, store32 } from '../door'
import { defer, DEFERRED_PROGRAM } from '../memory/deferred'
import { referencePut, referenceTryGet } from '../memory/references'
import { MAX_PROGRAMS } from '../abi'
import {
  HEADER,
  HEADER_PROGRAMS,
  PROGRAM_BYTES,
  PROGRAM_DEFERRED_BY,
  PROGRAM_ENTRY,
  PROGRAM_OPEN,
  PROGRAM_NEEDS_NO_READING,
  PROGRAM_REFERENCES,
  PROGRAM_STATE,
  PROGRAM_TABLE_END,
  PROGRAM_TABLE_FIRST,
} from '../layout'

/** PROGRAM_STATE. */
const PROGRAM_FREE: u32 = 0
const PROGRAM_LOADED: u32 = 1
export const PROGRAM_WAITING: u32 = 2
export const PROGRAM_UNLOADED: u32 = 3

/** Loads a program: entry function and the table range of its callbacks. Host only, one thread. Address or -ENOMEM. */
export function program_create(entry: u32, tableFirst: u32, tableEnd: u32): i32 {
  for (let index: u32 = 0; index < <u32>MAX_PROGRAMS; index++) {
    const program = <usize>peek32(HEADER + HEADER_PROGRAMS) + <usize>index * PROGRAM_BYTES
    if (load32(program + PROGRAM_STATE) !== PROGRAM_FREE) continue
    poke32(program + PROGRAM_ENTRY, entry)
    poke32(program + PROGRAM_TABLE_FIRST, tableFirst)
    poke32(program + PROGRAM_TABLE_END, tableEnd)
    poke64(program + PROGRAM_NEEDS_NO_READING, 0)
    note32(program + PROGRAM_DEFERRED_BY, 0)
    store32(program + PROGRAM_OPEN, 1)
    store32(program + PROGRAM_REFERENCES, 1)
    store32(program + PROGRAM_STATE, PROGRAM_LOADED)
    return <i32>program
  }
  return -ENOMEM
}

/** Takes a reference; false if the program is being unloaded [H35]. */
export function programTryGet(program: usize): bool {
  return referenceTryGet(program + PROGRAM_REFERENCES)
}

/** Drops a reference. The last one only queues the program: unloading happens a grace period later. Any context. */
export function program_put(program: usize): void {
  if (!referencePut(program + PROGRAM_REFERENCES)) return
  note32(program + PROGRAM_STATE, PROGRAM_WAITING)
  defer(program, DEFERRED_PROGRAM)
}

/**
 * True if function `fn` of the program uses no `now` but of its own reading: it needs none at its start (contract §2,
 * Time).
 */
export function needsNoReading(program: usize, fn: u32): bool {
  const index = fn - peek32(program + PROGRAM_TABLE_FIRST)
  return index < 64 && ((peek64(program + PROGRAM_NEEDS_NO_READING) >> (<u64>index)) & 1) !== 0
}

/** True if `fn` is a callback of the program. */
export function programOwns(program: usize, fn: u64): bool {
  return fn >= <u64>peek32(program + PROGRAM_TABLE_FIRST) && fn < <u64>peek32(program + PROGRAM_TABLE_END)
}

/** The host has released the table range of an unloaded program: its place may be used again. */
export function program_release(program: usize): void {
  store32(program + PROGRAM_STATE, PROGRAM_FREE)
}

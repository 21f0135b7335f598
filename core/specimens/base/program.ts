// Programs: a reference count and one word of text per function. The text is read when a function is called and when it
// goes on after a step, so that running freed code is an access to freed memory.
// A program is freed a grace period after its last put; with interrupts off a worker starts that (bpf_prog_put).
import { nested } from '../../cpu'
import { load32, peek32, store32 } from '../../door'
import { bitmapSet } from '../../memory/bitmap'
import { referencePut, referenceTryGet } from '../../memory/references'
import {
  PROGRAM_BYTES,
  PROGRAM_GRACE_PERIOD,
  PROGRAM_LOADED,
  PROGRAM_REFERENCES,
  PROGRAM_SHIFT,
  PROGRAM_STATE,
  PROGRAM_TEXT,
  PROGRAM_UNLOADED,
  SPECIMENS,
  SPECIMENS_PROGRAMS,
  SPECIMENS_PROGRAMS_DYING,
  SPECIMENS_PROGRAMS_WAITING,
} from '../layout'
import { cleanse, poison } from './explorer'
import { afterGracePeriod, takeMarked, takeReclaimable } from './grace'
import { interruptsAreOff } from './lock'

function programs(): usize {
  return <usize>peek32(SPECIMENS + SPECIMENS_PROGRAMS)
}

function indexOf(program: usize): u32 {
  return <u32>((program - programs()) >> PROGRAM_SHIFT)
}

function graceProgram(program: usize): void {
  afterGracePeriod(SPECIMENS + SPECIMENS_PROGRAMS_WAITING, indexOf(program), program + PROGRAM_GRACE_PERIOD)
}

/**
 * Loads program `index` with one reference, the host's handle; its functions have empty bodies. Returns its address.
 */
export function specimen_program_load(index: u32): usize {
  const program = programs() + ((<usize>index) << PROGRAM_SHIFT)
  cleanse(program + PROGRAM_TEXT, PROGRAM_BYTES - PROGRAM_TEXT)
  for (let at: u32 = PROGRAM_TEXT; at < <u32>PROGRAM_BYTES; at += 4) store32(program + at, 0)
  store32(program + PROGRAM_REFERENCES, 1)
  store32(program + PROGRAM_STATE, PROGRAM_LOADED)
  return program
}

/** Takes a reference; false if the program is going away. */
export function programTryGet(program: usize): bool {
  return referenceTryGet(program + PROGRAM_REFERENCES)
}

/** Drops a reference; 0 is no program. */
export function specimen_program_put(program: usize): void {
  if (program === 0 || !referencePut(program + PROGRAM_REFERENCES)) return
  if (interruptsAreOff() || nested()) bitmapSet(SPECIMENS + SPECIMENS_PROGRAMS_DYING, indexOf(program))
  else graceProgram(program)
}

/** A worker's turn: starts the grace period of a program that was put with interrupts off; false if there is none. */
export function putDeferredProgram(): bool {
  const index = takeMarked(SPECIMENS + SPECIMENS_PROGRAMS_DYING)
  if (index < 0) return false
  graceProgram(programs() + ((<usize>index) << PROGRAM_SHIFT))
  return true
}

/** Frees a program whose grace period is over; false if there is none. */
export function reclaimProgram(): bool {
  const bitmap = SPECIMENS + SPECIMENS_PROGRAMS_WAITING
  const index = takeReclaimable(bitmap, programs() + PROGRAM_GRACE_PERIOD, PROGRAM_SHIFT)
  if (index < 0) return false
  const program = programs() + ((<usize>index) << PROGRAM_SHIFT)
  store32(program + PROGRAM_STATE, PROGRAM_UNLOADED)
  poison(program + PROGRAM_TEXT, PROGRAM_BYTES - PROGRAM_TEXT)
  return true
}

/** Runs the function whose text is at `text` for a block; the arguments are those of a BPF callback. */
export function callFunction(text: usize, element: u64, value: u64): void {
  const index = load32(text)
  if (index !== 0) call_indirect<u64>(index, <u64>0, element, value, <u64>0, <u64>0, <u32>0)
  load32(text)
}

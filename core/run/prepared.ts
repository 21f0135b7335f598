// A run that the host has prepared, to be repeated on other packets: what it is lies in the core heap (PREPARED_*), its
// context and its packet in a run buffer of its own. For hot loops: one call, no reading of the clock but the
// program's.
// Outermost code. Invariant: between the runs the CPU's run buffer is its own; after a fault the host sets it back.
import { RUN_CONTEXT_BYTES, RUN_HEADROOM_BYTES } from '../abi'
import { cpu } from '../cpu'
import { copy, fill, peek32, peek64, poke32, poke64 } from '../door'
import { CPU_BUFFER_USED, CPU_RUN_BUFFER, CPU_RUN_BUFFER_BYTES, CPU_RUNS, PROGRAM_RUNS } from '../layout'
import { XDP_BYTES } from '../helper/xdp'
import { deferredPending } from '../memory/deferred'
import {
  PREPARED_BEGIN,
  PREPARED_BUFFER,
  PREPARED_BUFFER_BYTES,
  PREPARED_BUFFER_USED,
  PREPARED_CONTEXT,
  PREPARED_CONTEXT_ADDRESS,
  PREPARED_PACKET,
  PREPARED_PROGRAM,
  PREPARED_RECLAIM,
  PREPARED_XDP,
} from '../prepared-record'
import { RECORD_BYTES, RUN_RECORD } from '../run-record'
import { program_run } from './program-run'

/**
 * Runs it once; the program's 32-bit return value. With a packet, context and record begin as the host has written
 * them, the headroom is 0. Nobody takes the time: the program's account has the run, but no nanoseconds.
 */
export function prepared_run(prepared: usize): u32 {
  const area = cpu()
  const program = <usize>peek32(prepared + PREPARED_PROGRAM)
  const buffer = <usize>peek32(prepared + PREPARED_BUFFER)
  const ownBuffer = peek32(area + CPU_RUN_BUFFER)
  const ownBytes = peek32(area + CPU_RUN_BUFFER_BYTES)
  poke32(area + CPU_RUN_BUFFER, <u32>buffer)
  poke32(area + CPU_RUN_BUFFER_BYTES, peek32(prepared + PREPARED_BUFFER_BYTES))
  const packet = peek32(prepared + PREPARED_PACKET)
  if (packet !== 0) {
    const used = peek32(prepared + PREPARED_BUFFER_USED) !== 0
    if (used) fill(buffer + RUN_CONTEXT_BYTES, 0, RUN_HEADROOM_BYTES)
    // Of an XDP program's record only a redirect changes anything.
    if (used || packet !== PREPARED_XDP) copy(buffer, prepared + PREPARED_BEGIN, RUN_RECORD + RECORD_BYTES)
    else for (let at: usize = 0; at < XDP_BYTES; at += 8) poke64(buffer + at, peek64(prepared + PREPARED_BEGIN + at))
    // After a fault it stays as it is here.
    poke32(prepared + PREPARED_BUFFER_USED, 1)
    poke32(area + CPU_BUFFER_USED, 0)
  }
  const result = program_run(program, peek32(prepared + PREPARED_CONTEXT_ADDRESS), peek32(prepared + PREPARED_CONTEXT))
  poke32(prepared + PREPARED_BUFFER_USED, peek32(area + CPU_BUFFER_USED))
  // Machines with prepared runs have one thread.
  poke64(program + PROGRAM_RUNS, peek64(program + PROGRAM_RUNS) + 1)
  poke64(area + CPU_RUNS, peek64(area + CPU_RUNS) + 1)
  poke32(area + CPU_RUN_BUFFER, ownBuffer)
  poke32(area + CPU_RUN_BUFFER_BYTES, ownBytes)
  poke32(prepared + PREPARED_RECLAIM, u32(deferredPending()))
  return result
}

// bpf_tail_call: which function the caller goes on in. The jump itself is the engine's: compiled code returns by a call
// of what this answers, the interpreter calls it as its last act. Called by guest programs, inside a section.
import { FAULT_BAD_ACCESS, MAP_TYPE_PROG_ARRAY, MAX_TAIL_CALLS } from '../abi'
import { cpu } from '../cpu'
import { peek32, poke32 } from '../door'
import { fault } from '../host'
import { CPU_PROGRAM, CPU_TAIL_CALLS, MAP_TYPE, PROGRAM_ENTRY } from '../layout'
import { mapAddress } from '../map/map'
import { referenceAt } from '../map/reference'

/**
 * Table index of the entry of the program at `index`, which is the running program from now on; 0 if the place is
 * empty, out of range, or the run has made its tail calls: then the caller goes on.
 */
export function bpf_tail_call(_context: u64, arrayPointer: u64, index: u64): u64 {
  const map = mapAddress(arrayPointer)
  if (peek32(map + MAP_TYPE) !== MAP_TYPE_PROG_ARRAY) fault(FAULT_BAD_ACCESS, arrayPointer)
  const made = peek32(cpu() + CPU_TAIL_CALLS)
  if (made >= <u32>MAX_TAIL_CALLS) return 0
  const program = <usize>referenceAt(map, <u32>index)
  if (!program) return 0
  poke32(cpu() + CPU_TAIL_CALLS, made + 1)
  poke32(cpu() + CPU_PROGRAM, <u32>program)
  return peek32(program + PROGRAM_ENTRY)
}

// Helpers that tell a program where it is, and a random number. Exported to guest programs.
import { cpu, cpuIndex } from '../cpu'
import { peek32, poke32 } from '../door'
import { CPU_RANDOM } from '../layout'

/** Index of the CPU that runs the program. */
export function bpf_get_smp_processor_id(): u64 {
  return cpuIndex()
}

/** A pseudo-random number (xorshift) from this CPU's own sequence, whose start the host decides; never 0. */
export function bpf_get_prandom_u32(): u64 {
  const word = cpu() + CPU_RANDOM
  let state = peek32(word)
  state ^= state << 13
  state ^= state >> 17
  state ^= state << 5
  poke32(word, state)
  return state
}

/** There is one node. */
export function bpf_get_numa_node_id(): u64 {
  return 0
}

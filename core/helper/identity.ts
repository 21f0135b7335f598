// Helpers that tell a program who and where it is, and a random number. Exported to guest programs.
import { EINVAL } from '../abi'
import { cpu, cpuIndex } from '../cpu'
import { copy, fill, peek32, peek64, peek8, poke32, poke8 } from '../door'
import { guestAddress } from '../guest'
import { CPU_RANDOM, HEADER, HEADER_COMM, HEADER_PID_TGID } from '../layout'

/** Bytes of a task's name, its closing 0 included (TASK_COMM_LEN). */
const COMM_BYTES: u32 = 16

/** Index of the CPU that runs the program. */
export function bpf_get_smp_processor_id(): u64 {
  return cpuIndex()
}

/** Process (upper half) and thread id that the host has set. */
export function bpf_get_current_pid_tgid(): u64 {
  return peek64(HEADER + HEADER_PID_TGID)
}

/** Copies the name that the host has set, cut to `size` and always closed by a 0; the rest is zeroed. */
export function bpf_get_current_comm(buffer: u64, size: u64): i64 {
  const bytes = <u32>size
  if (bytes === 0) return -EINVAL
  const to = guestAddress(buffer, bytes)
  const length = bytes < COMM_BYTES ? bytes : COMM_BYTES
  copy(to, HEADER + HEADER_COMM, length)
  if (bytes > COMM_BYTES) fill(to + COMM_BYTES, 0, bytes - COMM_BYTES)
  if (peek8(to + length - 1) !== 0) poke8(to + length - 1, 0)
  return 0
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

/** Everything runs as root. */
export function bpf_get_current_uid_gid(): u64 {
  return 0
}

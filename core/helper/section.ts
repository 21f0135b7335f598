// Read-side sections and preempt_disable as programs open them. Every program and callback runs inside a read-side
// section already, and nothing preempts it: only the depths are kept, so that a program's end can tell an open one.
// Exported to guest programs.
import { FAULT_UNREACHABLE } from '../abi'
import { cpu } from '../cpu'
import { peek32, peek64, poke32, poke64 } from '../door'
import { guestAddress } from '../guest'
import { fault } from '../host'
import { CPU_PREEMPT_DEPTH, CPU_READ_DEPTH } from '../layout'

function enter(word: usize): void {
  poke32(word, peek32(word) + 1)
}

function leave(word: usize): void {
  const depth = peek32(word)
  if (depth === 0) fault(FAULT_UNREACHABLE, 0)
  poke32(word, depth - 1)
}

export function bpf_rcu_read_lock(): void {
  enter(cpu() + CPU_READ_DEPTH)
}

/** A fault if the program has no section open. */
export function bpf_rcu_read_unlock(): void {
  leave(cpu() + CPU_READ_DEPTH)
}

export function bpf_preempt_disable(): void {
  enter(cpu() + CPU_PREEMPT_DEPTH)
}

/** A fault if the program has not disabled preemption. */
export function bpf_preempt_enable(): void {
  leave(cpu() + CPU_PREEMPT_DEPTH)
}

/** Interrupts do not come here: what is kept is the depth, by which the restore is known. */
export function bpf_local_irq_save(flags: u64): void {
  const word = cpu() + CPU_PREEMPT_DEPTH
  enter(word)
  poke64(guestAddress(flags, 8), peek32(word))
}

/** A fault unless it is the last save's. */
export function bpf_local_irq_restore(flags: u64): void {
  const word = cpu() + CPU_PREEMPT_DEPTH
  if (peek64(guestAddress(flags, 8)) !== <u64>peek32(word)) fault(FAULT_UNREACHABLE, flags)
  leave(word)
}

// Read-side sections and preempt_disable as programs open them. Every program and callback runs inside a read-side
// section already, and nothing preempts it: only the depths are kept, so that a program's end can tell an open one.
// Exported to guest programs.
import { FAULT_UNREACHABLE } from '../abi'
import { cpu } from '../cpu'
import { peek32, poke32 } from '../door'
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

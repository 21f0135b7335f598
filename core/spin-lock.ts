// bpf_spin_lock: the one thing in a map value that waits, as its users ask for. A lock word is 0 or the holder's CPU +
// 1.
// CPU_LOCK records the word before it is taken, so that the end of a run, an unwind or the repair of a dead CPU can see
// what is held. Its two operations are helpers (helper/index.ts); called by map/ (BPF_F_LOCK) and run/ too.
import { CONTEXT_NMI, EAGAIN, EDEADLK, FAULT_BAD_ACCESS, FAULT_SPIN_LOCK } from './abi'
import { cpu, cpuCount, cpuIndex } from './cpu'
import { compareExchange32, note32, peek32, poke32, retry, store32, waitWhile32, wake } from './door'
import { guestAddress } from './guest'
import { fault } from './host'
import { CPU_CONTEXT, CPU_LOCK } from './layout'

function lockWord(lock: u64): usize {
  const word = guestAddress(lock, 4)
  if ((word & 3) !== 0) fault(FAULT_BAD_ACCESS, lock)
  return word
}

/** Takes the lock. A fault if this CPU holds one already, in NMI, or if the word holds what no CPU can have written. */
export function bpf_spin_lock(lock: u64): u64 {
  const word = lockWord(lock)
  const mine = cpuIndex() + 1
  if (peek32(cpu() + CPU_LOCK) !== 0 || peek32(cpu() + CPU_CONTEXT) === CONTEXT_NMI) fault(FAULT_SPIN_LOCK, lock)
  poke32(cpu() + CPU_LOCK, <u32>word)
  while (true) {
    retry()
    const holder = compareExchange32(word, 0, mine)
    if (holder === 0) return 0
    if (holder === mine || holder > cpuCount()) {
      poke32(cpu() + CPU_LOCK, 0)
      fault(FAULT_SPIN_LOCK, lock)
    }
    waitWhile32(word, holder)
  }
}

/**
 * Takes the lock for the host, which must not wait: a CPU that died holding it is repaired by the host's own thread. 0;
 * -EAGAIN if another CPU holds it; -EDEADLK if this one does, or the word holds what no CPU can have written.
 */
export function trySpinLock(word: usize): i32 {
  const mine = cpuIndex() + 1
  if (peek32(cpu() + CPU_LOCK) !== 0) return -EDEADLK
  poke32(cpu() + CPU_LOCK, <u32>word)
  const holder = compareExchange32(word, 0, mine)
  if (holder === 0) return 0
  poke32(cpu() + CPU_LOCK, 0)
  return holder === mine || holder > cpuCount() ? -EDEADLK : -EAGAIN
}

/** Gives the lock back; a fault if this CPU does not hold it. */
export function bpf_spin_unlock(lock: u64): u64 {
  const word = lockWord(lock)
  if (peek32(cpu() + CPU_LOCK) !== <u32>word) fault(FAULT_SPIN_LOCK, lock)
  store32(word, 0)
  poke32(cpu() + CPU_LOCK, 0)
  return 0
}

/**
 * Gives back the lock of CPU `index`, whose area is `area`: after an unwind, or when it was declared dead. The recorded
 * word may still be another CPU's, if this one was only waiting for it.
 */
export function releaseLock(area: usize, index: u32): void {
  const word = <usize>peek32(area + CPU_LOCK)
  if (word === 0) return
  if (compareExchange32(word, index + 1, 0) === index + 1) wake(word)
  note32(area + CPU_LOCK, 0)
}

// Spin locks that switch interrupts off, as the kernel's irqsave locks: an NMI still comes.
// Owns CPU_INTERRUPTS_OFF. Called by the specimens and the rest of base/.
import { cpuIndex } from '../../cpu'
import { exchange32, peek32, poke32, retry, store32, waitWhile32 } from '../../door'
import { CPU_INTERRUPTS_OFF, SPECIMEN_CPU_SHIFT, SPECIMENS, SPECIMENS_CPUS } from '../layout'

/** Address of the specimens' area of CPU `index`. */
export function specimenCpu(index: u32): usize {
  return <usize>peek32(SPECIMENS + SPECIMENS_CPUS) + ((<usize>index) << SPECIMEN_CPU_SHIFT)
}

/** Address of this CPU's. */
export function here(): usize {
  return specimenCpu(cpuIndex())
}

/** Switches interrupts off; returns what restoreInterrupts wants. */
export function interruptsOff(): u32 {
  const word = here() + CPU_INTERRUPTS_OFF
  const before = peek32(word)
  poke32(word, 1)
  return before
}

export function restoreInterrupts(before: u32): void {
  poke32(here() + CPU_INTERRUPTS_OFF, before)
}

export function interruptsAreOff(): bool {
  return peek32(here() + CPU_INTERRUPTS_OFF) !== 0
}

/** Spins until the lock is this CPU's. Interrupts are off already. */
export function lock(word: usize): void {
  while (true) {
    retry()
    if (exchange32(word, 1) === 0) return
    waitWhile32(word, 1)
  }
}

export function unlock(word: usize): void {
  store32(word, 0)
}

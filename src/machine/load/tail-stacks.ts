// Stacks for programs that a subprogram's tail call begins: the callers of the subprogram keep theirs (core/frame.ts).
// Made when the first object is loaded that has such a call, for every CPU, and kept as long as the machine. Called by
// load.ts.
import { FRAMES, FRAME_BYTES, FRAME_REGISTER_BYTES, MAX_TAIL_CALLS, STACKS_PER_CPU } from '../../../core/abi.js'
import { CPU_TAIL_REGISTERS, CPU_TAIL_STACKS, HEADER, HEADER_CPUS } from '../../../core/layout.js'
import { SkepError } from '../../error.js'
import { makesTailCalls } from '../../object/check.js'
import type { ObjectSpec } from '../../object/spec.js'
import type { Kernel } from '../boot/kernel.js'
import { allocateBoth } from '../cpu/ranges.js'

const STACKS = STACKS_PER_CPU * MAX_TAIL_CALLS
/** Stacks, and as much for the keys of callbacks. */
const GUEST_BYTES = 2 * STACKS * FRAMES * FRAME_BYTES
const REGISTER_BYTES = STACKS * FRAMES * FRAME_REGISTER_BYTES

/** Makes them if the object needs them and they are not there. Throws NO_MEMORY; then nothing has changed. */
export function makeTailStacks(kernel: Kernel, spec: ObjectSpec): void {
  const { memory } = kernel
  if (memory.word(memory.cpuArea(0) + CPU_TAIL_STACKS) !== 0 || !needsTailStacks(spec)) return
  const cpus = memory.word(HEADER + HEADER_CPUS)
  const room = kernel.withRoom(() => allocateBoth(kernel.guest, cpus * GUEST_BYTES, kernel.heap, cpus * REGISTER_BYTES))
  if (!room)
    throw new SkepError(
      'NO_MEMORY',
      `object '${spec.name}': tail calls of its subprograms need ${GUEST_BYTES} bytes of guest memory and ${REGISTER_BYTES} of core memory for each of ${cpus} CPUs`,
    )
  const [guest, registers] = room
  for (let cpu = 0; cpu < cpus; cpu++) {
    const area = memory.cpuArea(cpu)
    const start = guest + cpu * GUEST_BYTES
    memory.setWord(area + CPU_TAIL_REGISTERS, registers + cpu * REGISTER_BYTES)
    memory.setWord(area + CPU_TAIL_STACKS, start)
    kernel.places.add({ start, end: start + GUEST_BYTES, what: `stack of CPU ${cpu}, after a tail call` })
  }
}

/** True if a function that others call makes a tail call. */
function needsTailStacks({ functions }: ObjectSpec): boolean {
  for (const { relocations } of functions.values())
    for (const relocation of relocations) {
      if (relocation.kind !== 'call' && relocation.kind !== 'function-pointer') continue
      const called = functions.get(relocation.function)
      if (called && makesTailCalls(called)) return true
    }
  return false
}

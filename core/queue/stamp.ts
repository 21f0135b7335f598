// The numbers of starts on one CPU, by which timers of equal deadline fire in the order of arming [H36]. Owns
// CPU_STAMP, which the outermost code counts by plain accesses, and CPU_NESTED_STAMPS, for nested code, whose count
// would be lost where it comes between two of those. Their sum is the number: each start adds to one of them, so one
// that begins when another has ended has a larger one. Numbers wrap.
import { cpu, nested } from '../cpu'
import { add32, glance32, peek32, poke32 } from '../door'
import { CPU_NESTED_STAMPS, CPU_STAMP } from '../layout'

/** The number of the last start on this CPU. */
export function lastStamp(): u32 {
  return peek32(cpu() + CPU_STAMP) + glance32(cpu() + CPU_NESTED_STAMPS)
}

/** The number of a start on this CPU. */
export function nextStamp(): u32 {
  if (nested()) add32(cpu() + CPU_NESTED_STAMPS, 1)
  else poke32(cpu() + CPU_STAMP, peek32(cpu() + CPU_STAMP) + 1)
  return lastStamp()
}

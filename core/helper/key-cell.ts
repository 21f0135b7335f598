// Where a helper keeps the key of a lookup that it makes for a program: it must lie in guest memory, for those who help
// a lookup that is disturbed (map/announce.ts). A cell in the CPU's scratch page for each nesting level, so that nested
// code leaves the key of what it interrupted alone. Called by the helpers.
import { cpu } from '../cpu'
import { peek32 } from '../door'
import { CPU_NESTED, CPU_SCRATCH } from '../layout'

/** What the page holds; nothing is nested as deeply. */
const CELLS: u32 = 512

/** Guest address of the cell, of 8 bytes. */
export function keyCell(): usize {
  return <usize>(peek32(cpu() + CPU_SCRATCH) + (min<u32>(peek32(cpu() + CPU_NESTED), CELLS - 1) << 3))
}

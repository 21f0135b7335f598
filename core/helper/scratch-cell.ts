// Memory in which a helper keeps a few words of its own: the key of a lookup that it makes for a program, which must
// lie in guest memory, for those who help a lookup that is disturbed (map/announce.ts), and the values of a line that
// is printed. A cell in the CPU's scratch page for each nesting level, so that nested code leaves the cell of what it
// interrupted alone; nothing that a helper calls uses the same cell. Called by the helpers.
import { cpu } from '../cpu'
import { peek32 } from '../door'
import { CPU_NESTED, CPU_SCRATCH } from '../layout'

/** What the page holds; nothing is nested as deeply. */
const CELLS: u32 = 128

/** Guest address of the cell, of 32 bytes. */
export function scratchCell(): usize {
  return <usize>(peek32(cpu() + CPU_SCRATCH) + (min<u32>(peek32(cpu() + CPU_NESTED), CELLS - 1) << 5))
}

// Of a compare-and-exchange in the tree of logs: which outcomes were seen. Used by the coverage by field, by line and
// by subject (coverage.ts, reach.ts, and the whole check's own, by line).
import { NODE_A_HIGH, NODE_A_LOW, NODE_FIRST_CHILD, NODE_HIGH, NODE_LOW, NODE_SIBLING, NODE_STRIDE } from './node.js'

/** Whether the exchange at `node` found what it expected, and whether it found something else. */
export function outcomesOf(nodes: Int32Array, node: number): { succeeded: boolean; failed: boolean } {
  const at = node * NODE_STRIDE
  const seen = { succeeded: false, failed: false }
  for (let child = nodes[at + NODE_FIRST_CHILD]!; child !== 0; child = nodes[child * NODE_STRIDE + NODE_SIBLING]!) {
    const c = child * NODE_STRIDE
    const same = nodes[c + NODE_LOW] === nodes[at + NODE_A_LOW] && nodes[c + NODE_HIGH] === nodes[at + NODE_A_HIGH]
    if (same) seen.succeeded = true
    else seen.failed = true
  }
  return seen
}

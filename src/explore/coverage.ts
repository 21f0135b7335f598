// What an exploration reached: each kind of access with the field that it touched, and for every compare-and-exchange
// whether it was seen to succeed and to fail. Read from the tree of logs, so it covers all subjects of a stage so far.
// (A run that goes ahead of the search may add accesses of an order that the search then did not need.)
import { DOOR_COMPARE_EXCHANGE } from '../../core/abi.js'
import { hex, isWordAccess, operationOf } from './access.js'
import { ACCESS, NODE_ADDRESS, NODE_CODE, NODE_STATUS, NODE_STRIDE } from './node.js'
import { outcomesOf } from './outcomes.js'
import type { Stage } from './stage.js'
import { accessName } from './trace.js'

/** What operations on a stage have done, by operation and field. */
export interface Coverage {
  /** `load cb.state` → operations (by name, without what makes it unique) that did it. */
  accesses: Map<string, Set<string>>
  /** Compare-and-exchanges by operation and field, with what was seen of them. */
  exchanges: Map<string, { succeeded: boolean; failed: boolean }>
}

/** Numbers of objects are left out: `cb#2.state` and `cb#0.state` are the same place in the code. */
export const generalised = (name: string): string => name.replace(/#?\d+(?=[.\]])/g, '')

/** Everything that the subjects on this stage did so far. */
export function coverageOf(stage: Stage, nameOf: (address: number) => string | undefined = () => undefined): Coverage {
  const { logs } = stage
  const { nodes } = logs
  const coverage: Coverage = { accesses: new Map(), exchanges: new Map() }
  for (let node = 1; node < logs.count; node++) {
    const at = node * NODE_STRIDE
    const operation = operationOf(nodes[at + NODE_CODE]!)
    if (nodes[at + NODE_STATUS] !== ACCESS || !isWordAccess(operation)) continue
    const address = nodes[at + NODE_ADDRESS]!
    const place = generalised(nameOf(address) ?? hex(address))
    const { kind, name } = logs.operationOf(node)
    const access = `${accessName(operation)} ${place}`
    const users = coverage.accesses.get(access) ?? new Set()
    coverage.accesses.set(access, users.add(kind ?? name))
    if (operation !== DOOR_COMPARE_EXCHANGE) continue
    const key = `${kind ?? name}: ${access}`
    const seen = coverage.exchanges.get(key)
    const { succeeded, failed } = outcomesOf(nodes, node)
    coverage.exchanges.set(key, {
      succeeded: succeeded || seen?.succeeded === true,
      failed: failed || seen?.failed === true,
    })
  }
  return coverage
}

/** The compare-and-exchanges of which only one outcome was seen, one line each. */
export function oneSided(coverage: Coverage): string[] {
  return [...coverage.exchanges]
    .filter(([, seen]) => seen.succeeded !== seen.failed)
    .map(([key, seen]) => `${key} was never seen to ${seen.succeeded ? 'fail' : 'succeed'}`)
    .sort()
}

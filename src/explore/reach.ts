// What an exploration of a subject reached of the code under test: which accesses, and of each compare-and-exchange
// whether it was seen to succeed and to fail. Read from the logs of the subject's operations, so what other subjects
// did with the same operations on the same stage counts, too. By operation and field (any stage), and by place in the
// module (a stage that records call sites). Answers are plain data that pass between threads. Called by check.ts.
import { DOOR_COMPARE_EXCHANGE } from '../../core/abi.js'
import type { AccessSites } from './access-sites.js'
import { hex, isWordAccess, operationOf } from './access.js'
import { generalised } from './coverage.js'
import {
  ACCESS,
  LOOP_HEAD,
  NODE_ADDRESS,
  NODE_CODE,
  NODE_FIRST_CHILD,
  NODE_PHANTOM,
  NODE_SIBLING,
  NODE_SITE,
  NODE_STATUS,
  NODE_STRIDE,
} from './node.js'
import { outcomesOf } from './outcomes.js'
import type { Subject } from './subject.js'
import { accessName } from './trace.js'

/** What was seen of an access, as bits. */
const REACHED = 1
export const EXCHANGE = 2
export const SUCCEEDED = 4
const FAILED = 8
/** A compare-and-exchange of which both outcomes were seen. */
export const BOTH = EXCHANGE | SUCCEEDED | FAILED

/** Calls `each` for every access that the subject's operations are known to make: its node, and what was seen of it. */
function accesses({ stage, cpus }: Subject, each: (node: number, seen: number) => void): void {
  const { logs } = stage
  const open: number[] = []
  cpus.forEach((script, index) => {
    for (const operation of [...script.operations, ...(script.nmi ?? [])])
      open.push(logs.root(operation, stage.cpus[script.as ?? index]!))
  })
  const { nodes } = logs
  const met = new Set<number>()
  while (open.length > 0) {
    const node = open.pop()!
    if (met.has(node)) continue
    met.add(node)
    const at = node * NODE_STRIDE
    const status = nodes[at + NODE_STATUS]!
    if (nodes[at + NODE_PHANTOM] === 1 || (status !== ACCESS && status !== LOOP_HEAD)) continue
    let seen = REACHED
    for (let child = nodes[at + NODE_FIRST_CHILD]!; child !== 0; child = nodes[child * NODE_STRIDE + NODE_SIBLING]!)
      open.push(child)
    if (operationOf(nodes[at + NODE_CODE]!) === DOOR_COMPARE_EXCHANGE) {
      const { succeeded, failed } = outcomesOf(nodes, node)
      if (succeeded || failed) seen |= EXCHANGE | (succeeded ? SUCCEEDED : 0) | (failed ? FAILED : 0)
    }
    each(node, seen)
  }
}

/** By `operation: access field`, numbers of objects left out. */
export function reachedFields(subject: Subject): [field: string, seen: number][] {
  const { logs } = subject.stage
  const found = new Map<string, number>()
  const places = new Map<number, string>()
  accesses(subject, (node, seen) => {
    const at = node * NODE_STRIDE
    const operation = operationOf(logs.nodes[at + NODE_CODE]!)
    if (!isWordAccess(operation)) return
    const address = logs.nodes[at + NODE_ADDRESS]!
    let place = places.get(address)
    if (place === undefined) places.set(address, (place = generalised(subject.nameOf?.(address) ?? hex(address))))
    const { kind, name } = logs.operationOf(node)
    const key = `${kind ?? name}: ${accessName(operation)} ${place}`
    found.set(key, (found.get(key) ?? 0) | seen)
  })
  return [...found]
}

/** By site of the module, in the order of `sites`; the stage must record call sites. */
export function reachedSites(subject: Subject, sites: AccessSites): Uint8Array {
  const { logs } = subject.stage
  const found = new Uint8Array(sites.sites.length)
  const numbers = new Map<number, number>()
  accesses(subject, (node, seen) => {
    const stack = logs.nodes[node * NODE_STRIDE + NODE_SITE]!
    let site = numbers.get(stack)
    if (site === undefined) numbers.set(stack, (site = sites.siteOf(logs.sites[stack]!)))
    if (site >= 0) found[site]! |= seen
  })
  return found
}

/** What was reached of a module, by all of some subjects. */
export interface Reach {
  /** Accesses in the module, in the functions that were entered, and those that were reached. */
  accesses: number
  inEntered: number
  entered: number
  reached: number
  /** Compare-and-exchanges that were reached, and those that were seen to succeed and to fail. */
  exchanges: number
  both: number
  /** In the functions that were entered: what was not seen, by place. */
  never: Unseen[]
}

export interface Unseen {
  what: 'reached' | 'succeed' | 'fail'
  function: string
  file?: string
  line?: number
  offset: number
}

const unseen = (seen: number): Unseen['what'] | undefined => {
  if (seen === 0) return 'reached'
  if ((seen & EXCHANGE) === 0 || (seen & BOTH) === BOTH) return undefined
  return seen & SUCCEEDED ? 'fail' : 'succeed'
}

/** The sum of what subjects reached of one module. */
export function reachOf({ sites }: AccessSites, all: readonly Uint8Array[]): Reach {
  const seen = sites.map((_, site) => all.reduce((bits, one) => bits | one[site]!, 0))
  const nameOf = (site: number): string => `${sites[site]!.file ?? ''} ${sites[site]!.function}`
  const entered = new Set(sites.flatMap((_, site) => (seen[site]! > 0 ? [nameOf(site)] : [])))
  const within = sites.flatMap((_, site) => (entered.has(nameOf(site)) ? [site] : []))
  return {
    accesses: sites.length,
    inEntered: within.length,
    entered: entered.size,
    reached: seen.filter((bits) => bits > 0).length,
    exchanges: seen.filter((bits) => bits & EXCHANGE).length,
    both: seen.filter((bits) => (bits & BOTH) === BOTH).length,
    never: within.flatMap((site) => {
      const what = unseen(seen[site]!)
      return what === undefined ? [] : [{ what, ...sites[site]! }]
    }),
  }
}

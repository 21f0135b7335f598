// Coverage by line of the source: which accesses of the core some subjects of a stage made, and of each
// compare-and-exchange whether it was seen to succeed and to fail. Needs a stage over a trace build that records sites.
// The lines that have an access at all are found in the source text (`accessLines`). Coverage by field:
// src/explore/coverage.ts.
import { DOOR_COMPARE_EXCHANGE } from '../../../core/abi.js'
import { operationOf } from '../../../src/explore/access.js'
import { ACCESS, NODE_CODE, NODE_SITE, NODE_STATUS, NODE_STRIDE } from '../../../src/explore/node.js'
import { outcomesOf } from '../../../src/explore/outcomes.js'
import { whereOf } from '../../../src/explore/places.js'
import type { SourceMap } from '../../../src/explore/source-map.js'
import type { Stage } from '../../../src/explore/stage.js'

/** What was seen at a line; `succeeded` and `failed` are of its compare-and-exchange. */
export interface Seen {
  exchange: boolean
  succeeded: boolean
  failed: boolean
}

/** What was seen at a place so far, to be added to. */
export function seenAt(seen: Map<string, Seen>, place: string): Seen {
  const known = seen.get(place) ?? { exchange: false, succeeded: false, failed: false }
  seen.set(place, known)
  return known
}

/** Adds what the subjects on this stage did so far, by `file:line`. */
export function addLines(seen: Map<string, Seen>, { logs }: Stage, map: SourceMap): void {
  const { nodes, sites } = logs
  const places = sites.map((site) => {
    const where = whereOf(site, map)
    return where && `${where.file}:${where.line}`
  })
  for (let node = 1; node < logs.count; node++) {
    const at = node * NODE_STRIDE
    const place = places[nodes[at + NODE_SITE]!]
    if (nodes[at + NODE_STATUS] !== ACCESS || place === undefined) continue
    const line = seenAt(seen, place)
    if (operationOf(nodes[at + NODE_CODE]!) !== DOOR_COMPARE_EXCHANGE) continue
    line.exchange = true
    const { succeeded, failed } = outcomesOf(nodes, node)
    line.succeeded ||= succeeded
    line.failed ||= failed
  }
}

const CALL =
  /\b(load|store|exchange|compareExchange|add|or|and|xor|peek|poke|glance|note)(8|16|32|64)\(|\b(fill|copy|sleep|wake|waitWhile32)\(/

/** The lines of a source text that make an access, counted from 1. */
export function accessLines(text: string): number[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      !/^\s*(\/\/|\*|\/\*|import|export function)/.test(line) && CALL.test(line) ? [index + 1] : [],
    )
}

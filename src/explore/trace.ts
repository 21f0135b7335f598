// One interleaving made readable: every access in order, with names, values before and after, and what ended. Traces
// are data; print.ts draws them. A trace is made by replaying choices, so a token is all that has to be kept.
import { SkepError } from '../error.js'
import {
  DOOR_ADD,
  DOOR_AND,
  DOOR_COMPARE_EXCHANGE,
  DOOR_COPY,
  DOOR_EXCHANGE,
  DOOR_FILL,
  DOOR_GLANCE,
  DOOR_LOAD,
  DOOR_MAY_FAIL,
  DOOR_NOTE,
  DOOR_NOW,
  DOOR_OR,
  DOOR_PEEK,
  DOOR_POKE,
  DOOR_SLEEP,
  DOOR_STORE,
  DOOR_WAIT_WHILE,
  DOOR_WAKE,
  DOOR_XOR,
} from '../../core/abi.js'
import { changedNothing, hex, isWordAccess, operationOf, widthOf } from './access.js'
import { addressName } from './address-name.js'
import { Clocks } from './clocks.js'
import { DOOR_CLEANSE, DOOR_POISON, DOOR_SET_CLOCK, DOOR_STOPPED } from './executor.js'
import { NODE_SITE, NODE_STRIDE } from './node.js'
import type { Observation } from './observation.js'
import type { Where } from './places.js'
import { prepared } from './prepare.js'
import { cycleMessage, raceMessage, Rules } from './rules.js'
import type { Subject } from './subject.js'
import { choicesOf } from './token.js'
import { Turns } from './turns.js'
import { NMI, NMI_WAITS, STOP, TIME_OUT } from './choices.js'
import type { World } from './world.js'

/** A step, or an event between steps. */
export interface TraceLine {
  cpu: number
  /** 1: the CPU's own operation; more: nested (NMI). */
  depth: number
  operation: string
  /** `cas cb#1.state 0x1 → 0x2`, `starts as NMI`, `stops for ever` … */
  text: string
  /** For an access to a word: its name, and its value before and after. */
  place?: string
  before?: string
  after?: string
  /** Result of the operation, if it ended here; `done` of one that has none. */
  result?: string
  /** Place in the source, if the module has a source map (places.ts). */
  where?: Where
  /** Call stack in the module, innermost first, if the stage records sites. */
  site?: string
}

/** One interleaving, step by step. */
export interface Trace {
  lines: TraceLine[]
  cpus: number
  preemptions: number
  /** What the interleaving violates: an access, a rule in a state or at rest, or that it comes back to where it was. */
  message?: string
  /** The lines of two accesses that race, if there are such. */
  race?: [number, number]
  /** Line at which the part that can repeat for ever begins. */
  cycle?: number
  /** Some CPU can go on where it ends. */
  goesOn?: true
}

const NAMES: Record<number, string> = {
  [DOOR_LOAD]: 'load',
  [DOOR_STORE]: 'store',
  [DOOR_EXCHANGE]: 'exchange',
  [DOOR_COMPARE_EXCHANGE]: 'cas',
  [DOOR_ADD]: 'add',
  [DOOR_OR]: 'or',
  [DOOR_AND]: 'and',
  [DOOR_XOR]: 'xor',
  [DOOR_PEEK]: 'peek',
  [DOOR_POKE]: 'poke',
  [DOOR_GLANCE]: 'glance',
  [DOOR_NOTE]: 'note',
  [DOOR_FILL]: 'fill',
  [DOOR_COPY]: 'copy',
  [DOOR_NOW]: 'now',
  [DOOR_SLEEP]: 'sleep on',
  [DOOR_WAKE]: 'wake',
  [DOOR_WAIT_WHILE]: 'wait for',
  [DOOR_POISON]: 'poison',
  [DOOR_CLEANSE]: 'cleanse',
  [DOOR_SET_CLOCK]: 'set clock',
  [DOOR_STOPPED]: 'who stopped',
}

/** Name of a door operation, as traces show it. */
export const accessName = (operation: number): string => NAMES[operation] ?? `operation ${operation}`

/** The interleaving of a token, or of a list of choices. */
export function replay(subject: Subject, token: string): Trace {
  return traceOf(subject, choicesOf(token))
}

/** The same for choices, one for each access. `cycle` is the position in the choices at which a cycle begins. */
export function traceOf(subject: Subject, choices: number[], cycle?: number): Trace {
  return prepared(subject, { full: true, replay: true }, (world) => {
    const lines: TraceLine[] = []
    const trace: Trace = { lines, cpus: world.cpuCount, preemptions: 0 }
    const rules = new Rules(world)
    const turns = new Turns(world)
    const clocks = new Clocks(world.cpuCount, world.subject.stage.limit)
    let raceFound: string | undefined
    world.observer = (seen) => {
      const raced = clocks.access(seen, world.stopped, lines.length)
      if (raced && !trace.race) {
        trace.race = [raced.number, lines.length]
        raceFound = raceMessage(world, seen, raced)
      }
      lines.push(lineOf(world, seen))
    }
    let last = -1
    choices.forEach((choice, position) => {
      if (position === cycle) trace.cycle = lines.length
      const cpu = choice >> 3
      if (cpu >= world.cpuCount || !world.enabled(choice))
        throw new SkepError(
          'BAD_TOKEN',
          `replay of ${subject.name}: CPU ${cpu} cannot do step ${position + 1} of the token`,
        )
      if (last >= 0 && cpu !== last && world.running(last).length > 0 && world.enabled(last << 3)) trace.preemptions++
      last = cpu
      const timesOut = (choice & 7) === TIME_OUT && world.node(cpu) !== 0 && !world.choices.mayFail(world.node(cpu))
      if ((choice & 7) === STOP || timesOut)
        lines.push({
          cpu,
          depth: world.running(cpu).length,
          operation: world.running(cpu).at(-1)?.operation.name ?? '',
          text: (choice & 7) === STOP ? 'stops for ever' : 'times out',
        })
      const before = lines.length
      world.step(choice)
      if (((choice & 7) === NMI || (choice & 7) === NMI_WAITS) && lines.length === before) {
        const running = world.running(cpu)
        lines.push({ cpu, depth: running.length, operation: running.at(-1)!.operation.name, text: 'NMI begins' })
      }
      const wrong = world.violation ?? rules.inState()
      if (wrong !== undefined) trace.message ??= wrong
      turns.pass(cpu, lines.length)
    })
    if (trace.message === undefined && raceFound !== undefined) trace.message = raceFound
    if (trace.message !== undefined) return trace
    if (world.choices.offered() !== 0) trace.goesOn = true
    const wrong = trace.goesOn ? undefined : rules.atEnd()
    if (wrong !== undefined) return { ...trace, message: wrong }
    for (const { cpus, covered, line } of turns.closed()) {
      const message = cycleMessage(world, cpus, covered)
      if (message !== undefined) return { ...trace, message, cycle: trace.cycle ?? line }
    }
    return trace
  })
}

function lineOf(world: World, seen: Observation): TraceLine {
  const { subject, logs } = world
  const { operation } = world.calls[seen.call]!
  const line: TraceLine = { cpu: seen.cpu, depth: seen.depth, operation: operation.name, ...whatOf(subject, seen) }
  if (seen.ended) {
    const value = logs.values[world.resultNumberAfter(seen)]
    line.result = subject.showResult?.(value) ?? String(value ?? 'done')
  }
  const site = logs.sites[logs.nodes[seen.node * NODE_STRIDE + NODE_SITE]!]
  if (site) line.site = site
  return line
}

type What = Pick<TraceLine, 'text' | 'place' | 'before' | 'after'>

function whatOf(subject: Subject, seen: Observation): What {
  const operation = operationOf(seen.code)
  const name = accessName(operation)
  const place = addressName(subject, seen.address)
  if (seen.refused) return { text: `${name} ${place}` }
  if (!isWordAccess(operation)) {
    if (operation === DOOR_NOW) return { text: `now = ${wide(seen.low, seen.high)}` }
    if (operation === DOOR_SET_CLOCK) return { text: `set clock ${wide(seen.aLow, seen.aHigh)}` }
    if (operation === DOOR_STOPPED) return { text: name }
    if (operation === DOOR_MAY_FAIL) return { text: `the allocation ${seen.low === 0 ? 'succeeds' : 'FAILS'}` }
    if (operation === DOOR_SLEEP || operation === DOOR_WAIT_WHILE)
      return { text: `${name} ${place} ≠ ${hex(seen.aLow)}` }
    const bytes = seen.bLow >>> 0
    if (operation === DOOR_FILL) return { text: `${name} ${place}, ${bytes} bytes with ${hex(seen.aLow & 0xff)}` }
    if (operation === DOOR_COPY)
      return { text: `${name} ${addressName(subject, seen.aLow)} to ${place}, ${bytes} bytes` }
    return { text: `${name} ${place}` }
  }
  const width = widthOf(seen.code)
  const value = (low: number, high: number): string => {
    const number = width === 8 ? wide(low, high) : BigInt(low >>> 0)
    return subject.show?.(seen.address, number, width) ?? (number < 10n ? String(number) : '0x' + number.toString(16))
  }
  const before = value(seen.low, seen.high)
  const wrote = (after: string): What => ({ text: `${name} ${place} ${before} → ${after}`, place, before, after })
  switch (operation) {
    case DOOR_LOAD:
    case DOOR_PEEK:
    case DOOR_GLANCE:
      return { text: `${name} ${place} = ${before}`, place, before, after: before }
    case DOOR_STORE:
    case DOOR_POKE:
    case DOOR_NOTE:
    case DOOR_EXCHANGE:
      return wrote(value(seen.aLow, seen.aHigh))
    case DOOR_COMPARE_EXCHANGE: {
      const [from, to] = [value(seen.aLow, seen.aHigh), value(seen.bLow, seen.bHigh)]
      if (seen.low === seen.aLow && seen.high === seen.aHigh) return wrote(to)
      return { text: `${name} ${place} ${from} → ${to} FAILS, it is ${before}`, place, before, after: before }
    }
  }
  if (changedNothing(seen.code, seen.aLow, seen.aHigh, 0, 0, seen.low, seen.high))
    return { text: `${name} ${place} ${before} → same`, place, before, after: before }
  return wrote(value(...combined(operation, seen)))
}

function combined(operation: number, seen: Observation): [number, number] {
  if (operation === DOOR_OR) return [seen.low | seen.aLow, seen.high | seen.aHigh]
  if (operation === DOOR_AND) return [seen.low & seen.aLow, seen.high & seen.aHigh]
  const sum = wide(seen.low, seen.high) + wide(seen.aLow, seen.aHigh)
  return [Number(BigInt.asIntN(32, sum)), Number(BigInt.asIntN(32, sum >> 32n))]
}

const wide = (low: number, high: number): bigint => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)

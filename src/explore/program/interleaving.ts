// One interleaving at the level of BPF: C lines, accesses to map values, helper calls, results, in the order in which
// they happened on all CPUs. Made by replaying choices, then telling each operation by itself (narrate.ts).
import {
  DOOR_ADD,
  DOOR_AND,
  DOOR_COMPARE_EXCHANGE,
  DOOR_EXCHANGE,
  DOOR_NOTE,
  DOOR_OR,
  DOOR_STORE,
  DOOR_XOR,
} from '../../../core/abi.js'
import { errnoName } from '../../machine/errno.js'
import { helpers, kfuncs } from '../../machine/helpers.js'
import { prepared } from '../prepare.js'
import type { Subject } from '../subject.js'
import { STEP } from '../choices.js'
import type { World } from '../world.js'
import type { ProgramMachine } from './machine.js'
import { nameOf, nameOfBlock } from './names.js'
import { narrate, type Answer, type EventText } from './narrate.js'

export interface Row {
  /** Number of the CPU. */
  cpu: number
  operation: string
  /** Where in the source; undefined between programs. */
  function?: string
  file?: string
  line?: number
  source?: string
  /** `load hits[0] = 1`, `bpf_timer_start(flows[7].timer, …) = 0`, `returns 0`. */
  text: string
  /** Guest address of a store to a map value. */
  stored?: number
}

/** Pointers that helpers take and give mean the whole that begins there. */
const MOST_BYTES = 2 ** 31
const MOST_STEPS = 200_000

/**
 * Replays choices, lets CPU `first` (a position in the subject) and then the others go on to their ends, and tells it.
 */
export function interleaving(
  machine: ProgramMachine,
  subject: Subject,
  choices: readonly number[],
  first: number,
): Row[] {
  return prepared(subject, { full: true, replay: true }, (world) => {
    const calls = world.calls.map((): { answers: Answer[]; order: number[] } => ({ answers: [], order: [] }))
    let order = 0
    world.observer = ({ call, code, address, low, high }) => {
      calls[call]!.answers.push({ code, address, low, high })
      calls[call]!.order.push(order++)
    }
    for (const choice of choices) world.step(choice)
    goOn(world, first)
    const rows: { order: number; row: Row }[] = []
    world.calls.forEach(({ operation, cpu }, index) => {
      const { answers, order: times } = calls[index]!
      if (answers.length === 0) return
      const at = subject.cpus[cpu]!.as ?? cpu
      const { events } = narrate(machine, at, operation, answers)
      const lastBefore = (position: number): number => (position === 0 ? times[0]! - 0.5 : times[position - 1]! + 0.5)
      events.forEach(({ position, at: instruction, text }, event) => {
        // A call whose return comes next is one row.
        if (text.kind === 'call' && events[event + 1]?.text.kind === 'return') return
        const time = text.kind === 'access' || text.kind === 'fires' ? times[position]! : lastBefore(position)
        const line = text.kind === 'fires' ? undefined : machine.lineOf(instruction)
        rows.push({
          order: time,
          row: {
            cpu: at,
            operation: operation.name,
            ...(line ? { function: line.function, file: line.file, line: line.line, source: line.text } : {}),
            text: textOf(machine, text, events[event - 1]?.text.kind === 'call'),
            ...(text.kind === 'access' && text.old !== text.value ? { stored: text.address } : {}),
          },
        })
      })
      const result = world.resultNumber(index)
      if (result < 0) return
      const value = String(world.logs.values[result])
      const text = operation.name.startsWith('timers@') || value.startsWith('fault') ? value : `returns ${value}`
      rows.push({ order: times.at(-1)! + 0.9, row: { cpu: at, operation: operation.name, text } })
    })
    // Stable: what happened at one time on one CPU stays in its order.
    return rows.sort((a, b) => a.order - b.order).map(({ row }) => row)
  })
}

function goOn(world: World, first: number): void {
  const cpus = [first, ...Array.from({ length: world.cpuCount }, (_, cpu) => cpu).filter((cpu) => cpu !== first)]
  for (let step = 0; step < MOST_STEPS && world.violation === undefined; step++) {
    const cpu = cpus.find((one) => world.enabled((one << 3) | STEP))
    if (cpu === undefined) return
    world.step((cpu << 3) | STEP)
  }
}

const parametersOf = new Map([...helpers, ...kfuncs].map(({ name, parameters }) => [name, parameters]))
const WORDS: Record<number, string> = {
  [DOOR_ADD]: 'add',
  [DOOR_OR]: 'or',
  [DOOR_AND]: 'and',
  [DOOR_XOR]: 'xor',
  [DOOR_EXCHANGE]: 'exchange',
  [DOOR_COMPARE_EXCHANGE]: 'cmpxchg',
  [DOOR_STORE]: 'store',
  [DOOR_NOTE]: 'store',
}

function textOf(machine: ProgramMachine, text: EventText, whole: boolean): string {
  if (text.kind === 'access') {
    const place = nameOf(machine, text.address, text.width) ?? String(text.address)
    const word = WORDS[text.operation]
    if (word === undefined) return `load ${place}: ${shown(text.old)}`
    if (text.operation === DOOR_COMPARE_EXCHANGE && text.old !== BigInt.asUintN(text.width * 8, text.expected))
      return `cmpxchg ${place} fails: ${shown(text.old)} is not ${shown(text.expected)}`
    return `${word} ${place}: ${shown(text.old)} → ${shown(text.value)}`
  }
  if (text.kind === 'fires') return `takes ${nameOfBlock(machine, text.block)}, which is due`
  const args = text.args.slice(0, parametersOf.get(text.helper) ?? 5).map((arg) => argument(machine, arg))
  const call = `${text.helper}(${args.join(', ')})`
  if (text.kind === 'call') return `${call} begins`
  const result = resultText(machine, text.helper, text.result)
  return whole ? `${call} = ${result}` : `${text.helper} = ${result}`
}

const shown = (value: bigint): string => (value < 1n << 32n ? String(value) : `0x${value.toString(16)}`)

function argument(machine: ProgramMachine, value: bigint): string {
  if (value > 0xffffffffn) return shown(value)
  const number = Number(value)
  const map = machine.maps.find(({ address }) => address === number)
  const fn = machine.functionAt(number)
  if (map) return map.spec.name
  return fn ?? nameOf(machine, number, MOST_BYTES) ?? (machine.isGuest(number) ? '&…' : shown(value))
}

function resultText(machine: ProgramMachine, helper: string, value: bigint): string {
  if (helper === 'bpf_map_lookup_elem') {
    if (value === 0n) return 'NULL'
    return nameOf(machine, Number(value), MOST_BYTES) ?? shown(value)
  }
  const signed = BigInt.asIntN(32, value)
  return signed < 0n && signed > -4096n ? `-${errnoName(Number(signed))}` : shown(value)
}

// What is wrong in a state, whatever the order that led to it: a store that will overwrite what another CPU has written
// since the program loaded the value, and a timer that is freed although it was armed after the freeing run looked.
// Both are told from the state alone (memory, and the log of each running operation), so merging states loses none.
import { DOOR_OR, DOOR_RETRY } from '../../../core/abi.js'
import * as layout from '../../../core/layout.js'
import { isWordAccess, operationOf } from '../access.js'
import * as log from '../node.js'
import type { View } from '../subject.js'
import type { ProgramMachine } from './machine.js'
import { narrate, type Answer, type Known, type Narration, type Pending } from './narrate.js'
import { isIn, nameOf, nameOfBlock } from './names.js'

export type FindingKind = 'lost-update' | 'timer-lost'

/** Something wrong that is about to happen on a CPU. */
export interface Sighting {
  kind: FindingKind
  /** Equal for what is the same in the program. */
  key: string
  /** Position of the CPU in the subject. */
  cpu: number
  /** `flows[7].packets`. */
  place: string
  address: number
  /** Addresses of the instructions: of the load that is out of date (0 none), and of what does the damage. */
  loaded: number
  at: number
}

interface Fact {
  pending: Pending
  narration: Narration
}

const FREED = 0x7e0
const NEVER = (1n << 53n) - 1n

export class Findings {
  private readonly facts = new Map<number, Fact | null>()

  constructor(
    private readonly machine: ProgramMachine,
    /** Stage CPU by position in the subject. */
    private readonly cpus: readonly number[],
  ) {}

  /** What is about to go wrong in a state. */
  *seen(view: View): Generator<Sighting> {
    for (let cpu = 0; cpu < this.cpus.length; cpu++) {
      const node = view.node(cpu)
      if (node === 0 || !this.maybe(node)) continue
      let fact = this.facts.get(node)
      if (fact === undefined) this.facts.set(node, (fact = this.factOf(node, this.cpus[cpu]!)))
      if (fact === null) continue
      const sighting = fact.pending.own ? this.lostUpdate(fact, cpu, view) : this.timerLost(fact, cpu, view)
      if (sighting) yield sighting
    }
  }

  // Quickly: is the next access of the node one that can do damage?
  private maybe(node: number): boolean {
    const { nodes } = this.machine.stage.logs
    const at = node * log.NODE_STRIDE
    if (nodes[at + log.NODE_STATUS] !== log.ACCESS) return false
    const code = nodes[at + log.NODE_CODE]!
    const address = nodes[at + log.NODE_ADDRESS]!
    const operation = operationOf(code)
    if (operation === DOOR_OR)
      return this.machine.blockOfState(address) !== undefined && (nodes[at + log.NODE_A_LOW]! & FREED) === FREED
    return isWordAccess(operation) && this.machine.maps.some((map) => isIn(this.machine, map, address))
  }

  private factOf(node: number, cpu: number): Fact | null {
    const { logs } = this.machine.stage
    const narration = narrate(this.machine, cpu, logs.operationOf(node), this.answersOf(node))
    const { pending } = narration
    if (!pending || (pending.own && !pending.depends)) return null
    return { pending, narration }
  }

  private answersOf(node: number): Answer[] {
    const { nodes } = this.machine.stage.logs
    const answers: Answer[] = []
    for (let n = node; nodes[n * log.NODE_STRIDE + log.NODE_PARENT] !== 0;) {
      const low = nodes[n * log.NODE_STRIDE + log.NODE_LOW]!
      const high = nodes[n * log.NODE_STRIDE + log.NODE_HIGH]!
      n = nodes[n * log.NODE_STRIDE + log.NODE_PARENT]!
      const code = nodes[n * log.NODE_STRIDE + log.NODE_CODE]!
      if (operationOf(code) === DOOR_RETRY) continue
      answers.push({ code, address: nodes[n * log.NODE_STRIDE + log.NODE_ADDRESS]!, low, high })
    }
    return answers.reverse()
  }

  private lostUpdate({ pending }: Fact, cpu: number, view: View): Sighting | undefined {
    const { address, at } = pending
    const known = pending.depends!
    if (!this.changed(view, address, known)) return undefined
    const place = nameOf(this.machine, address, known.width) ?? String(address)
    return { kind: 'lost-update', key: `lost-update ${known.at} ${at}`, cpu, place, address, loaded: known.at, at }
  }

  private changed(view: View, address: number, known: Known): boolean {
    const low = view.load32(address & ~3)
    if (known.width === 8) return (low | 0) !== known.low || (view.load32(address + 4) | 0) !== known.high
    const mask = known.width === 4 ? -1 : (1 << (known.width * 8)) - 1
    return ((low >>> ((address & 3) * 8)) & mask) !== (known.low & mask)
  }

  // A timer that is armed while it is freed, which the freeing run cannot have meant: it is the timer's own callback
  // (so somebody armed it again since it fired), or it has read a value of the element that has changed since.
  private timerLost({ pending, narration }: Fact, cpu: number, view: View): Sighting | undefined {
    const block = pending.address - layout.CB_STATE
    const state = view.load64(pending.address)
    const armed = state >> 11n
    if (armed === 0n || armed === NEVER || (Number(state & 0x7e0n) & FREED) === FREED) return undefined
    if (narration.states.get(pending.address) === state) return undefined
    const area = this.machine.areas + this.cpus[cpu]! * layout.CPU_BYTES
    const own = (state & 0x18n) !== 0n && view.load32(area + layout.CPU_CURRENT) === block
    const owner = (view.load32(block + layout.CB_MAP) & ~layout.OWNER_LOW) >>> 0
    const map = this.machine.maps.find((one) => one.address === owner)
    if (!map) return undefined
    const value = map.elements + view.load32(block + layout.CB_ELEMENT) * map.stride
    const stale = [...narration.known].find(
      ([address, known]) =>
        address >= value && address < value + map.spec.valueSize && this.changed(view, address, known),
    )
    if (!own && !stale) return undefined
    return {
      kind: 'timer-lost',
      key: `timer-lost ${pending.at}`,
      cpu,
      place: nameOfBlock(this.machine, block),
      address: block,
      loaded: stale?.[1].at ?? 0,
      at: pending.at,
    }
  }
}

// What a step does to a state: performs the pending access of a CPU, and goes on through accesses that need no
// scheduling point. The inner loop of every search: for a word access there is no allocation and no bigint. Owned by a
// World.
import {
  DOOR_COPY,
  DOOR_FILL,
  DOOR_MAY_FAIL,
  DOOR_NOW,
  DOOR_SLEEP,
  DOOR_WAIT_WHILE,
  DOOR_WAKE,
} from '../../core/abi.js'
import { checkRange, isWordAccess, operationOf, perform, result, Violation, widthOf } from './access.js'
import type { Choices } from './choices.js'
import { ASLEEP, CALL, DEPTH, NODE, PLAIN_SET, STATUS, WOKEN } from './control.js'
import type { Control } from './control.js'
import { checkPoison, isPoisoned, special } from './effects.js'
import { DOOR_CLEANSE, DOOR_POISON, DOOR_STOPPED } from './executor.js'
import type { Independence } from './independence.js'
import type { Leaps } from './leaps.js'
import type { LogTree } from './log.js'
import * as log from './node.js'
import type { Observation } from './observation.js'
import { PlainSets } from './races.js'
import { raceText } from './rules.js'
import type { Sharing } from './sharing.js'
import type { Stage } from './stage.js'
import type { Subject } from './subject.js'
import type { Words } from './words.js'

const waits = (operation: number): boolean => operation === DOOR_SLEEP || operation === DOOR_WAIT_WHILE

/** Quiet accesses in a row after which a loop is taken to be endless. */
const QUIET_LIMIT = 100_000

export class Steps {
  /** What the last step violated. */
  violation: string | undefined
  /** Most own steps of each call so far. */
  readonly ownSteps: number[]
  /** A violation by a race may be an order that a word established which is not known to be shared yet: learn first. */
  doubtful = false
  /** The present access is refused for a race, which is said of both. */
  private raced = false
  /** Accesses that the last step made. */
  accesses = 0
  /** Told of every access; for traces only. */
  observer: ((observation: Observation) => void) | undefined
  /** Sets of plain accesses by number. */
  readonly plain = new PlainSets()
  private readonly stage: Stage
  private readonly sharing: Sharing
  private readonly independence: Independence
  private readonly leaps: Leaps
  private readonly ordered: boolean
  private readonly maxSteps: number
  /** CPUs that have choices beside their next step, which a quiet access must not pass over. */
  private readonly guarded: boolean[]

  constructor(
    private readonly subject: Subject,
    private readonly control: Control,
    private readonly choices: Choices,
    private readonly words: Words,
    private readonly logs: LogTree,
    private readonly full: boolean,
  ) {
    this.stage = subject.stage
    this.sharing = this.stage.sharing
    this.independence = this.stage.independence
    this.leaps = this.stage.leaps
    this.ordered = subject.model !== undefined
    this.maxSteps = subject.maxSteps ?? 10_000
    this.ownSteps = control.calls.map(() => 0)
    this.guarded = control.scripts.map(({ nmiCount, mayStop }) => nmiCount > 0 || mayStop)
    control.roots.forEach((root, call) => this.watch(call, root))
  }

  /**
   * Performs the pending access of the innermost operation of a CPU, and those after it that need no scheduling point.
   */
  run(cpu: number, at: number): void {
    this.violation = undefined
    this.accesses = 0
    do this.through(cpu, at)
    while (this.goesOn(cpu, at))
  }

  // Whether the CPU stands before an access that needs no scheduling point: an operation has ended, the one below goes
  // on.
  private goesOn(cpu: number, at: number): boolean {
    const { words } = this.words
    const depth = words[at + DEPTH]!
    if (depth === 0 || this.full || this.violation !== undefined) return false
    return this.choices.quiet(cpu, words[at + NODE + depth - 1]!) && !this.choices.interruptible(cpu, at)
  }

  // The innermost operation up to its next scheduling point or to its end.
  private through(cpu: number, at: number): void {
    const { words, logs, full } = this
    const depth = words.words[at + DEPTH]!
    const call = words.words[at + CALL + depth - 1]!
    let node = words.words[at + NODE + depth - 1]!
    const before = this.accesses
    while (logs.nodes[node * log.NODE_STRIDE + log.NODE_STATUS] === log.ACCESS) {
      this.leaps.passes(node)
      let refused = false
      try {
        if (!this.access(cpu, call, at, node)) return
      } catch (thrown) {
        if (!(thrown instanceof Violation)) throw thrown
        this.violation = `${this.control.calls[call]!.operation.name}: ${thrown.message}`
        result.low = result.high = 0
        refused = !this.raced
        this.raced = false
      }
      const { low, high } = result
      if (this.accesses === before) this.begins(call)
      const next = logs.child(node, low, high)
      this.accesses++
      if (this.observer !== undefined) this.observe(cpu, depth, call, node, low, high, next, refused)
      node = next
      if (full || this.violation !== undefined) break
      // Before its first step an operation is not interrupted, after it at every one or at none.
      let glides = this.observer === undefined
      if (this.guarded[cpu] === true) {
        if (!this.choices.quiet(cpu, node)) break
        words.put(at + NODE + depth - 1, node)
        if (this.choices.interruptible(cpu, at)) break
        glides &&= logs.nodes[node * log.NODE_STRIDE + log.NODE_STEPS]! > 0 && !this.choices.mayStillStop(cpu)
      }
      if (glides) node = this.glide(cpu, call, node)
      if (!this.choices.quiet(cpu, node) || logs.nodes[node * log.NODE_STRIDE + log.NODE_STEPS]! > this.maxSteps) break
      if (this.accesses - before > QUIET_LIMIT) this.violation = 'an endless loop of plain accesses'
    }
    words.put(at + NODE + depth - 1, node)
    this.settle(cpu, at, call, node)
  }

  // Makes the next accesses of an operation that has begun, as long as all that there is to ask of them is known: most
  // of a search is spent here. Returns the node after them. Only where the CPU has no other choices on the way.
  private glide(cpu: number, call: number, node: number): number {
    const { logs, words, independence } = this
    const reading = this.choices.pending(cpu, false)
    const writing = this.choices.pending(cpu, true)
    for (;;) {
      const { nodes } = logs
      const n = node * log.NODE_STRIDE
      if (nodes[n + log.NODE_STATUS] !== log.ACCESS || nodes[n + log.NODE_STEPS]! > this.maxSteps) return node
      const flags = nodes[n + log.NODE_FLAGS]!
      const calls = flags & log.WRITES ? writing : reading
      if (!independence.settled(node, call, calls, (flags & log.PLAIN) !== 0)) return node
      const address = nodes[n + log.NODE_ADDRESS]!
      if (this.stage.poisoned && isPoisoned(this.stage, address, flags & log.WIDE ? 8 : 1)) return node
      this.leaps.passes(node)
      if (flags & (log.WRITES | log.NARROW)) {
        perform(
          words,
          nodes[n + log.NODE_CODE]!,
          address,
          nodes[n + log.NODE_A_LOW]!,
          nodes[n + log.NODE_A_HIGH]!,
          nodes[n + log.NODE_B_LOW]!,
          nodes[n + log.NODE_B_HIGH]!,
        )
        node = logs.child(node, result.low, result.high)
      } else {
        const index = address >>> 2
        node = logs.child(node, words.words[index]!, flags & log.WIDE ? words.words[index + 1]! : 0)
      }
      this.accesses++
    }
  }

  // Notes which calls had ended when this one made its first access.
  private begins(call: number): void {
    const { control, words } = this
    const mask = control.results + call * 2 + 1
    if (this.ordered && words.words[mask] === 0) words.put(mask, words.words[control.done]! | 0x80000000)
  }

  // Performs one access; what it gives is left in `result`. False if the CPU falls asleep in it.
  private access(cpu: number, call: number, at: number, node: number): boolean {
    const { nodes } = this.logs
    const n = node * log.NODE_STRIDE
    const flags = nodes[n + log.NODE_FLAGS]!
    if (!(flags & log.WORD)) return this.accessOther(cpu, call, at, n)
    const address = nodes[n + log.NODE_ADDRESS]!
    const code = nodes[n + log.NODE_CODE]!
    if (this.stage.poisoned) checkPoison(this.subject, address, widthOf(code))
    this.independence.touch(node, call)
    this.checkRaces(cpu, call, at, node, flags)
    perform(
      this.words,
      code,
      address,
      nodes[n + log.NODE_A_LOW]!,
      nodes[n + log.NODE_A_HIGH]!,
      nodes[n + log.NODE_B_LOW]!,
      nodes[n + log.NODE_B_HIGH]!,
    )
    return true
  }

  // Accesses that are not to one word, or not to memory.
  private accessOther(cpu: number, call: number, at: number, n: number): boolean {
    const { nodes } = this.logs
    const { words } = this.words
    const { hidden, limit } = this.stage
    const code = nodes[n + log.NODE_CODE]!
    const address = nodes[n + log.NODE_ADDRESS]!
    const a = nodes[n + log.NODE_A_LOW]!
    const length = nodes[n + log.NODE_B_LOW]! >>> 0
    const operation = operationOf(code)
    // A word access comes here only if it is out of range: this refuses it.
    if (isWordAccess(operation) || waits(operation)) checkRange(address >>> 0, widthOf(code), widthOf(code), limit)
    if (!(nodes[n + log.NODE_FLAGS]! & (log.QUIET | log.FAILS))) this.words.put(at + PLAIN_SET, 0)
    result.low = result.high = 0
    if (operation !== DOOR_NOW && operation !== DOOR_MAY_FAIL && operation !== DOOR_WAIT_WHILE) this.leaps.gives()
    switch (operation) {
      case DOOR_SLEEP:
        if (words[address >>> 2] !== a && words[at + STATUS] !== WOKEN) result.low = 1
        else if (words[at + STATUS] !== WOKEN) {
          this.words.put(at + STATUS, ASLEEP)
          return false
        }
        this.words.put(at + STATUS, 0)
        break
      case DOOR_WAIT_WHILE:
        break
      case DOOR_WAKE:
        this.wake(address)
        break
      case DOOR_NOW:
        result.low = words[hidden]!
        result.high = words[hidden + 1]!
        break
      case DOOR_STOPPED:
        result.low = words[hidden + 2]!
        break
      default:
        if (operation === DOOR_POISON || operation === DOOR_CLEANSE) this.sharing.free(call, address, a)
        special(this.subject, code, address, a, nodes[n + log.NODE_A_HIGH]!, length)
        if (operation === DOOR_FILL || operation === DOOR_COPY) this.takesRange(cpu, call, address, length, true)
        if (operation === DOOR_COPY) this.takesRange(cpu, call, a, length, false)
    }
    return true
  }

  // A fill or a copy writes, or a copy reads, these bytes.
  private takesRange(cpu: number, call: number, address: number, length: number, write: boolean): void {
    this.sharing.touchAll(call, address, length, write)
    const raced = this.control.racedWithin(cpu, this.plain, address, length, write)
    if (raced) this.race(raced.address, raced.cpu)
  }

  private race(address: number, other: number): never {
    this.doubtful = this.sharing.grown > 0 && !this.full
    this.raced = true
    throw new Violation(raceText(this.subject, address, other))
  }

  /** Ends the sleep of a CPU by its time limit, or lets its allocation fail. */
  timeOut(cpu: number, at: number): void {
    const { words, logs } = this
    this.violation = undefined
    words.put(at + STATUS, 0)
    const depth = words.words[at + DEPTH]!
    const call = words.words[at + CALL + depth - 1]!
    const node = words.words[at + NODE + depth - 1]!
    this.begins(call)
    this.accesses = 1
    const answer = this.choices.mayFail(node) ? 1 : 2
    const next = logs.child(node, answer, 0)
    if (this.observer !== undefined) this.observe(cpu, depth, call, node, answer, 0, next)
    words.put(at + NODE + depth - 1, next)
    this.settle(cpu, at, call, next)
    while (this.goesOn(cpu, at)) this.through(cpu, at)
  }

  private wake(address: number): void {
    const { words } = this.words
    for (let cpu = 0; cpu < this.control.cpuCount; cpu++) {
      const at = this.control.cpu(cpu)
      if (words[at + STATUS] !== ASLEEP) continue
      const node = words[at + NODE]! * log.NODE_STRIDE
      if (this.logs.nodes[node + log.NODE_ADDRESS] === address) this.words.put(at + STATUS, WOKEN)
    }
  }

  private checkRaces(cpu: number, call: number, at: number, node: number, flags: number): void {
    const { independence } = this
    const { words } = this.words
    const write = (flags & log.WRITES) !== 0
    const set = words[at + PLAIN_SET]!
    // What only one CPU uses races with nobody.
    if (!this.full && !independence.meets(node, this.control.others[cpu]!)) {
      if (set !== 0 || flags & log.PLAIN) independence.passes(node, this.choices.pending(cpu, write))
      if (!(flags & log.TURN)) independence.madeAlone(node, call)
      return
    }
    const n = node * log.NODE_STRIDE
    const code = this.logs.nodes[n + log.NODE_CODE]!
    const address = this.logs.nodes[n + log.NODE_ADDRESS]!
    this.leaps.compares(node)
    const other = this.control.raced(cpu, this.plain, code, address)
    if (other >= 0) this.race(address, other)
    if (set === 0 && !(flags & log.PLAIN)) return
    const pending = this.choices.pending(cpu, write)
    if (pending === 0) this.words.put(at + PLAIN_SET, 0)
    else if (flags & log.PLAIN) this.words.put(at + PLAIN_SET, this.plain.add(set, code, address))
    else {
      // Only what somebody may still read or write after it orders what was plain before it.
      if (this.full || independence.meets(node, pending)) this.words.put(at + PLAIN_SET, 0)
      else independence.passes(node, pending)
    }
  }

  // Ends the operation if its node says so.
  private settle(cpu: number, at: number, call: number, node: number): void {
    const { nodes } = this.logs
    const n = node * log.NODE_STRIDE
    const steps = nodes[n + log.NODE_STEPS]!
    const { operation } = this.control.calls[call]!
    if (steps > this.ownSteps[call]!) {
      this.ownSteps[call] = steps
      if (steps > this.maxSteps) this.violation ??= `${operation.name} took more than ${this.maxSteps} own steps`
    }
    const status = nodes[n + log.NODE_STATUS]!
    if (status === log.ACCESS) {
      if (!(nodes[n + log.NODE_FLAGS]! & log.WORD)) this.watch(call, node)
      return
    }
    if (status === log.BROKEN) {
      this.violation ??= `${operation.name}: ${this.logs.messages[nodes[n + log.NODE_CODE]!]}`
      return
    }
    this.control.pop(at, call, nodes[n + log.NODE_CODE]!)
  }

  // Who waits for a word uses it, even if its wait never ends.
  private watch(call: number, node: number): void {
    const { nodes } = this.logs
    const n = node * log.NODE_STRIDE
    const operation = operationOf(nodes[n + log.NODE_CODE]!)
    if (nodes[n + log.NODE_STATUS] !== log.ACCESS) return
    if (!waits(operation)) return
    const address = nodes[n + log.NODE_ADDRESS]!
    if (address >= 0 && address + 4 <= this.stage.limit) this.sharing.touch(call, address, false, false)
  }

  private observe(
    cpu: number,
    depth: number,
    call: number,
    node: number,
    low: number,
    high: number,
    next: number,
    refused = false,
  ): void {
    const { nodes } = this.logs
    const n = node * log.NODE_STRIDE
    this.observer!({
      cpu,
      depth,
      call,
      code: nodes[n + log.NODE_CODE]!,
      address: nodes[n + log.NODE_ADDRESS]!,
      aLow: nodes[n + log.NODE_A_LOW]!,
      aHigh: nodes[n + log.NODE_A_HIGH]!,
      bLow: nodes[n + log.NODE_B_LOW]!,
      bHigh: nodes[n + log.NODE_B_HIGH]!,
      low,
      high,
      node,
      ended: !refused && nodes[next * log.NODE_STRIDE + log.NODE_STATUS] === log.FINISHED,
      refused,
    })
  }
}

// The tree of logs: a node is one operation on one CPU with the results of its accesses so far. Nodes are numbered, so
// a running operation is one number in the state, and the next access of a node is found by running the compiled code
// only once. A retry loop closes: the node after a repeated `retry` is the node after the first. Owned by a Stage.
import { DOOR_MAY_FAIL, DOOR_NOW, DOOR_RETRY } from '../../core/abi.js'
import {
  isPlain,
  isWordAccess,
  mayWrite,
  onlyWrites,
  operationOf,
  perform,
  result,
  Violation,
  widthOf,
} from './access.js'
import { GuestFault, UNWOUND } from './executor.js'
import type { Cpu, Executor } from './executor.js'
import {
  ACCESS,
  BLIND,
  BROKEN,
  FAILS,
  FINISHED,
  LOOP_HEAD,
  NARROW,
  NODE_ADDRESS,
  NODE_ALIAS,
  NODE_A_HIGH,
  NODE_A_LOW,
  NODE_B_HIGH,
  NODE_B_LOW,
  NODE_CODE,
  NODE_FIRST_CHILD,
  NODE_FLAGS,
  NODE_HIGH,
  NODE_LAST_CHILD,
  NODE_LOW,
  NODE_PARENT,
  NODE_PHANTOM,
  NODE_ROOT,
  NODE_SHADOW,
  NODE_SIBLING,
  NODE_SITE,
  NODE_STATUS,
  NODE_STEPS,
  NODE_STRIDE,
  NODE_WROTE,
  NodeTable,
  PLAIN,
  QUIET,
  TURN,
  WIDE,
  WORD,
  WRITES,
} from './node.js'
import type { Operation, Value } from './subject.js'
import type { Words } from './words.js'

/** Own steps beyond which a run does not go ahead of the search. */
const MOST_AHEAD = 50_000
/**
 * Turns of a retry loop that are made at once, each by a run that goes ahead. A loop whose turns write, such as one
 * that passes over what it finds, would make turns for ever: what one run writes is taken back before the next.
 */
const MOST_TURNS = 8

interface Root {
  operation: Operation
  cpu: Cpu
}

export class LogTree extends NodeTable {
  readonly values: Value[] = [undefined]
  readonly messages: string[] = []
  /** Call sites of accesses, by number (with coverage), and of retries. */
  readonly sites: string[] = ['']
  /** Whether call sites of all accesses are recorded. */
  recordSites = false
  /** Whether the clock stands still, so that reading it needs no scheduling point. */
  clockStandsStill = true
  /** Operations that were seen to take a further turn of a retry loop: their own steps are those of one turn. */
  readonly repeated = new Set<Operation>()
  /** Runs of compiled code so far. */
  runs = 0
  private readonly roots: Root[] = []
  private readonly rootNodes = new Map<Operation, Int32Array>()
  private readonly valueNumbers = new Map<string, number>()
  private readonly siteNumbers = new Map<string, number>([['', 0]])
  private turns = 0

  constructor(
    private readonly executor: Executor,
    private readonly memory: Words,
    /** Word index of the clock; word accesses end before it. */
    private readonly clock: number,
  ) {
    super()
  }

  /** The node of an operation that has not begun, on a CPU. */
  root(operation: Operation, cpu: Cpu): number {
    let perCpu = this.rootNodes.get(operation)
    if (perCpu === undefined) this.rootNodes.set(operation, (perCpu = new Int32Array(64)))
    if (perCpu[cpu.index] === 0) {
      this.roots.push({ operation, cpu })
      const node = this.allocate(0, 0, 0, this.roots.length - 1)
      this.execute(node)
      for (let made = node, last = this.count; made < last; made++) this.attach(made)
      perCpu[cpu.index] = this.resolve(node * NODE_STRIDE)
    }
    return perCpu[cpu.index]!
  }

  /** The operation that a node belongs to. */
  operationOf(node: number): Operation {
    return this.roots[this.nodes[node * NODE_STRIDE + NODE_ROOT]!]!.operation
  }

  /** The node after the pending access of `node` has found this in memory. */
  child(node: number, low: number, high: number): number {
    const { nodes } = this
    if (nodes[node * NODE_STRIDE + NODE_FLAGS]! & BLIND) low = high = 0
    const last = nodes[node * NODE_STRIDE + NODE_LAST_CHILD]! * NODE_STRIDE
    if (last !== 0 && nodes[last + NODE_LOW] === low && nodes[last + NODE_HIGH] === high) return this.resolve(last)
    const found = this.raw(node, low, high)
    this.nodes[node * NODE_STRIDE + NODE_LAST_CHILD] = found
    return this.resolve(found * NODE_STRIDE)
  }

  /** Number of a value; equal values have equal numbers. */
  valueNumber(value: Value): number {
    const key = `${typeof value} ${String(value)}`
    let number = this.valueNumbers.get(key)
    if (number === undefined) {
      number = this.values.push(value) - 1
      this.valueNumbers.set(key, number)
    }
    return number
  }

  private resolve(at: number): number {
    return this.nodes[at + NODE_ALIAS]! || at / NODE_STRIDE
  }

  // The node itself, without following a retry. `twin`: the node of the first turn that a phantom is to be compared
  // with.
  private raw(node: number, low: number, high: number, twin = 0): number {
    const known = this.known(node, low, high)
    if (known !== 0) return known
    const first = this.insert(node, low, high)
    this.turns++
    this.execute(first, twin)
    for (let made = first, last = this.count; made < last; made++) this.attach(made)
    this.turns--
    return first
  }

  // A node was executed: a retry is followed, and a further turn of a loop is compared with the first.
  private attach(node: number): void {
    const at = node * NODE_STRIDE
    if (this.nodes[at + NODE_PHANTOM] === 1) return
    this.settle(node)
    const shadow = this.nodes[this.nodes[at + NODE_PARENT]! * NODE_STRIDE + NODE_SHADOW]!
    if (shadow !== 0) this.follow(node, this.raw(shadow, this.nodes[at + NODE_LOW]!, this.nodes[at + NODE_HIGH]!, node))
  }

  // Runs the operation with the node's log and records its next access, or its end. Then runs ahead: as long as nothing
  // has to be waited for, it performs the accesses on the present memory, takes them back at the end, and keeps the
  // nodes that this made: the search will want most of them, and one run of the code has made them all. A phantom is
  // given the results that its twin was given instead, as far as it does what its twin does.
  private execute(node: number, twin = 0): void {
    const { executor, memory } = this
    this.loadLog(node)
    const { operation, cpu } = this.roots[this.nodes[node * NODE_STRIDE + NODE_ROOT]!]!
    executor.wantStack = this.recordSites
    this.runs++
    cpu.restoreGlobals()
    const mark = memory.mark()
    const phantom = this.nodes[node * NODE_STRIDE + NODE_PHANTOM] === 1
    let at = node
    executor.beyond = () => {
      this.recordAccess(at)
      if (phantom) twin = this.answerAs(twin, at)
      if (phantom ? twin === 0 : this.turns > MOST_TURNS || !this.ahead(at)) return false
      at = this.known(at, result.low, result.high) || this.insert(at, result.low, result.high)
      const status = this.nodes[at * NODE_STRIDE + NODE_STATUS]
      return status === 0 || status === ACCESS
    }
    let outcome: unknown
    let status = FINISHED
    try {
      outcome = executor.replay(() => operation.run(cpu))
    } catch (thrown) {
      if (thrown instanceof GuestFault && operation.mayFault === true) outcome = `fault ${thrown.kind}`
      else {
        status = BROKEN
        outcome = describe(thrown)
      }
    }
    memory.rollback(mark)
    if (outcome === UNWOUND) return
    this.nodes[at * NODE_STRIDE + NODE_STATUS] = status
    this.nodes[at * NODE_STRIDE + NODE_CODE] =
      status === FINISHED ? this.valueNumber(outcome as Value) : this.messageNumber(outcome as string)
  }

  private loadLog(node: number): void {
    const { executor } = this
    let depth = 0
    for (let n = node; this.nodes[n * NODE_STRIDE + NODE_PARENT] !== 0; n = this.nodes[n * NODE_STRIDE + NODE_PARENT]!)
      depth++
    executor.replayLength(depth)
    for (let n = node, i = depth - 1; i >= 0; i--) {
      const at = n * NODE_STRIDE
      executor.log[i * 2] = this.nodes[at + NODE_LOW]!
      executor.log[i * 2 + 1] = this.nodes[at + NODE_HIGH]!
      n = this.nodes[at + NODE_PARENT]!
      executor.codes[i] = this.nodes[n * NODE_STRIDE + NODE_CODE]!
      executor.addresses[i] = this.nodes[n * NODE_STRIDE + NODE_ADDRESS]!
      for (let operand = 0; operand < 4; operand++)
        executor.operands[i * 4 + operand] = this.nodes[n * NODE_STRIDE + NODE_A_LOW + operand]!
    }
  }

  // The access at which the executor stands is the next one of the node.
  private recordAccess(node: number): void {
    const { nodes, executor } = this
    const at = node * NODE_STRIDE
    const { code } = executor
    const operation = operationOf(code)
    nodes[at + NODE_STATUS] = operation === DOOR_RETRY ? LOOP_HEAD : ACCESS
    nodes[at + NODE_CODE] = code
    nodes[at + NODE_ADDRESS] = executor.address
    nodes[at + NODE_A_LOW] = executor.aLow
    nodes[at + NODE_A_HIGH] = executor.aHigh
    nodes[at + NODE_B_LOW] = executor.bLow
    nodes[at + NODE_B_HIGH] = executor.bHigh
    const above = nodes[at + NODE_PARENT]! * NODE_STRIDE
    const turn = nodes[above + NODE_STATUS] === LOOP_HEAD ? TURN : 0
    nodes[at + NODE_FLAGS] = this.flagsOf(code, executor.address) | turn
    if (this.recordSites || operation === DOOR_RETRY) nodes[at + NODE_SITE] = this.siteNumber(executor.stack)
  }

  private flagsOf(code: number, address: number): number {
    const operation = operationOf(code)
    if (operation === DOOR_NOW) return this.clockStandsStill ? QUIET : 0
    if (operation === DOOR_MAY_FAIL) return FAILS
    if (!isWordAccess(operation)) return 0
    const plain = isPlain(operation) ? PLAIN | QUIET : 0
    const writes = (mayWrite(operation) ? WRITES : 0) | (onlyWrites(operation) ? BLIND : 0)
    const width = widthOf(code)
    const size = width === 8 ? WIDE : width < 4 ? NARROW : 0
    return plain | writes | size | (this.inRange(code, address) ? WORD : 0)
  }

  private inRange(code: number, address: number): boolean {
    const width = widthOf(code)
    return address >= 0 && address % width === 0 && address + width <= this.clock * 4
  }

  // Performs the access at which the executor stands on the present memory; false if that cannot be told yet.
  private ahead(node: number): boolean {
    const { executor, memory } = this
    const { code, address } = executor
    const operation = operationOf(code)
    if (this.nodes[node * NODE_STRIDE + NODE_STEPS]! > MOST_AHEAD) return false
    if (operation === DOOR_NOW) {
      result.low = memory.words[this.clock]!
      result.high = memory.words[this.clock + 1]!
      return true
    }
    if (operation === DOOR_MAY_FAIL) {
      result.low = result.high = 0
      return true
    }
    if (!isWordAccess(operation)) return false
    if (!this.inRange(code, address)) return false
    perform(memory, code, address, executor.aLow, executor.aHigh, executor.bLow, executor.bHigh)
    if (onlyWrites(operation)) result.low = result.high = 0
    return true
  }

  // The access at which the executor stands, that of a phantom, gets the result of an access of its twin which the
  // phantom has not got yet. Returns the twin after that; 0 if there is none, or the two are not the same.
  private answerAs(twin: number, phantom: number): number {
    const { nodes } = this
    if (twin === 0 || nodes[twin * NODE_STRIDE + NODE_STATUS] !== ACCESS || !this.sameAccess(twin, phantom)) return 0
    for (let after = nodes[twin * NODE_STRIDE + NODE_FIRST_CHILD]!; after !== 0;) {
      const c = after * NODE_STRIDE
      result.low = nodes[c + NODE_LOW]!
      result.high = nodes[c + NODE_HIGH]!
      if (nodes[c + NODE_STATUS] !== 0 && this.known(phantom, result.low, result.high) === 0) return after
      after = nodes[c + NODE_SIBLING]!
    }
    return 0
  }

  private messageNumber(message: string): number {
    const known = this.messages.indexOf(message)
    return known >= 0 ? known : this.messages.push(message) - 1
  }

  private siteNumber(stack: string): number {
    let number = this.siteNumbers.get(stack)
    if (number === undefined) {
      number = this.sites.push(stack) - 1
      this.siteNumbers.set(stack, number)
    }
    return number
  }

  // A node that stands at `retry`: it is the same as the node after its loop's start, if it is a further turn of that
  // loop; else the node after it. Returns what the node stands for.
  private settle(node: number): number {
    if (this.nodes[node * NODE_STRIDE + NODE_STATUS] !== LOOP_HEAD) return node
    const above = this.nodes[node * NODE_STRIDE + NODE_PARENT]! * NODE_STRIDE
    if (
      this.nodes[above + NODE_STATUS] === LOOP_HEAD &&
      this.nodes[above + NODE_SITE] === this.nodes[node * NODE_STRIDE + NODE_SITE]
    ) {
      this.nodes[node * NODE_STRIDE + NODE_STATUS] = BROKEN
      this.nodes[node * NODE_STRIDE + NODE_CODE] = this.messageNumber('a retry loop without any access')
      return node
    }
    const start = this.loopStart(node)
    if (start === 0) return this.alias(node, this.raw(node, 0, 0))
    const first = this.raw(start, 0, 0)
    const after = this.insert(node, 0, 0)
    this.nodes[after * NODE_STRIDE + NODE_PHANTOM] = 1
    this.execute(after, first)
    if (this.sameAccess(after, first)) {
      this.repeated.add(this.operationOf(node))
      const resolved = this.alias(node, first)
      this.follow(first, after)
      return resolved
    }
    this.nodes[after * NODE_STRIDE + NODE_PHANTOM] = 0
    this.settle(after)
    return this.alias(node, after)
  }

  private alias(node: number, other: number): number {
    return (this.nodes[node * NODE_STRIDE + NODE_ALIAS] = this.resolve(other * NODE_STRIDE))
  }

  // The nearest earlier `retry` of the same call stack. Two separate calls have the same stack too: they are told apart
  // by the turn that the caller names, or else by a write in between (a turn that failed has written nothing).
  private loopStart(node: number): number {
    const { nodes } = this
    const turn = nodes[node * NODE_STRIDE + NODE_A_LOW]!
    if (turn === 1) return 0
    const site = nodes[node * NODE_STRIDE + NODE_SITE]
    for (let n = node; nodes[n * NODE_STRIDE + NODE_PARENT] !== 0;) {
      if (turn === 0 && nodes[n * NODE_STRIDE + NODE_WROTE] === 1) return 0
      n = nodes[n * NODE_STRIDE + NODE_PARENT]!
      const at = n * NODE_STRIDE
      if (nodes[at + NODE_STATUS] === LOOP_HEAD && nodes[at + NODE_SITE] === site) return n
    }
    return 0
  }

  private sameAccess(one: number, other: number): boolean {
    for (const field of [NODE_STATUS, NODE_CODE, NODE_ADDRESS, NODE_A_LOW, NODE_A_HIGH, NODE_B_LOW, NODE_B_HIGH])
      if (this.nodes[one * NODE_STRIDE + field] !== this.nodes[other * NODE_STRIDE + field]) return false
    return true
  }

  // From here on `shadow` must do exactly what `node` does: a retry loop may carry nothing from one turn to the next.
  private follow(node: number, shadow: number): void {
    if (node === shadow) return
    if (!this.sameAccess(node, shadow))
      throw new Violation(
        `a retry loop of ${this.operationOf(node).name} carries something from one turn to the next\n${this.sites[this.nodes[node * NODE_STRIDE + NODE_SITE]!]}`,
      )
    if (this.nodes[node * NODE_STRIDE + NODE_STATUS] !== ACCESS || this.nodes[node * NODE_STRIDE + NODE_SHADOW] !== 0)
      return
    this.nodes[node * NODE_STRIDE + NODE_SHADOW] = shadow
    for (let c = this.nodes[node * NODE_STRIDE + NODE_FIRST_CHILD]!; c !== 0;) {
      const low = this.nodes[c * NODE_STRIDE + NODE_LOW]!
      const high = this.nodes[c * NODE_STRIDE + NODE_HIGH]!
      if (this.nodes[c * NODE_STRIDE + NODE_STATUS] !== 0) this.follow(c, this.raw(shadow, low, high, c))
      c = this.nodes[c * NODE_STRIDE + NODE_SIBLING]!
    }
  }
}

function describe(thrown: unknown): string {
  if (thrown instanceof GuestFault) return `fault ${thrown.kind} (detail 0x${thrown.detail.toString(16)})`
  if (thrown instanceof Violation) return thrown.message
  if (thrown instanceof WebAssembly.RuntimeError) return `trap: ${thrown.message}`
  if (!(thrown instanceof Error)) return String(thrown)
  // Where it was thrown, if that is a line of a file.
  const [, place] = /\n\s+at .*?([^/\s(]+:\d+):\d+\)?$/m.exec(thrown.stack ?? '') ?? []
  return `${thrown.name}: ${thrown.message}${place === undefined ? '' : ` (${place})`}`
}

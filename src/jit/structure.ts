// Reducible graph -> structured wasm, after Ramsey, "Beyond Relooper" (ICFP 2022): walk the dominator tree; a block
// with several forward entries gets a wasm block that ends where its code begins, a loop header gets a loop, what
// leaves a loop is written after it (loops.ts), all others where they are branched to. The walk keeps its own stack,
// and of two arms that are both written in place the smaller one is nested, so neither the walk nor the output gets
// deep on long programs.
import type { Instruction } from '../isa/decode.js'
import { emitAlu, emitCondition, emitEndian } from './alu.js'
import { asksForValue, emitIndex, pushIsThere, setResult, type ArrayLookup } from './array-lookup.js'
import { emitCall, emitCallByRegister } from './call.js'
import type { Window } from './context.js'
import { VOID, op } from './encoder.js'
import type { FunctionEmitter } from './function.js'
import { successors, type Block, type Graph } from './graph.js'
import { placeBlocks, type Placement } from './loops.js'
import { emitAccess } from './memory.js'
import { emitPacketLoad } from './packet-load.js'
import { emitRows, planRows } from './rows.js'

/**
 * Instructions of loops of one block that are written in rows of turns, in one function: it must not grow without
 * bound.
 */
const MOST_IN_ROWS = 400

/** A lookup whose result the jump behind it asks for. */
interface AskedLookup {
  readonly call: number
  readonly lookup: ArrayLookup
  readonly takenIf: boolean
}

/** What is still to be written, last first. */
type Task = { kind: 'tree'; block: number } | { kind: 'end'; block: number }

class Structurer {
  readonly #f: FunctionEmitter
  readonly #graph: Graph
  readonly #instructions: readonly Instruction[]
  readonly #tasks: Task[] = []
  readonly #placement: Placement
  /** Blocks that need a label, by the block they are written below, in order: within its loop, if it has one … */
  readonly #merges = new Map<number, number[]>()
  /** … and after its loop. */
  readonly #exits = new Map<number, number[]>()
  /** Depth at which the label of a block was opened: where its block ends, or where its loop begins. */
  readonly #label: Int32Array
  /** Instructions that are written below a block, its own included. */
  readonly #weight: Int32Array
  /** Checked ranges at the end of each block, for those that follow it alone. */
  readonly #windows = new Map<number, Map<number, Window>>()
  /** 1 for blocks that a later one goes back to. */
  readonly #isReentered: Uint8Array
  /** Instructions that may still be written several times. */
  #room = MOST_IN_ROWS

  constructor(f: FunctionEmitter, graph: Graph, instructions: readonly Instruction[]) {
    this.#f = f
    this.#graph = graph
    this.#instructions = instructions
    this.#label = new Int32Array(graph.blocks.length)
    this.#weight = new Int32Array(graph.blocks.length)
    this.#isReentered = new Uint8Array(graph.blocks.length)
    this.#placement = placeBlocks(graph)
    const { order, forwardEntries, position } = graph
    const { parent, isExit } = this.#placement
    for (const block of order) {
      if (forwardEntries[block]! < 2 && !isExit[block]) continue
      const lists = isExit[block] ? this.#exits : this.#merges
      const list = lists.get(parent[block]!)
      if (list) list.push(block)
      else lists.set(parent[block]!, [block])
    }
    for (const from of order)
      for (const to of successors(graph.blocks[from]!)) if (position[to]! < position[from]!) this.#isReentered[to] = 1
    for (let at = order.length - 1; at >= 0; at -= 1) {
      const block = order[at]!
      const { first, end } = graph.blocks[block]!
      this.#weight[block]! += end - first + 1
      if (at > 0) this.#weight[parent[block]!]! += this.#weight[block]!
    }
  }

  run(): void {
    const f = this.#f
    this.#tasks.push({ kind: 'tree', block: this.#graph.order[0]! })
    for (let task = this.#tasks.pop(); task; task = this.#tasks.pop())
      if (task.kind === 'end') {
        f.op(op.end)
        f.depth -= 1
      } else this.#tree(task.block)
    // No path gets here, but the end of a loop or block looks reachable to the validator.
    f.op(op.unreachable)
  }

  #open(opcode: number): void {
    this.#f.op(opcode, VOID)
    this.#f.depth += 1
  }

  /** A block with everything that it dominates. */
  #tree(number: number): void {
    const f = this.#f
    const block = this.#graph.blocks[number]!
    const isLoop = this.#graph.isLoopHeader[number] === 1
    f.windows = this.#inherited(number, isLoop)
    this.#openLabels(this.#exits.get(number))
    if (isLoop && this.#repeatsAlone(number, block)) return
    if (isLoop) {
      this.#open(op.loop)
      this.#label[number] = f.depth
      this.#tasks.push({ kind: 'end', block: number })
      const first = this.#instructions[block.first]
      f.position(first ? first.index : f.at)
      f.chargeLoop()
    }
    this.#openLabels(this.#merges.get(number))
    const asked = this.#askedLookup(block)
    this.#body(block, asked ? block.end - 1 : block.end)
    if (block.label >= 0) f.const32(block.label).set(f.dispatchLabel)
    this.#windows.set(number, f.windows)
    this.#leave(number, block, asked)
  }

  /** A lookup at the end of a block whose jump asks what it gave: it is written with the jump. */
  #askedLookup({ first, end, terminator, label }: Block): AskedLookup | undefined {
    if (terminator.kind !== 'branch' || end === first || label >= 0) return undefined
    const taken = asksForValue(terminator.instruction)
    const call = this.#instructions[end - 1]!
    const callee = call.form.kind === 'call' ? this.#f.context.callees.get(call.index) : undefined
    return taken && callee?.kind === 'array'
      ? { call: call.index, lookup: callee, takenIf: taken === 'found' }
      : undefined
  }

  /** Is it a small loop of this block alone? Then it is written in rows of turns. */
  #repeatsAlone(number: number, block: Block): boolean {
    const { first, end, label, terminator } = block
    if (terminator.kind !== 'branch' || terminator.taken !== number || terminator.otherwise === number) return false
    if (this.#isReentered[number] || label >= 0 || end - first > this.#room) return false
    const rows = planRows(this.#f.context, this.#instructions.slice(first, end), terminator.instruction)
    if (!rows) return false
    this.#room -= end - first
    emitRows(this.#f, rows, () => this.#body(block))
    this.#windows.set(number, this.#f.windows)
    this.#goto(number, terminator.otherwise)
    return true
  }

  /**
   * Opens a wasm block for each block of the list, the last one outermost; each is written where its wasm block ends.
   */
  #openLabels(blocks: readonly number[] = []): void {
    for (let at = blocks.length - 1; at >= 0; at -= 1) {
      const block = blocks[at]!
      this.#open(op.block)
      this.#label[block] = this.#f.depth
      this.#tasks.push({ kind: 'tree', block }, { kind: 'end', block })
    }
  }

  /** Ranges that were checked in the only block that leads here still hold. */
  #inherited(number: number, isLoop: boolean): Map<number, Window> {
    const { dominator, forwardEntries, order } = this.#graph
    if (isLoop || number === order[0] || forwardEntries[number] !== 1) return new Map()
    const known = this.#windows.get(dominator[number]!)!
    return new Map([...known].map(([register, window]) => [register, { ...window }]))
  }

  #body(block: Block, end = block.end): void {
    this.#instructionsOf(block, block.first, end)
  }

  /** Those of the block in [from, to). */
  #instructionsOf(block: Block, from: number, to: number): void {
    const f = this.#f
    const again = (first: number, end: number): void => this.#instructionsOf(block, first, end)
    f.indexed.clear()
    for (let at = from; at < to; at += 1) {
      const instruction = this.#instructions[at]!
      f.position(instruction.index)
      switch (instruction.form.kind) {
        case 'alu':
          emitAlu(f, instruction)
          break
        case 'endian':
          emitEndian(f, instruction)
          break
        case 'wide': {
          const value = f.context.wideValue(instruction)
          f.const64(value).setRegister(instruction.dst)
          f.indexed.loaded(instruction.dst, value)
          break
        }
        case 'load':
        case 'store':
        case 'atomic':
          emitAccess(f, { instructions: this.#instructions, at, end: block.end, again })
          break
        case 'call':
          emitCall(f, instruction)
          break
        case 'call-register':
          emitCallByRegister(f, instruction)
          break
        case 'legacy':
          emitPacketLoad(f, instruction)
          break
        default:
          throw new RangeError(`${instruction.form.name} in the middle of a block`)
      }
    }
  }

  #leave(from: number, { terminator }: Block, asked: AskedLookup | undefined): void {
    const f = this.#f
    switch (terminator.kind) {
      case 'goto':
        this.#goto(from, terminator.to)
        return
      case 'exit':
        f.position(terminator.instruction.index)
        f.exit()
        return
      case 'dispatch':
        f.get(f.dispatchLabel).op(op.br_table)
        f.code.u32(terminator.targets.length - 1)
        for (const target of terminator.targets) f.code.u32(f.depth - this.#label[target]!)
        return
      case 'branch': {
        const { instruction, taken, otherwise } = terminator
        if (asked) {
          f.position(asked.call)
          emitIndex(f, asked.lookup)
        }
        f.position(instruction.index)
        // On the way where the jump is taken, or on the other, r0 is what the lookup that was asked gives there.
        const arrive = (isTaken: boolean): void => {
          if (asked) setResult(f, asked.lookup, isTaken === asked.takenIf)
        }
        const condition = (wanted: boolean): void => {
          if (!asked) return emitCondition(f, instruction, wanted)
          pushIsThere(f, asked.lookup)
          if (wanted !== asked.takenIf) f.op(op.i32_eqz)
        }
        if (!this.#isInPlace(from, taken)) {
          arrive(true)
          condition(true)
          this.#branch(op.br_if, taken)
          arrive(false)
          this.#goto(from, otherwise)
        } else if (!this.#isInPlace(from, otherwise)) {
          arrive(false)
          condition(false)
          this.#branch(op.br_if, otherwise)
          arrive(true)
          this.#goto(from, taken)
        } else {
          const nestTaken = this.#weight[taken]! <= this.#weight[otherwise]!
          const [nested, after] = nestTaken ? [taken, otherwise] : [otherwise, taken]
          arrive(!nestTaken)
          condition(nestTaken)
          this.#open(op.if)
          arrive(nestTaken)
          this.#tasks.push(
            { kind: 'tree', block: after },
            { kind: 'end', block: from },
            { kind: 'tree', block: nested },
          )
        }
      }
    }
  }

  /** Is the target written right where it is branched to? (Else it has a label.) */
  #isInPlace(from: number, to: number): boolean {
    const { position, forwardEntries } = this.#graph
    return position[to]! > position[from]! && forwardEntries[to] === 1 && !this.#placement.isExit[to]
  }

  #goto(from: number, to: number): void {
    if (this.#isInPlace(from, to)) this.#tasks.push({ kind: 'tree', block: to })
    else if (this.#label[to] !== this.#f.depth || this.#graph.position[to]! <= this.#graph.position[from]!)
      this.#branch(op.br, to)
    // Else the innermost wasm block ends right here and the target begins.
  }

  #branch(opcode: number, to: number): void {
    this.#f.op(opcode)
    this.#f.code.u32(this.#f.depth - this.#label[to]!)
  }
}

/** Emits the code of a whole graph; all paths end in return or a fault. */
export function emitStructure(f: FunctionEmitter, graph: Graph, instructions: readonly Instruction[]): void {
  new Structurer(f, graph, instructions).run()
}

// A function's instructions as basic blocks in reverse postorder, for the walk. Unreachable blocks are left out.
import { decode, type Instruction } from '../isa/decode.js'
import type { FunctionSpec, Relocation } from '../object/spec.js'

export interface Block {
  readonly instructions: readonly Instruction[]
  /** Position in the order. */
  position: number
  /** Some edge comes back to it. */
  isLoopHead: boolean
}

/** A function ready to be analysed. */
export interface Code {
  readonly spec: FunctionSpec
  /** All of them, in order. */
  readonly instructions: Instruction[]
  /** Reachable blocks in reverse postorder; the entry first. */
  readonly blocks: readonly Block[]
  readonly byStart: ReadonlyMap<number, Block>
  readonly relocations: ReadonlyMap<number, Relocation>
}

/** The code of functions of one object. Throws SkepError BAD_INSTRUCTION if it cannot be decoded. */
export type Codes = (spec: FunctionSpec) => Code

/**
 * Decodes a function when it is first asked for, and once: a load asks four times. Its spec must not change meanwhile.
 */
export function rememberedCodes(): Codes {
  const known = new Map<FunctionSpec, Code>()
  return (spec) => {
    let code = known.get(spec)
    if (!code) known.set(spec, (code = codeOf(spec)))
    return code
  }
}

/** Throws SkepError BAD_INSTRUCTION if the code cannot be decoded. */
export function codeOf(spec: FunctionSpec): Code {
  const instructions = decode(spec.code, spec.name)
  const starts = new Set([0])
  for (const { form, next, target } of instructions) {
    if (target >= 0) starts.add(target)
    if (target >= 0 || form.kind === 'exit') starts.add(next)
  }
  const byStart = new Map<number, Block>()
  let current: Instruction[] = []
  for (const instruction of instructions) {
    if (starts.has(instruction.index)) {
      current = []
      byStart.set(instruction.index, { instructions: current, position: -1, isLoopHead: false })
    }
    current.push(instruction)
  }
  const relocations = new Map(spec.relocations.map((relocation) => [relocation.instruction, relocation]))
  return { spec, instructions, blocks: ordered(byStart), byStart, relocations }
}

/** Indices of the instructions that may come after a block. */
export function successors({ instructions }: Block): number[] {
  const { form, next, target } = instructions[instructions.length - 1]!
  if (form.kind === 'exit') return []
  if (form.kind === 'goto') return [target]
  return target >= 0 ? [next, target] : [next]
}

function ordered(byStart: ReadonlyMap<number, Block>): Block[] {
  const finished: Block[] = []
  const seen = new Set<Block>()
  const stack: { block: Block; rest: number[] }[] = []
  const enter = (start: number): void => {
    const block = byStart.get(start)
    if (!block || seen.has(block)) return
    seen.add(block)
    stack.push({ block, rest: successors(block) })
  }
  enter(0)
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const target = top.rest.pop()
    if (target !== undefined) enter(target)
    else {
      finished.push(top.block)
      stack.pop()
    }
  }
  const order = finished.reverse()
  order.forEach((block, position) => (block.position = position))
  for (const block of order)
    for (const start of successors(block)) {
      const to = byStart.get(start)
      if (to && to.position <= block.position) to.isLoopHead = true
    }
  return order
}

/** No block is visited twice by a walk in order. */
export function hasNoLoops({ blocks }: Code): boolean {
  return !blocks.some(({ isLoopHead }) => isLoopHead)
}

// Small functions in place of their calls: those that end by themselves, without loops, and call no BPF code but such
// functions. They then need no registers passed and saved, and the engine sees both codes as one. Nothing else may be
// told apart: the frame lies where a call would put it, the check that there is room for it stays, and a fault in the
// code has its place in the function that it is of (positions.ts). Called by compile.ts, call.ts and loop-call.ts.
import type { Callee, InlinedFunction } from './context.js'
import { op } from './encoder.js'
import type { FunctionEmitter } from './function.js'
import type { Graph } from './graph.js'
import type { Unit } from './resolve.js'

/** Instructions of a function that is written in place of its calls. */
export const MOST_INSTRUCTIONS = 40
/** The same, as callback of bpf_loop, which mostly is called in one place. */
const MOST_OF_CALLBACK = 400
/** Instructions of all that is written in place in one function: it must not grow without bound. */
export const MOST_INLINED = 1000

/**
 * How many instructions stand in place of a call of the function; undefined if it must be called. `callees`: by call,
 * the name of a function or something else. `inlined`: functions that stand in place of their calls.
 */
export function inlinedSize(
  { instructions }: Unit,
  graph: Graph,
  callees: Iterable<Callee | string>,
  inlined: ReadonlyMap<string, InlinedFunction>,
): number | undefined {
  if (graph.isLoopHeader.includes(1)) return undefined
  if (instructions.some(({ form: { kind } }) => kind === 'call-register' || kind === 'may-goto')) return undefined
  let size = instructions.length
  for (const callee of callees) {
    const its = typeof callee === 'string' ? inlined.get(callee)?.instructions : runsNoCode(callee) ? 0 : undefined
    if (its === undefined || its > MOST_INSTRUCTIONS) return undefined
    size += its
  }
  return size <= MOST_OF_CALLBACK ? size : undefined
}

function runsNoCode(callee: Callee): boolean {
  if (callee.kind === 'import') return !callee.helper.frame && !callee.helper.tail
  return callee.kind === 'array' || callee.kind === 'hash' || callee.kind === 'missing'
}

/** Pops five i64, the arguments; pushes the i64 that the function answers. There is a frame left for it. */
export function emitInvocation(
  f: FunctionEmitter,
  { index, inline }: { readonly index: number; readonly inline: InlinedFunction | undefined },
): void {
  if (inline) return f.inline(inline)
  f.get(f.bottom).op(op.call)
  f.code.u32(index)
}

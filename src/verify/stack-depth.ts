// The kernel's limits of the stack: frames of all functions of one chain of calls together at most 512 bytes, each
// rounded up to 16; at most eight frames. Callbacks of timers and work start a chain of their own, callbacks of helpers
// count as calls. In tracing programs without tail calls the kernel gives frames of 64 bytes and more a stack of their
// own, unless they are also reached from a callback of a timer or work: these do not count. A function that makes tail
// calls may have less than 256 bytes of frames before it: a tail call keeps them.
import { makesTailCalls } from '../object/check.js'
import { reachable } from '../object/reachable.js'
import type { ObjectSpec, ProgramSpec } from '../object/spec.js'
import { placed, type Refusal } from './refusal.js'

/** What a function was seen to do. */
export interface FunctionUse {
  /** Bytes of its frame that are used. */
  depth: number
  /** Functions that it gives to timers or work. */
  readonly asynchronous: Set<string>
}

const MOST_BYTES = 512
/** Frames of so many bytes are too many before a function that makes tail calls. */
const TAIL_CALL_BYTES = 256
const MOST_FRAMES = 8
/** Frames of fewer bytes get no stack of their own. */
const LEAST_PRIVATE = 64
const PRIVATE_STACK = new Set(['kprobe', 'tracepoint', 'perf_event', 'raw_tracepoint', 'tracing'])

interface Chain {
  /** The longest chain from here, this function included. */
  bytes: number
  frames: number
  /** Bytes of the deepest frames, from this function's on, before one that makes tail calls; -1: there is none. */
  beforeTailCall: number
}

/** The first chain of calls of a program that is too deep. */
export function stackRefusal(
  spec: ObjectSpec,
  program: ProgramSpec,
  uses: ReadonlyMap<string, FunctionUse>,
): Refusal | undefined {
  const asynchronous = new Set([...uses.values()].flatMap((use) => [...use.asynchronous]))
  const finder = new Finder(spec, program, uses, asynchronous)
  for (const root of [...asynchronous, program.entry]) {
    const refusal = finder.check(root)
    if (refusal) return refusal
  }
  return undefined
}

class Finder {
  /** Functions of the program that make tail calls. */
  private readonly tailCalls: ReadonlySet<string>
  /** Functions whose frames count; undefined: all. */
  private readonly counted: ReadonlySet<string> | undefined
  private readonly chains = new Map<string, Chain>()
  private readonly open = new Set<string>()

  constructor(
    private readonly spec: ObjectSpec,
    private readonly program: ProgramSpec,
    private readonly uses: ReadonlyMap<string, FunctionUse>,
    private readonly asynchronous: ReadonlySet<string>,
  ) {
    this.tailCalls = new Set(
      [...reachable(spec, program.entry)].filter((name) => makesTailCalls(spec.functions.get(name)!)),
    )
    const isPrivate = PRIVATE_STACK.has(program.type) && this.tailCalls.size === 0
    this.counted = isPrivate ? this.called(asynchronous) : undefined
  }

  check(root: string): Refusal | undefined {
    const chain = this.chain(root)
    if (chain.frames > MOST_FRAMES) return this.tooManyFrames(root)
    return this.tooDeep(0, chain) ? this.tooManyBytes(root) : undefined
  }

  /** Whether a chain of calls breaks a limit of bytes where it is called with `bytes` of frames before it. */
  private tooDeep(bytes: number, { bytes: more, beforeTailCall }: Chain): boolean {
    if (bytes + more > MOST_BYTES) return true
    return beforeTailCall >= 0 && bytes + beforeTailCall >= TAIL_CALL_BYTES
  }

  /** Calls in the order of the code; callbacks of timers and work are no calls. */
  private calls(name: string): { instruction: number; to: string }[] {
    return (this.spec.functions.get(name)?.relocations ?? []).flatMap((relocation) =>
      relocation.kind === 'call' ||
      (relocation.kind === 'function-pointer' && !this.asynchronous.has(relocation.function))
        ? [{ instruction: relocation.instruction, to: relocation.function }]
        : [],
    )
  }

  /** These and all that they call. */
  private called(roots: ReadonlySet<string>): ReadonlySet<string> {
    const found = new Set(roots)
    for (const name of found) for (const { to } of this.calls(name)) found.add(to)
    return found
  }

  private own(name: string): number {
    const bytes = Math.ceil((this.uses.get(name)?.depth ?? 0) / 16) * 16
    return bytes >= LEAST_PRIVATE && this.counted?.has(name) === false ? 0 : bytes
  }

  private chain(name: string): Chain {
    const known = this.chains.get(name)
    if (known) return known
    // A function that calls itself has no longest chain.
    if (this.open.has(name) || this.open.size > 64) return { bytes: 0, frames: Infinity, beforeTailCall: -1 }
    this.open.add(name)
    const own = this.own(name)
    const found: Chain = { bytes: 0, frames: 0, beforeTailCall: this.tailCalls.has(name) ? 0 : -1 }
    for (const { to } of this.calls(name)) {
      const chain = this.chain(to)
      found.bytes = Math.max(found.bytes, chain.bytes)
      found.frames = Math.max(found.frames, chain.frames)
      if (chain.beforeTailCall >= 0) found.beforeTailCall = Math.max(found.beforeTailCall, own + chain.beforeTailCall)
    }
    this.open.delete(name)
    found.bytes += own
    found.frames += 1
    this.chains.set(name, found)
    return found
  }

  private tooManyFrames(root: string): Refusal | undefined {
    let name = root
    let allStatic = true
    for (let frames = 1; ; frames += 1) {
      const left = MOST_FRAMES - frames
      const deep = this.calls(name).find(({ to }) => this.chain(to).frames > left)
      const fn = this.spec.functions.get(name)
      if (!deep || !fn) return undefined
      allStatic &&= this.spec.functions.get(deep.to)?.isStatic ?? false
      if (left === 0) {
        const words = allStatic ? 'the call stack of 9 frames is too deep' : 'the call stack of 8 frames is too deep !'
        return placed({ errno: 'E2BIG', words }, this.program.name, fn, deep.instruction)
      }
      name = deep.to
    }
  }

  private tooManyBytes(root: string): Refusal | undefined {
    let name = root
    let bytes = this.own(root)
    for (let calls = 1; ; calls += 1) {
      const deep = this.calls(name).find(({ to }) => this.tooDeep(bytes, this.chain(to)))
      const fn = this.spec.functions.get(name)
      if (!deep || !fn) return undefined
      const refuse = (words: string): Refusal =>
        placed({ errno: 'EACCES', words }, this.program.name, fn, deep.instruction)
      if (this.tailCalls.has(deep.to) && bytes >= TAIL_CALL_BYTES)
        return refuse(`tail_calls are not allowed when call stack of previous frames is ${bytes} bytes. Too large`)
      bytes += this.own(deep.to)
      if (bytes > MOST_BYTES) return refuse(`combined stack size of ${calls + 1} calls is ${bytes}. Too large`)
      name = deep.to
    }
  }
}

// The kernel's limits of the stack: frames of all functions of one chain of calls together at most 512 bytes, each
// rounded up to 16; at most eight frames. Callbacks of timers and work start a chain of their own, callbacks of helpers
// count as calls. The kernel gives tracing programs private stacks, so only the number of frames counts there.
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
const MOST_FRAMES = 8
const PRIVATE_STACK = new Set(['kprobe', 'tracepoint', 'perf_event', 'raw_tracepoint', 'tracing'])

interface Chain {
  /** The longest chain from here, this function included. */
  bytes: number
  frames: number
}

/** The first chain of calls of a program that is too deep. */
export function stackRefusal(
  spec: ObjectSpec,
  program: ProgramSpec,
  uses: ReadonlyMap<string, FunctionUse>,
): Refusal | undefined {
  const asynchronous = new Set([...uses.values()].flatMap((use) => [...use.asynchronous]))
  const finder = new Finder(spec, program, uses, asynchronous)
  for (const root of [program.entry, ...asynchronous]) {
    const refusal = finder.check(root)
    if (refusal) return refusal
  }
  return undefined
}

class Finder {
  private readonly chains = new Map<string, Chain>()
  private readonly open = new Set<string>()

  constructor(
    private readonly spec: ObjectSpec,
    private readonly program: ProgramSpec,
    private readonly uses: ReadonlyMap<string, FunctionUse>,
    private readonly asynchronous: ReadonlySet<string>,
  ) {}

  check(root: string): Refusal | undefined {
    const { bytes, frames } = this.chain(root)
    if (frames > MOST_FRAMES) return this.tooManyFrames(root)
    if (bytes > MOST_BYTES && !PRIVATE_STACK.has(this.program.type)) return this.tooManyBytes(root)
    return undefined
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

  private own(name: string): number {
    return Math.ceil((this.uses.get(name)?.depth ?? 0) / 16) * 16
  }

  private chain(name: string): Chain {
    const known = this.chains.get(name)
    if (known) return known
    // A function that calls itself has no longest chain.
    if (this.open.has(name) || this.open.size > 64) return { bytes: 0, frames: Infinity }
    this.open.add(name)
    const found: Chain = { bytes: 0, frames: 0 }
    for (const { to } of this.calls(name)) {
      const chain = this.chain(to)
      found.bytes = Math.max(found.bytes, chain.bytes)
      found.frames = Math.max(found.frames, chain.frames)
    }
    this.open.delete(name)
    found.bytes += this.own(name)
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
      const deep = this.calls(name).find(({ to }) => bytes + this.chain(to).bytes > MOST_BYTES)
      const fn = this.spec.functions.get(name)
      if (!deep || !fn) return undefined
      bytes += this.own(deep.to)
      if (bytes > MOST_BYTES) {
        const words = `combined stack size of ${calls + 1} calls is ${bytes}. Too large`
        return placed({ errno: 'EACCES', words }, this.program.name, fn, deep.instruction)
      }
      name = deep.to
    }
  }
}

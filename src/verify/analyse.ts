// The load-time checks of an object: every program is followed through its functions and callbacks with what is known
// of registers and frames, and what is certainly wrong is named in the words of the kernel's verifier. What cannot be
// decided is accepted: the compiled code guards itself. For loaders and reports, before anything is loaded.
import { storesMemory, type Instruction } from '../isa/decode.js'
import { helperCalls } from '../object/check.js'
import { reachable } from '../object/reachable.js'
import type { FunctionSpec, ObjectSpec, ProgramSpec } from '../object/spec.js'
import { rememberedCodes, type Code, type Codes } from './blocks.js'
import type { CallSurroundings } from './call.js'
import { earlyEndRefusal } from './early-end.js'
import { ALONE, NO_SUMMARY, roleOf, type Entry, type Summary } from './entry.js'
import { hasKernelPointers, isProbe, type Probes } from './probes.js'
import { invalid, placed, type Complaint, type Refusal } from './refusal.js'
import { EXIT, heldComplaint, holds, NOTHING_HELD } from './resources.js'
import { returnComplaint } from './result.js'
import { helperSignature, isInFrame, kfuncSignature, mayMovePacket } from './signatures.js'
import { stackRefusal, type FunctionUse } from './stack-depth.js'
import type { Frame, State } from './state.js'
import { tracingRefusals } from './strict.js'
import { asArgument, KERNEL_POINTER, keyOf, UNKNOWN, UNSET, type Value } from './value.js'
import { review, walk, walkAndReview, type Walked } from './walk.js'

export interface AnalyseOptions {
  /** Refuse besides what Linux 6.18 refuses and this package does not: timers and work in tracing programs. */
  readonly strict?: '6.18' | undefined
  /** Where the code comes from; decoded here if not given. */
  readonly codes?: Codes | undefined
}

export interface Analysis {
  /** What is certainly wrong, by program, in the order in which it was found. */
  readonly refusals: readonly Refusal[]
  readonly probes: Probes
}

/** Ways of entering one function that are told apart; further ones are taken as one that knows nothing. */
const MOST_ENTRIES = 16
/** Calls within calls that are followed. */
const MOST_DEPTH = 16

/**
 * Analyses all programs of an object with what they reach.
 * Throws SkepError BAD_INSTRUCTION if code cannot be decoded.
 */
export function analyse(spec: ObjectSpec, options: AnalyseOptions = {}): Analysis {
  const analyser = new Analyser(spec, options.codes ?? rememberedCodes())
  for (const program of spec.programs.values()) analyser.program(program, options)
  return analyser
}

interface Visit extends Walked {
  reviewed: boolean
}

/** A walk that is finished once, for every function and way of entering it. */
class Analyser implements Analysis {
  readonly refusals: Refusal[] = []
  readonly probes = new Map<string, Set<number>>()
  private readonly visits = new Map<string, Visit>()
  private readonly entries = new Map<string, number>()
  private readonly open = new Set<string>()
  private readonly uses = new Map<string, FunctionUse>()
  private readonly said = new Set<string>()
  private readonly movesPacket: boolean
  private readonly special = new Map<string, boolean>()
  /**
   * What is yet to be reviewed: callbacks that run while their helper does, the last one first; functions by
   * themselves.
   */
  private readonly callbacks: (() => void)[] = []
  private readonly globals: (() => void)[] = []
  private readonly kernelPointers: boolean

  constructor(
    private readonly spec: ObjectSpec,
    private readonly codes: Codes,
  ) {
    this.kernelPointers = hasKernelPointers(spec)
    this.movesPacket = [...spec.functions.values()].some(callsPacketMover)
  }

  program(program: ProgramSpec, { strict }: AnalyseOptions): void {
    if (!this.spec.functions.has(program.entry)) return
    if (strict === '6.18') for (const refusal of tracingRefusals(this.spec, program)) this.add(refusal)
    const early = earlyEndRefusal(this.spec, program)
    if (early) this.add(early)
    this.enter(program, true, program.entry, {
      arguments: [{ is: 'ctx', min: 0, max: 0 }, UNSET, UNSET, UNSET, UNSET],
      sure: true,
      sleepable: program.sleepable,
      ...ALONE,
    })
    for (;;) {
      const next = this.callbacks.pop() ?? this.globals.shift()
      if (!next) break
      next()
    }
    const refusal = stackRefusal(this.spec, program, this.uses)
    if (refusal) this.add(refusal)
  }

  /** The summary of a function entered so; `reviews`: also what is wrong in it. */
  private enter(program: ProgramSpec, reviews: boolean, name: string, entry: Entry): Summary {
    const spec = this.spec.functions.get(name)
    if (!spec || this.open.has(name) || this.open.size >= MOST_DEPTH) return NO_SUMMARY
    this.open.add(name)
    try {
      const [key, taken] = this.entryKey(program, name, entry)
      const code = this.codes(spec)
      const around = (reporting: boolean): CallSurroundings => this.surroundings(program, code, taken, reporting)
      let visit = this.visits.get(key)
      if (!visit) {
        const walked = reviews
          ? walkAndReview(around(false), around(true), taken, this.reviewer(program, code, taken))
          : walk(around(false), taken)
        visit = { ...walked, reviewed: reviews }
        this.visits.set(key, visit)
      } else if (reviews && !visit.reviewed) {
        visit.reviewed = true
        review(around(true), visit, this.reviewer(program, code, taken))
      }
      return visit
    } finally {
      this.open.delete(name)
    }
  }

  /** Beyond the limit of ways, one that knows nothing stands for all. */
  private entryKey(program: ProgramSpec, name: string, entry: Entry): [string, Entry] {
    const role = `${program.type} ${name} ${entry.sleepable} ${entry.callback?.kind ?? ''} ${entry.lock} ${entry.isMain} ${entry.sure} ${entry.resources.key} ${entry.callers?.length}`
    const key = `${role} ${entry.arguments.map(keyOf).join()}${entry.callers?.map(frameKey).join('') ?? ''}`
    if (this.visits.has(key)) return [key, entry]
    const count = this.entries.get(role) ?? 0
    this.entries.set(role, count + 1)
    if (count < MOST_ENTRIES) return [key, entry]
    if (entry.callers)
      return this.entryKey(program, name, {
        ...entry,
        arguments: entry.arguments.map((value) => asArgument(value)),
        callers: undefined,
      })
    const any = this.kernelPointers ? KERNEL_POINTER : UNKNOWN
    return [role, { ...entry, arguments: [any, any, any, any, any] }]
  }

  private surroundings(program: ProgramSpec, code: Code, entry: Entry, reporting: boolean): CallSurroundings {
    const { spec } = code
    const shared = {
      spec: this.spec,
      code,
      program,
      trusting: true,
      kernelPointers: this.kernelPointers,
      role: roleOf(entry),
      sleepable: entry.sleepable,
      movesPacket: this.movesPacket,
      makesSpecial: (name: string) => this.makesSpecial(name),
      enter: (name: string, inner: Entry) => this.enter(program, reporting, name, inner),
      enterLater: (name: string, inner: Entry) => {
        const waiting = inner.isMain ? this.globals : this.callbacks
        if (reporting) waiting.push(() => this.enter(program, true, name, inner))
        return inner.isMain ? NO_SUMMARY : this.enter(program, false, name, inner)
      },
    }
    if (!reporting) return shared
    return { ...shared, report: ({ index }, complaint) => this.add(placed(complaint, program.name, spec, index)) }
  }

  /** What is found out about each instruction besides what the walk reports itself. */
  private reviewer(program: ProgramSpec, code: Code, entry: Entry) {
    const { spec } = code
    const use = this.useOf(spec)
    return (instruction: Instruction, state: State): void => {
      this.noteUse(use, instruction, state, code)
      if (isProbe(instruction, state)) this.noteProbe(spec.name, instruction.index)
      if (instruction.form.kind !== 'exit') return
      const complaint = heldAtExit(entry, state) ?? frameAtExit(entry, state)
      if (complaint) this.add(placed(complaint, program.name, spec, instruction.index))
      if (!entry.callback) return
      const returned = returnComplaint(entry.callback, state.registers[0] ?? UNKNOWN)
      if (returned) this.add(placed(returned, program.name, spec, instruction.index))
    }
  }

  private useOf({ name }: FunctionSpec): FunctionUse {
    let use = this.uses.get(name)
    if (!use) {
      use = { depth: 0, asynchronous: new Set() }
      this.uses.set(name, use)
    }
    return use
  }

  /** How deep the frame is used, and which callbacks run on a stack of their own. */
  private noteUse(
    use: FunctionUse,
    { form, dst, src, offset, imm, index }: Instruction,
    state: State,
    code: Code,
  ): void {
    const { registers } = state
    if (form.kind === 'load' || form.kind === 'store' || form.kind === 'atomic') {
      deepen(use, registers[storesMemory(form) ? dst : src] ?? UNKNOWN, offset)
    } else if (form.kind === 'call') {
      for (let argument = 1; argument <= 5; argument += 1) deepen(use, registers[argument] ?? UNKNOWN, 0)
      const relocation = code.relocations.get(index)
      const signature =
        relocation?.kind === 'kfunc'
          ? kfuncSignature(relocation.name)
          : form.operation === 'helper'
            ? helperSignature(imm)
            : undefined
      const kind = signature?.callback?.kind
      const callee = registers[2]
      if ((kind === 'timer' || kind === 'work') && callee?.is === 'function') use.asynchronous.add(callee.name)
    }
  }

  private makesSpecial(name: string): boolean {
    let makes = this.special.get(name)
    if (makes === undefined) {
      makes = [...reachable(this.spec, name)].some((each) => callsSpecial(this.spec.functions.get(each)!))
      this.special.set(name, makes)
    }
    return makes
  }

  private noteProbe(name: string, index: number): void {
    const known = this.probes.get(name)
    if (known) known.add(index)
    else this.probes.set(name, new Set([index]))
  }

  private add(refusal: Refusal): void {
    const key = `${refusal.function} ${refusal.instruction} ${refusal.words}`
    if (this.said.has(key)) return
    this.said.add(key)
    this.refusals.push(refusal)
  }
}

/**
 * What is still held at the end of a program; of a callback that may be called again: what it has not given back
 * itself.
 */
function heldAtExit({ isMain, callback, resources: before }: Entry, state: State): Complaint | undefined {
  const { resources, lock, sure } = state
  if (!sure || !resources.known) return undefined
  if (isMain) return heldComplaint(resources, lock, EXIT)
  const own = resources.references.filter(({ name }) => !holds(before, name))
  return callback && before.known ? heldComplaint({ ...NOTHING_HELD, references: own }, 'free', EXIT) : undefined
}

/** The address of a frame does not outlive its function. */
function frameAtExit({ isMain }: Entry, { registers, sure }: State): Complaint | undefined {
  if (isMain || !sure || registers[0]?.is !== 'frame') return undefined
  return invalid('cannot return stack pointer to the caller')
}

function frameKey({ fn, slots, special }: Frame): string {
  const contents = [...slots].map(([at, { bytes, value }]) => `${at} ${bytes} ${keyOf(value)}`).sort()
  return `|${fn} ${special.key};${contents.join()}`
}

function deepen(use: FunctionUse, value: Value, offset: number): void {
  if (value.is !== 'frame' || value.up !== 0) return
  const at = value.min + offset
  if (at >= -512 && at < 0) use.depth = Math.max(use.depth, -at)
}

/** Calls what makes or takes something that lies in a frame. */
function callsSpecial(fn: FunctionSpec): boolean {
  return (
    fn.relocations.some((relocation) => relocation.kind === 'kfunc' && isInFrame(kfuncSignature(relocation.name))) ||
    helperCalls(fn).some(({ helper }) => isInFrame(helperSignature(helper)))
  )
}

function callsPacketMover({ code }: FunctionSpec): boolean {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength)
  for (let at = 0; at + 8 <= code.length; at += 8)
    if (code[at] === 0x85 && code[at + 1] === 0 && mayMovePacket(view.getInt32(at + 4, true))) return true
  return false
}

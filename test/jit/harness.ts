// Runs compiled functions without the core: a small shared memory, helpers given by the test, faults as exceptions.
import { CPU_BUDGET } from '../../core/layout.js'
import { assemble, type Line } from '../../src/isa/assemble.js'
import { compile, type CompiledObject } from '../../src/jit/compile.js'
import type {
  ArrayShape,
  HashShape,
  HelperImport,
  KnownFacts,
  LinkTarget,
  RingShape,
  ShortShape,
  SlotShape,
} from '../../src/jit/link.js'
import { coreCode } from '../../src/machine/cpu/core-module.js'
import { positionOf, type CodePosition } from '../../src/jit/positions.js'
import type { FunctionSpec } from '../../src/object/spec.js'

/** Layout of the test machine: the CPU area below, then the guest window, then memory that no guest may touch. */
export const AREA = 4096
export const GUEST_BASE = 0x10000
export const GUEST_END = 0x20000
export const MEMORY_BYTES = 0x30000
/** Top of an eight-frame stack inside the window. */
export const STACK_TOP = 0x18000
/** Guest memory that tests use freely. */
export const DATA = 0x12000

/** What the compiled code reports by host.fault_at. */
export class Fault extends Error {
  readonly kind: number
  readonly address: bigint

  constructor(kind: number, address: bigint) {
    super(`fault ${kind} at 0x${BigInt.asUintN(64, address).toString(16)}`)
    this.kind = kind
    this.address = BigInt.asUintN(64, address)
  }
}

export type Helper = (...values: bigint[]) => bigint | void

export interface Options {
  /** By number; taken with the number of parameters given. */
  helpers?: Record<
    number,
    {
      parameters: number
      frame?: boolean
      returns?: boolean
      inSlot?: HelperImport['inSlot']
      ofMap?: string
      atOnce?: string
      call: (...values: never[]) => bigint | void
    }
  >
  kfuncs?: Record<string, { parameters: number; call: Helper }>
  maps?: Record<string, number>
  arrays?: Record<string, ArrayShape>
  programs?: Record<string, ArrayShape>
  /** Functions that are defined to stand in such an array, by place. */
  standing?: Record<string, readonly (string | undefined)[]>
  hashes?: Record<string, HashShape>
  slots?: Record<string, SlotShape>
  rings?: Record<string, RingShape>
  shorts?: Record<string, ShortShape>
  facts?: KnownFacts
  externs?: Record<string, bigint>
  roots?: string[]
}

export function functionSpec(name: string, lines: readonly Line[]): FunctionSpec {
  const { code, relocations } = assemble(lines)
  return { name, section: '.text', sectionOffset: 0, code, relocations, lines: [], isStatic: false, btfId: 0 }
}

export function linkTarget(options: Options = {}, callbackNames: string[] = []): LinkTarget {
  type Entry = {
    parameters: number
    frame?: boolean
    returns?: boolean
    inSlot?: HelperImport['inSlot']
    ofMap?: string
    atOnce?: string
  }
  const imported = (name: string, entry: Entry): HelperImport => ({
    name,
    parameters: entry.parameters,
    frame: entry.frame ?? false,
    returns: entry.returns ?? true,
    ...(entry.inSlot && { inSlot: entry.inSlot }),
    ...(entry.ofMap !== undefined && { ofMap: entry.ofMap }),
    ...(entry.atOnce !== undefined && { atOnce: entry.atOnce }),
  })
  return {
    fileName: 'test.bpf.o',
    callable: { first: 1, end: 17 },
    guestBase: GUEST_BASE,
    guestEnd: GUEST_END,
    mapAddress: (name) => options.maps?.[name] ?? 0,
    arrayShape: (name) => options.arrays?.[name],
    programArrayShape: (name) => options.programs?.[name],
    programAt: (name, index) => options.standing?.[name]?.[index],
    hashShape: (name) => options.hashes?.[name],
    slotShape: (name) => options.slots?.[name],
    ringShape: (name) => options.rings?.[name],
    shortShape: (name) => options.shorts?.[name],
    core: coreCode,
    ...(options.facts && { facts: () => options.facts! }),
    mapValueAddress: (name, offset) => (options.maps?.[name] ?? 0) + offset,
    helperImport: (id, functionName, instruction) => {
      const entry = options.helpers?.[id]
      if (!entry) throw new Error(`no helper ${id} for ${functionName}+${instruction}`)
      return imported(`helper${id}`, entry)
    },
    kfuncImport: (name) => {
      const entry = options.kfuncs?.[name]
      return entry && imported(name, entry)
    },
    externValue: (name) => options.externs?.[name],
    callbackIndex: (name) => {
      if (!callbackNames.includes(name)) callbackNames.push(name)
      return 1 + callbackNames.indexOf(name)
    },
  }
}

type Compiled = (r1: bigint, r2: bigint, r3: bigint, r4: bigint, r5: bigint, frame: number) => bigint

/** A machine with one compiled object in it. */
export class TestMachine {
  readonly memory = new WebAssembly.Memory({
    initial: MEMORY_BYTES / 65536,
    maximum: MEMORY_BYTES / 65536,
    shared: true,
  })
  readonly view = new DataView(this.memory.buffer)
  readonly bytes = new Uint8Array(this.memory.buffer)
  readonly object: CompiledObject
  readonly exports: Record<string, Compiled>
  /** Callbacks by table index. */
  readonly table: (Compiled | undefined)[] = [undefined]
  readonly functions = new WebAssembly.Table({ element: 'anyfunc', initial: 32 })

  constructor(functions: readonly FunctionSpec[], options: Options = {}) {
    const callbackNames: string[] = []
    this.object = compile(functions, linkTarget(options, callbackNames), options.roots)
    const core: Record<string, unknown> = {}
    for (const [id, { call, inSlot, ofMap }] of Object.entries(options.helpers ?? {})) {
      core[`helper${id}`] = call
      core[inSlot?.name ?? ofMap ?? ''] = call
    }
    for (const [name, { call }] of Object.entries(options.kfuncs ?? {})) core[name] = call
    const module = new WebAssembly.Module(this.object.bytes)
    // What the core's own code calls of the core, where that is rare.
    for (const { module: from, name } of WebAssembly.Module.imports(module))
      if (from === 'core')
        core[name] ??= () => {
          throw new Error(`${name} was called`)
        }
    const instance = new WebAssembly.Instance(module, {
      env: { memory: this.memory, table: this.functions },
      cpu: { area: new WebAssembly.Global({ value: 'i32' }, AREA) },
      host: {
        fault_at: (kind: number, address: bigint) => {
          throw new Fault(kind, address)
        },
      },
      core,
    })
    this.exports = instance.exports as unknown as Record<string, Compiled>
    callbackNames.forEach((name, at) => {
      this.table.push(this.exports[name])
      this.functions.set(1 + at, this.exports[name])
    })
  }

  get budget(): number {
    return this.view.getUint32(AREA + CPU_BUDGET, true)
  }

  set budget(value: number) {
    this.view.setUint32(AREA + CPU_BUDGET, value, true)
  }

  /** Runs a function at the top of the stack; the result as an unsigned 64-bit number. */
  run(name: string, ...registers: bigint[]): bigint {
    const [r1 = 0n, r2 = 0n, r3 = 0n, r4 = 0n, r5 = 0n] = registers
    return BigInt.asUintN(64, this.exports[name]!(r1, r2, r3, r4, r5, STACK_TOP))
  }

  /** Runs a function that must fault; what it reported and where. */
  faultOf(name: string, ...registers: bigint[]): { kind: number; address: bigint } & CodePosition {
    try {
      this.run(name, ...registers)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      const position = positionOf(error, [this.object])
      if (!position) throw new Error(`no position in ${error.stack}`, { cause: error })
      return {
        kind: error.kind,
        address: error.address,
        function: position.function,
        instruction: position.instruction,
      }
    }
    throw new Error(`${name} did not fault`)
  }
}

/** A machine with one function `main`, budget of a million. */
export function machineOf(lines: readonly Line[], options: Options = {}): TestMachine {
  const machine = new TestMachine([functionSpec('main', lines)], options)
  machine.budget = 1_000_000
  return machine
}

/** Result of one function, r1 to r5 given. */
export function resultOf(lines: readonly Line[], ...registers: bigint[]): bigint {
  return machineOf(lines).run('main', ...registers)
}

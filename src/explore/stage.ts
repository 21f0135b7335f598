// Where subjects play: the model's memory, one instance of the module per CPU, the tree of logs. Booted once; many
// subjects may use one stage one after another and share what is known about the operations. Owns the word layout.
import { SkepError } from '../error.js'
import { Cpu, Executor, GuestFault } from './executor.js'
import type { Exports, WasmImports } from './executor.js'
import { Independence } from './independence.js'
import { Leaps } from './leaps.js'
import { LogTree } from './log.js'
import { Sharing } from './sharing.js'
import type { Value } from './subject.js'
import { Words } from './words.js'

/** What a stage is made of. */
export interface StageSpec {
  /** The module under test: imports `hook.*` (docs/explorer-hook.md). None if the operations are TypeScript only. */
  module?: WebAssembly.Module | Uint8Array
  /** Bytes of shared memory in the model; a multiple of 4. */
  memory: number
  /** CPUs, each with its own instance. */
  cpus: number
  /** Ghost words for the subjects' own book-keeping, after memory. */
  ghost?: number
  /** Some operation moves the clock: reading it is then a scheduling point. */
  movingClock?: boolean
  /** Record where in the code each access is made (slower; for coverage and for traces with source positions). */
  sites?: boolean
  /** Further imports of the module. */
  imports?(cpu: Cpu): WasmImports
  /** Runs once, natively: brings zeroed memory to the image from which every subject starts. */
  boot?(cpus: Cpu[]): void
}

/** What words of a stage are called, and how their values are shown, in all subjects that do not say so themselves. */
export interface Names {
  nameOf: (address: number) => string | undefined
  show: (address: number, value: bigint, width: number) => string | undefined
  showResult: (value: Value) => string | undefined
}

/**
 * A module, the memory that its CPUs share in the model, and the CPUs: what subjects are explored on, one after the
 * other.
 */
export class Stage {
  readonly memory: Words
  readonly executor: Executor
  readonly logs: LogTree
  readonly cpus: Cpu[] = []
  readonly memoryBytes: number
  /** Addresses end here: memory, then ghost words. */
  readonly limit: number
  /** Word index of [clock low, clock high, stopped CPU + 1]. */
  readonly hidden: number
  /** Word index of the poison bits, one per word below `limit`. */
  readonly poison: number
  /** What the present exploration knows of the words that its operations use. */
  readonly sharing: Sharing
  /** The same beside the nodes of the logs. */
  readonly independence: Independence
  /** What its steps did. */
  readonly leaps: Leaps
  /** Whether anything was ever poisoned here: until then accesses need not be checked for it. */
  poisoned = false
  names: Names | undefined
  /** First word index that the world may use. */
  readonly control: number

  constructor(spec: StageSpec) {
    if (spec.memory % 4 !== 0) throw new SkepError('BAD_SUBJECT', 'stage: memory must be a multiple of 4 bytes')
    this.memoryBytes = spec.memory
    this.limit = spec.memory + (spec.ghost ?? 0) * 4
    this.hidden = this.limit / 4
    this.poison = this.hidden + 3
    this.control = this.poison + Math.ceil(this.limit / 4 / 32)
    this.sharing = new Sharing(this.limit / 4)
    this.memory = new Words(this.control)
    this.executor = new Executor(this.memory, this.limit, this.hidden)
    this.logs = new LogTree(this.executor, this.memory, this.hidden)
    this.logs.clockStandsStill = spec.movingClock !== true
    this.logs.recordSites = spec.sites === true
    this.independence = new Independence(this.sharing, this.logs)
    this.leaps = new Leaps(this, this.memory, this.logs)
    for (let index = 0; index < spec.cpus; index++) this.cpus.push(new Cpu(index, this.executor, spec.memory))
    const module = spec.module instanceof Uint8Array ? new WebAssembly.Module(spec.module) : spec.module
    if (module) for (const cpu of this.cpus) cpu.exports = instantiate(module, this.executor, spec.imports?.(cpu) ?? {})
    spec.boot?.(this.cpus)
    for (const cpu of this.cpus) cpu.saveGlobals()
    this.memory.forget()
  }

  /** Runs code natively on the present state and takes everything back that it wrote. */
  asIfNothing<T>(body: () => T): T {
    const mark = this.memory.mark()
    try {
      return body()
    } finally {
      this.memory.rollback(mark)
    }
  }
}

let sharedMemory: WebAssembly.Memory | undefined

// Memory imports are given a memory that the check build never touches.
function instantiate(module: WebAssembly.Module, executor: Executor, extra: WasmImports): Exports {
  const imports: WasmImports = {
    hook: { access32: executor.access32, access64: executor.access64, high: executor.high },
    host: {
      clock: () => {
        throw new Error('the clock must be read through the hook')
      },
      fault: (kind: number, detail: bigint) => {
        throw new GuestFault(kind, detail)
      },
    },
  }
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    const group = (imports[from] ??= {})
    if (extra[from]?.[name] !== undefined) group[name] = extra[from][name]
    else if (kind === 'memory')
      group[name] = sharedMemory ??= new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true })
    else if (kind === 'function' && group[name] === undefined)
      group[name] = () => {
        throw new SkepError('BAD_SUBJECT', `the module called ${from}.${name}, which this stage does not provide`)
      }
  }
  return new WebAssembly.Instance(module, imports).exports
}

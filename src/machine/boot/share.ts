// A machine seen from another thread of the process: the handle that share() gives, and the CPU that join() makes of
// the calling thread. A joined CPU runs programs, fires timers when it is polled, and reads and writes maps through the
// machine's memory; it loads nothing. Owns CPU_LIFE of the CPUs kept for joining.
import { BPF_F_RDONLY, BPF_F_WRONLY } from '../../../core/abi.js'
import { CPU_LIFE } from '../../../core/layout.js'
import { isClosed, show, SkepError } from '../../error.js'
import { Btf } from '../../object/btf.js'
import type { MapSpec, ProgramSpec, VariableSpec } from '../../object/spec.js'
import { direct, directAmongThreads } from '../answer.js'
import { realClock, type RealEpoch } from '../cpu/clock.js'
import { codec } from '../map/codec.js'
import { placeRun, repeatOf, type RunOptions, type RunResult } from '../run/context.js'
import { instantiateCore } from '../cpu/core.js'
import { Cpu, CpuFault, type ObjectCode } from '../cpu/cpu.js'
import { faultCode } from '../cpu/fault.js'
import type { Kernel } from './kernel.js'
import { MapAccess } from '../map/access.js'
import { MapHandle } from '../map/handle.js'
import type { LiveMap } from '../map/table.js'
import { Memory } from '../cpu/memory.js'
import { JoinedUse } from './joined-use.js'
import { closingWord, type ClosingWord } from '../load/closing.js'
import { NO_MORE_LOADS } from '../load/object-table.js'
import type { Program } from '../run/program.js'
import type { MapAt } from '../run/redirect.js'
import { badRun, named } from '../load/object.js'
import { VariableHandle } from '../load/variables.js'
import { isRecord, record } from '../options/given-options.js'

/** What join() needs: can be sent to another thread, and is for nothing else. */
export interface MachineShare {
  readonly module: WebAssembly.Module
  readonly memory: WebAssembly.Memory
  readonly epoch: RealEpoch
  /** First CPU kept for joining, and how many. */
  readonly firstJoin: number
  readonly joins: number
  /** How many objects were loaded, by now and when the share was made: it must have told of all of them. */
  readonly loads: Int32Array
  readonly loaded: number
  readonly objects: readonly SharedObject[]
}

interface SharedObject {
  readonly name: string
  /** The object's types, if it has any; the ids below are theirs. */
  readonly types: Btf['types'] | undefined
  readonly code: ObjectCode
  readonly closing: ClosingWord
  readonly maps: ReadonlyMap<string, SharedMap>
  readonly programs: ReadonlyMap<string, { readonly id: number; readonly spec: ProgramSpec; readonly address: number }>
  readonly variables: ReadonlyMap<string, VariableSpec>
}

interface SharedMap extends Pick<LiveMap, 'id' | 'address' | 'staging'> {
  /** As the object defines it. */
  readonly spec: Pick<MapSpec, 'name' | 'type' | 'key' | 'value'>
  /** BPF_F_RDONLY or BPF_F_WRONLY of the handles. */
  readonly access: number
}

/** The handle of a machine and of all objects that are loaded. @internal */
export function shareMachine(kernel: Kernel, epoch: RealEpoch): MachineShare {
  const objects = [...kernel.objects.live].map((object): SharedObject => {
    const { spec, code, programs } = object
    const maps = [...object.maps].map(([name, { id, address, staging }]): [string, SharedMap] => {
      const { name: called, type, key, value } = spec.maps.get(name)!
      const access = object.access.get(name) ?? 0
      return [name, { id, address, staging, access, spec: { name: called, type, key, value } }]
    })
    return {
      name: spec.name,
      types: spec.btf?.types,
      code,
      closing: closingWord(object),
      maps: new Map(maps),
      programs: new Map([...programs].map(([name, { id, spec, address }]) => [name, { id, spec, address }])),
      variables: spec.variables,
    }
  })
  const { cpus, joins } = kernel.shape
  const { loads } = kernel.objects
  const loaded = Atomics.load(loads, 0)
  return {
    module: kernel.module,
    memory: kernel.memory.shared,
    epoch,
    firstJoin: cpus,
    joins,
    loads,
    loaded,
    objects,
  }
}

/** CPU_LIFE: unused, live, left by its thread (the machine's own thread then repairs it). */
const LIFE_UNUSED = 0
const LIFE_LIVE = 1
const LIFE_LEFT = 3
const TURNS_PER_POLL = 1000

/**
 * Makes the calling thread a CPU of the machine. Throws SkepError NO_CPU when every CPU kept for joining is taken,
 * BAD_OPTION for what is no share, or one that was made before an object was loaded, CLOSED for a closed machine.
 * Timers that are queued on this CPU fire when it polls: call poll() often, or keep them off this CPU.
 */
export function join(share: MachineShare): JoinedCpu {
  if (!isRecord(share) || !(share.memory instanceof WebAssembly.Memory) || !isRecord(share.objects))
    throw new SkepError('BAD_OPTION', `join: expected what machine.share() gives, got ${show(share)}`)
  const memory = new Memory(share.memory)
  for (let index = share.firstJoin; index < share.firstJoin + share.joins; index++)
    if (memory.compareExchange(memory.cpuArea(index) + CPU_LIFE, LIFE_UNUSED, LIFE_LIVE) === LIFE_UNUSED)
      return joinAs(share, memory, index)
  throw new SkepError('NO_CPU', `all ${share.joins} CPUs kept for threads that join are taken; boot with more joins`)
}

// The CPU is live before the count is read, as the machine counts before it looks for live CPUs: one of them sees the
// other. What fails leaves the CPU as one that its thread has left.
function joinAs(share: MachineShare, memory: Memory, index: number): JoinedCpu {
  try {
    checkMachine(share.loads)
    if (Atomics.load(share.loads, 0) !== share.loaded)
      throw new SkepError('BAD_OPTION', 'join: objects were loaded since machine.share() gave this: share again')
    return new JoinedCpu(share, memory, index)
  } catch (error) {
    leaveCpu(memory, index)
    throw error
  }
}

/** Throws CLOSED if the machine's thread has closed it. */
function checkMachine(loads: Int32Array): void {
  if (Atomics.load(loads, 0) === NO_MORE_LOADS) throw new SkepError('CLOSED', 'the machine is closed')
}

// Unless its owner has taken it offline.
function leaveCpu(memory: Memory, index: number): void {
  memory.compareExchange(memory.cpuArea(index) + CPU_LIFE, LIFE_LIVE, LIFE_LEFT)
}

/** A program of a shared object. */
export interface JoinedProgram {
  /** The function's name. */
  readonly name: string
  /** As Program.run, on this thread's CPU. */
  readonly run: Program['run']
}

/** The calling thread as a CPU of a machine. */
export class JoinedCpu {
  /** Its number, as bpf_get_smp_processor_id gives it. */
  readonly index: number
  /** Those that were loaded when the machine was shared and are open when the thread joins, by name. */
  readonly objects: Readonly<Record<string, JoinedObject>>
  readonly #cpu: Cpu
  readonly #memory: Memory
  readonly #loads: Int32Array
  #open = true

  /** Use join(). */
  constructor(share: MachineShare, memory: Memory, index: number) {
    this.index = index
    this.#memory = memory
    this.#loads = share.loads
    this.#cpu = new Cpu(instantiateCore(share.module, memory.shared, realClock(share.epoch)), memory, index)
    const objects = share.objects.flatMap((object) => {
      const joined = this.#attach(object, share)
      return joined ? [[object.name, joined] as const] : []
    })
    this.objects = named('the machine has shared no object', new Map(objects))
  }

  /**
   * Fires what is due on this CPU and runs its work; when to poll again (ns since the epoch), undefined: no timer here.
   * Throws SkepError CLOSED when the machine is closed, the thread has left or its CPU was taken offline; FAULT_….
   */
  poll(): number | undefined {
    this.#check()
    for (let turn = 0; turn < TURNS_PER_POLL && this.#turn(); turn++);
    const next = this.#cpu.core.cpu_next_expiry()
    return next === Infinity ? undefined : next
  }

  /** Gives the CPU back; its timers and work move to another CPU within some milliseconds. */
  leave(): void {
    if (!this.#open) return
    for (const object of Object.values(this.objects)) object.end()
    this.#open = false
    leaveCpu(this.#memory, this.index)
  }

  [Symbol.dispose](): void {
    this.leave()
  }

  #attach(object: SharedObject, share: MachineShare): JoinedObject | undefined {
    const use = new JoinedUse(this.#cpu, object.closing, object.name, () => this.#check())
    try {
      return use.use(() => {
        this.#cpu.install(object.code)
        return new JoinedObject(object, this.#cpu, use, share)
      })
    } catch (error) {
      if (isClosed(error)) return undefined
      throw error
    }
  }

  #turn(): boolean {
    return guarded(() => this.#cpu.poll())
  }

  #check(): void {
    if (!this.#open) throw new SkepError('CLOSED', `CPU ${this.index} has left its machine`)
    checkMachine(this.#loads)
    if (this.#memory.word(this.#memory.cpuArea(this.index) + CPU_LIFE) !== LIFE_LIVE)
      throw new SkepError('CLOSED', `CPU ${this.index} was taken offline by its machine`)
  }
}

/** A loaded object in a thread that joined; when the machine's thread closes it, everything of it answers CLOSED. */
export class JoinedObject {
  /** As LoadedObject.name. */
  readonly name: string
  /** By name. */
  readonly programs: Readonly<Record<string, JoinedProgram>>
  /** By name. Closing one of these handles lets no map go: the machine's own object holds it. */
  readonly maps: Readonly<Record<string, MapHandle>>
  /** By name. */
  readonly variables: Readonly<Record<string, VariableHandle>>

  readonly #use: JoinedUse

  /** @internal */
  constructor(shared: SharedObject, cpu: Cpu, use: JoinedUse, machine: MachineShare) {
    const btf = shared.types && Btf.of(shared.types)
    this.name = shared.name
    this.#use = use
    const mapAt: MapAt = (address) => {
      const map = [...shared.maps.values()].find((candidate) => candidate.address === address)
      return map && { name: map.spec.name, type: map.spec.type }
    }
    const programs = [...shared.programs].map(([name, { spec, address }]) => {
      const run = (options: RunOptions = {}): RunResult => runHere(cpu, spec, address, options, mapAt, use)
      // What kind of context comes back follows from what was given.
      return [name, { name, run: run as JoinedProgram['run'] }] as const
    })
    this.programs = named(`object '${this.name}' has no program`, new Map(programs))
    const maps = new Map([...shared.maps].map(([name, map]) => [name, mapHandle(map, name, btf, cpu, use, machine)]))
    this.maps = named(`object '${this.name}' has no map`, maps)
    const variables = [...shared.variables].flatMap(([name, variable]) => {
      const live = shared.maps.get(variable.map)
      const map = maps.get(variable.map)
      if (!live || !map) return []
      const address = (cpu.core.map_element_value(live.address, 0) >>> 0) + variable.offset
      const values = codec(btf, variable.type, variable.size, `variable '${name}'`)
      const place = { name, section: variable.section, address, codec: values }
      return [[name, new VariableHandle(place, variable.offset, map, cpu.memory, use.use, direct)] as const]
    })
    this.variables = named(`object '${this.name}' has no variable`, new Map(variables))
  }

  /** @internal */
  end(): void {
    for (const map of Object.values(this.maps)) map.endConsumers()
    this.#use.end()
  }
}

// Handles here hold no user reference of their own: the machine's object handle does.
function mapHandle(
  live: SharedMap,
  name: string,
  btf: Btf | undefined,
  cpu: Cpu,
  joined: JoinedUse,
  { firstJoin, joins, objects }: MachineShare,
): MapHandle {
  const { runBuffer } = cpu
  const { key, value } = live.spec
  const description = {
    id: live.id,
    name,
    btf,
    keyType: key,
    valueType: value,
    access: live.access & (BPF_F_RDONLY | BPF_F_WRONLY),
  }
  const staging = live.staging
    ? { ...live.staging, address: live.staging.address + (1 + cpu.index - firstJoin) * live.staging.bytes }
    : { address: runBuffer.address, bytes: runBuffer.size }
  const owner = {
    use: joined.use,
    release: () => undefined,
    settle: () => {
      if (cpu.core.cpu_reclaim_pending() !== 0) guarded(() => cpu.poll())
    },
    programNamed: (id: number) =>
      objects.flatMap(({ programs }) => [...programs]).find(([, program]) => program.id === id)?.[0],
    hold: (ended: () => void) => joined.map(live.address, ended),
    holdBesideHandle: (ended: () => void) => joined.map(live.address, ended),
  }
  return new MapHandle(
    new MapAccess(cpu, live.address, name, staging, firstJoin + joins),
    description,
    owner,
    directAmongThreads,
  )
}

function runHere(
  cpu: Cpu,
  program: ProgramSpec,
  address: number,
  options: RunOptions,
  mapAt: MapAt,
  joined: JoinedUse,
): RunResult {
  joined.use(() => undefined)
  record(options, `program '${program.name}'`, badRun)
  if (options.cpu !== undefined && options.cpu !== cpu.index)
    throw new SkepError(
      'BAD_CPU',
      `this thread is CPU ${cpu.index}; it cannot run a program on CPU ${show(options.cpu)}`,
    )
  const repeat = repeatOf(options)
  const placed = placeRun(program, options, cpu.runBuffer, mapAt)
  const letGo = joined.program(address)
  try {
    const retval = guarded(() => cpu.runRepeat(address, placed.contextAddress, placed.context, repeat))
    return placed.finish(retval, cpu.lastDuration)
  } finally {
    letGo()
  }
}

// Objects are known here by their bytes only: a fault is told by its kind and address.
function guarded<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof CpuFault)) throw error
    const { kind, detail, cpu } = error.raw
    throw new SkepError(faultCode(kind), `a program on CPU ${cpu}: fault at or with 0x${detail.toString(16)}`, { cpu })
  }
}

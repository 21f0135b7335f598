// Boot options, their defaults and limits.
import { MAX_CPUS } from '../../../core/abi.js'
import { CONTROL_BLOCK_BYTES } from '../../../core/layout.js'
import { show, SkepError } from '../../error.js'
import { record, type OptionNames } from './given-options.js'
import { networkOf, type Neighbor, type Network, type NetworkInterface, type Route } from './network.js'
import type { Socket } from './sockets.js'
import type { TaskIdentity } from './task.js'
import { parseSize, type Size } from './units.js'

/** What every kind of machine can be told at boot. */
export interface BootOptions {
  /** All memory of the machine; fixed for its life. Default '64 MiB', at most '4 GiB'. */
  memory?: Size
  /** Timers and work items that can exist at once. Default: one for every 2 KiB of memory, at most 65,536. */
  timers?: number
  /** Part of the memory for hash links and other bookkeeping of maps. Default: a quarter of what is left. */
  coreMemory?: Size
  /** CPUs kept free for threads that join the machine with `join(machine.share())`. Default 0. */
  joins?: number
  /** Start of bpf_get_prandom_u32's sequences. Default: 1 on a virtual machine, random otherwise. */
  seed?: number
  /** Loop iterations that one run of a program or callback may make before it is a fault. Default 1,000,000,000. */
  loopBudget?: number
  /** The task that programs find themselves in; later: setTask(), and `task` of a run. */
  task?: TaskIdentity
  /**
   * Interfaces by index, or only their MTU: bpf_check_mtu, bpf_fib_lookup. Default { 1: 65536 }: the loopback alone.
   */
  interfaces?: Readonly<Record<number, number | NetworkInterface>>
  /** Where packets go, for bpf_fib_lookup. With routes, interfaces forward unless they say otherwise. */
  routes?: readonly Route[]
  /** Link addresses of the next hops. */
  neighbors?: readonly Neighbor[]
  /**
   * Local sockets, for bpf_sk_lookup_tcp and its like. Of sockets that fit a packet equally well, the first is found.
   */
  sockets?: readonly Socket[]
}

/** All that machines of every kind take. */
export const bootOptions = {
  memory: true,
  timers: true,
  coreMemory: true,
  joins: true,
  seed: true,
  loopBudget: true,
  task: true,
  interfaces: true,
  routes: true,
  neighbors: true,
  sockets: true,
} satisfies OptionNames<BootOptions>

/** Options with every default filled in. */
export interface MachineShape {
  readonly memoryBytes: number
  readonly controlBlocks: number
  readonly coreBytes: number
  /** CPUs that run programs. */
  readonly cpus: number
  /** CPUs kept for joining threads; they follow `cpus`. */
  readonly joins: number
  /** One more, last, for the host thread if it runs no programs. */
  readonly hostCpu: boolean
  readonly seed: number
  readonly loopBudget: number | undefined
  readonly task: TaskIdentity
  readonly network: Network
}

/** CPUs that run programs, those of threads that join too. */
export const programCpusOf = ({ cpus, joins }: MachineShape): number => cpus + joins

const WASM_PAGE = 65536
/** Fixed structures: maps, programs, rings (core/run/boot.ts). */
const FIXED_BYTES = 1 << 20
/** Area, events, stacks, run buffer of one CPU. */
const CPU_SHARE = 288 << 10

/** Fills in defaults; throws BAD_OPTION naming the option. */
export function machineShape(options: BootOptions, cpus: number, hostCpu: boolean, seed: number): MachineShape {
  const joins = integer(options.joins ?? 0, 'joins', 0, MAX_CPUS)
  const total = integer(cpus, 'cpus', 1, MAX_CPUS) + joins + (hostCpu ? 1 : 0)
  if (total > MAX_CPUS)
    throw new SkepError(
      'BAD_OPTION',
      `cpus and joins: at most ${MAX_CPUS - (hostCpu ? 1 : 0)} CPUs in all${hostCpu ? ', and one for the host thread' : ''}; ` +
        `got ${cpus} and ${joins}`,
    )
  const asked = parseSize(options.memory ?? '64 MiB', 'memory')
  const memoryBytes = Math.min(Math.max(1, Math.ceil(asked / WASM_PAGE)) * WASM_PAGE, 2 ** 32 - WASM_PAGE)
  if (asked > 2 ** 32) throw new SkepError('BAD_OPTION', `memory: at most '4 GiB', got ${show(options.memory)}`)
  const timers = options.timers ?? Math.min(65536, Math.max(64, Math.floor(memoryBytes / 2048)))
  const controlBlocks = integer(timers, 'timers', 1, 16_000_000)
  const fixed =
    FIXED_BYTES + total * CPU_SHARE + controlBlocks * (CONTROL_BLOCK_BYTES + 8 + total / 4) + memoryBytes / 2048
  const rest = Math.max(0, memoryBytes - fixed)
  const coreBytes =
    options.coreMemory === undefined ? Math.floor(rest / 4) : parseSize(options.coreMemory, 'coreMemory')
  return {
    memoryBytes,
    controlBlocks,
    coreBytes,
    cpus,
    joins,
    hostCpu,
    seed: integer(options.seed ?? seed, 'seed', 0, 0xffffffff),
    loopBudget: options.loopBudget === undefined ? undefined : integer(options.loopBudget, 'loopBudget', 1, 0xffffffff),
    task: { pid: process.pid, comm: 'skep', ...record(options.task ?? {}, 'task') },
    network: networkOf(options),
  }
}

function integer(value: number, option: string, low: number, high: number): number {
  if (!Number.isInteger(value) || value < low || value > high)
    throw new SkepError('BAD_OPTION', `${option}: expected a whole number from ${low} to ${high}, got ${show(value)}`)
  return value
}

// Counts that a machine keeps: by CPU, by program, and of the memory that the protocol hands around.
import {
  CPU_DEFERRED_COUNT,
  CPU_FIRINGS,
  CPU_LATENESS,
  CPU_LIFE,
  CPU_MAX_LATENESS,
  CPU_QUEUE_LENGTH,
  CPU_RUNS,
  CPU_WORKS,
  HEADER,
  HEADER_UNFINISHED_CHANGES,
  PROGRAM_NANOSECONDS,
  PROGRAM_REFERENCES,
  PROGRAM_RUNS,
} from '../../core/layout.js'
import type { Kernel } from './kernel.js'
import { programCpusOf } from './options.js'

export interface CpuStatistics {
  readonly state: 'unused' | 'live' | 'dead'
  /** Program runs, timer callbacks, work callbacks. */
  readonly runs: number
  readonly firings: number
  readonly works: number
  /** Nanoseconds between expiry and callback: mean and greatest. */
  readonly meanLateness: number
  readonly maxLateness: number
  /** Entries in its timer queue. */
  readonly queued: number
  /** Objects of this CPU that wait for a grace period. */
  readonly waiting: number
}

export interface ProgramStatistics {
  readonly runs: number
  /** Nanoseconds in all runs. */
  readonly nanoseconds: number
  /** References: one of the object's handle, one of every timer or work that is bound to it. */
  readonly references: number
}

export interface MachineStatistics {
  readonly cpus: readonly CpuStatistics[]
  readonly programs: Readonly<Record<string, ProgramStatistics>>
  /** Control blocks of timers and work: all, free, and lost with dead CPUs (0 as long as none died). */
  readonly timers: { readonly capacity: number; readonly free: number; readonly lost: number }
  /** Updates and deletes that CPUs had under way when they died: each may have taken a free element of its map with it. */
  readonly unfinishedChanges: number
  /** Closed maps whose memory waits for a grace period. */
  readonly mapsWaiting: number
  /** Faults in callbacks. */
  readonly faults: number
}

const states = ['unused', 'live', 'dead'] as const

/** The counts at about this moment. */
export function machineStatistics(kernel: Kernel): MachineStatistics {
  const { memory, host, shape } = kernel
  const count = programCpusOf(shape) + (shape.hostCpu ? 1 : 0)
  const cpus = Array.from({ length: count }, (_, index): CpuStatistics => {
    const area = memory.cpuArea(index)
    const firings = Number(memory.long(area + CPU_FIRINGS))
    return {
      state: states[memory.word(area + CPU_LIFE)] ?? 'dead',
      runs: Number(memory.long(area + CPU_RUNS)),
      firings,
      works: Number(memory.long(area + CPU_WORKS)),
      meanLateness: firings === 0 ? 0 : Number(memory.long(area + CPU_LATENESS)) / firings,
      maxLateness: Number(memory.long(area + CPU_MAX_LATENESS)),
      queued: memory.word(area + CPU_QUEUE_LENGTH),
      waiting: memory.word(area + CPU_DEFERRED_COUNT),
    }
  })
  const programs: Record<string, ProgramStatistics> = {}
  for (const object of kernel.objects.loaded)
    for (const { spec, address } of object.programs.values())
      programs[spec.name] = {
        runs: Number(memory.long(address + PROGRAM_RUNS)),
        nanoseconds: Number(memory.long(address + PROGRAM_NANOSECONDS)),
        references: memory.word(address + PROGRAM_REFERENCES),
      }
  const { core } = host
  return {
    cpus,
    programs,
    timers: {
      capacity: core.control_blocks_total(),
      free: core.control_blocks_free(),
      lost: core.control_blocks_lost(),
    },
    unfinishedChanges: memory.word(HEADER + HEADER_UNFINISHED_CHANGES),
    mapsWaiting: kernel.maps.waiting,
    faults: kernel.faults,
  }
}

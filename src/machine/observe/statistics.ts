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
  PROGRAM_RUNS,
} from '../../../core/layout.js'
import type { Kernel } from '../boot/kernel.js'
import { programCpusOf } from '../options/boot-options.js'

/** Counts of one CPU since boot. */
export interface CpuStatistics {
  /** 'unused': kept for a thread that joins; 'dead': its thread has ended. */
  readonly state: 'unused' | 'live' | 'dead'
  /** Program runs. */
  readonly runs: number
  /** Timer callbacks. */
  readonly firings: number
  /** Work callbacks. */
  readonly works: number
  /** Nanoseconds between expiry and callback, the mean. */
  readonly meanLateness: number
  /** Nanoseconds between expiry and callback, the most. */
  readonly maxLateness: number
  /** Entries in its timer queue. */
  readonly queued: number
  /** Objects of this CPU that wait for a grace period. */
  readonly waiting: number
}

/** Counts of one program since its load. */
export interface ProgramStatistics {
  /** By run() and prepared runs; callbacks are not among them. */
  readonly runs: number
  /** Nanoseconds in all runs. */
  readonly nanoseconds: number
  /** References: one of the object's handle, one of every timer or work that is bound to it. */
  readonly references: number
}

/** What machine.stats() answers. */
export interface MachineStatistics {
  /** By index: those that run programs, those kept for joining, the host thread's own if it has one. */
  readonly cpus: readonly CpuStatistics[]
  /** By name, of all loaded objects; of equal names the one loaded last. */
  readonly programs: Readonly<Record<string, ProgramStatistics>>
  /** Control blocks of timers and work: all, free, and lost with dead CPUs (0 as long as none died). */
  readonly timers: { readonly capacity: number; readonly free: number; readonly lost: number }
  /**
   * Updates and deletes that CPUs had under way when they died: each may have taken a free element of its map with it.
   */
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
        references: host.core.program_references(address),
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

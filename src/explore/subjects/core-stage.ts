// A booted machine of the core's check build, for stages on which maps are explored.
import * as layout from '../../../core/layout.js'
import type { Cpu } from '../executor.js'
import { Stage } from '../stage.js'
import type { Operation, View } from '../subject.js'
import { coreNames } from './core-names.js'
import { moduleBytes } from '../builds.js'

const MEMORY = 1 << 21

/** What a stage's own boot gets. */
export interface Booted {
  /** CPU 0. */
  cpu: Cpu
  all: readonly Cpu[]
  /** A word of the core's header. */
  header(field: number): number
  /** Address of CPU 0's run buffer, which lies in guest memory. */
  buffer: number
  /**
   * Creates a map of type, key size, value size, entries, flags; so many bytes further on than where free memory
   * begins; with a bpf_spin_lock at that offset of its values.
   */
  createMap(attributes: readonly number[], coreRoom?: number, guestRoom?: number, lock?: number): number
}

/** Boots a machine with so many bytes of core memory for its maps, then what `boot` adds. `module`: another build. */
export function coreStage(
  { cpus, traced, coreBytes, module }: { cpus: number; traced: boolean; coreBytes: number; module?: Uint8Array },
  boot: (booted: Booted) => void,
): Stage {
  const maps: number[] = []
  const stage = new Stage({
    module: module ?? moduleBytes('core', traced),
    sites: traced,
    memory: MEMORY,
    cpus,
    boot(all) {
      const cpu = all[0]!
      const { exports } = cpu
      const header = (field: number): number => cpu.load32(layout.HEADER + field)
      if (exports['machine_boot'](MEMORY, cpus, 4, coreBytes) !== 0) throw new Error('no room for the machine')
      all.forEach((one, index) => one.exports['cpu_attach'](index))
      boot({
        cpu,
        all,
        header,
        buffer: cpu.load32(header(layout.HEADER_CPU_AREAS) + layout.CPU_RUN_BUFFER),
        createMap(attributes, coreRoom = 0, guestRoom = 0, lock = -1) {
          const guest = header(layout.HEADER_GUEST_HEAP) + guestRoom
          const core = header(layout.HEADER_CORE_HEAP) + coreRoom
          const map: number = exports['map_create'](...attributes, -1, -1, lock, guest, core, 0)
          if (map <= 0) throw new Error(`no map: ${map}`)
          maps.push(map)
          return map
        },
      })
    },
  })
  stage.names = coreNames((address) => stage.memory.words[address >>> 2]! >>> 0, cpus, maps)
  return stage
}

/** Repairs what the CPU that stopped has left. */
export const offline = (name: string): Operation => ({
  name,
  kind: 'offline',
  afterStop: true,
  run: (cpu) => Number(cpu.exports['cpu_offline'](cpu.stopped())),
})

/** A turn of its CPU between programs. */
export const poll = (name: string): Operation => ({
  name,
  kind: 'poll',
  run: ({ exports }) => exports['cpu_poll']() as number,
})

/** Whether a pool of the core has an object free: a bit of its lowest level. */
export function isFree(view: View, pool: number, index: number): boolean {
  const word = view.load32(view.load32(pool + layout.BITMAP_LEVEL) + (index >> 5) * 4)
  return ((word >>> (index & 31)) & 1) !== 0
}

/**
 * Leaves so many of a pool's free objects, the others are as if dead CPUs had them: so what is given back is soon
 * handed out again. How many are gone.
 */
export function leaveFree(cpu: Cpu, pool: number, count: number): number {
  const level = cpu.load32(pool + layout.BITMAP_LEVEL)
  const bits = cpu.load32(pool + layout.BITMAP_BITS)
  let gone = 0
  for (let index = 0, left = count; index < bits; index++) {
    const at = level + (index >> 5) * 4
    const word = cpu.load32(at)
    if (((word >>> (index & 31)) & 1) === 0 || left-- > 0) continue
    cpu.store32(at, word & ~(1 << (index & 31)))
    gone++
  }
  return gone
}

/** How many objects a pool has free. */
export function countFree(view: View, pool: number): number {
  const bits = view.load32(pool + layout.BITMAP_BITS)
  const level = view.load32(pool + layout.BITMAP_LEVEL)
  let count = 0
  for (let index = 0; index < bits; index += 32) {
    const word = view.load32(level + (index >> 5) * 4)
    for (let rest = index + 32 <= bits ? word : word & ((1 << (bits & 31)) - 1); rest !== 0; rest &= rest - 1) count++
  }
  return count
}

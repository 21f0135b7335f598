// The host's side of a perf event array in the machine that owns it: a ring for each CPU, put at the CPU's index.
// Called by table.ts. Invariant: what is in the array is open here, and a ring goes only after its place was emptied.
import { MAP_TYPE_RINGBUF } from '../../../core/abi.js'
import { emptyMap } from '../../object/maps.js'
import { errnoError } from '../errno.js'
import type { Kernel } from '../boot/kernel.js'
import type { LiveMap } from './table.js'
import { programCpusOf } from '../options/boot-options.js'

/** Open buffers of a perf event array. */
export interface PerfEvents {
  /** Address of each CPU's ring, by CPU. */
  readonly rings: readonly number[]
  close(): void
}

/** Opens a buffer of so many bytes for each CPU that has a place. Throws EBUSY if one is open already, NO_MEMORY. */
export function openPerfEvents(kernel: Kernel, map: LiveMap, bytes: number): PerfEvents {
  const { core } = kernel.host
  const cpus = Math.min(programCpusOf(kernel.shape), map.spec.maxEntries)
  const rings: LiveMap[] = []
  const close = (): void => {
    if (kernel.closed) return
    rings.forEach((ring, cpu) => {
      core.perf_event_close(map.address, cpu, ring.address)
      kernel.maps.close(ring)
    })
    kernel.settle()
  }
  try {
    for (let cpu = 0; cpu < cpus; cpu++) {
      const ring = kernel.maps.create(
        { ...emptyMap(`${map.name}/${cpu}`, MAP_TYPE_RINGBUF), maxEntries: bytes },
        undefined,
      )
      rings.push(ring)
      const result = core.perf_event_open(map.address, cpu, ring.address, cpu)
      if (result < 0) throw errnoError(result, `map '${map.name}': the buffer of CPU ${cpu} is open already`)
    }
  } catch (error) {
    close()
    throw error
  }
  return { rings: rings.map(({ address }) => address), close }
}

// What Linux 6.18 refuses because its timers and work take a lock, and this package does not: maps with timers or work
// in tracing programs, whether the program uses the field or not. Only where a caller asks for it.
import type { MapSpec, ObjectSpec, ProgramSpec, ProgramType } from '../object/spec.js'
import { invalid, placed, type Refusal } from './refusal.js'

const TRACING: ReadonlySet<ProgramType> = new Set<ProgramType>(['kprobe', 'tracepoint', 'perf_event', 'raw_tracepoint'])

/** One for every reference to such a map that the program reaches. */
export function tracingRefusals(spec: ObjectSpec, program: ProgramSpec): Refusal[] {
  if (!TRACING.has(program.type)) return []
  const refusals: Refusal[] = []
  const seen = new Set([program.entry])
  for (const name of seen) {
    const fn = spec.functions.get(name)
    for (const relocation of fn?.relocations ?? []) {
      if (relocation.kind === 'call' || relocation.kind === 'function-pointer') seen.add(relocation.function)
      if (relocation.kind !== 'map' && relocation.kind !== 'map-value') continue
      const field = lockedField(spec.maps.get(relocation.map))
      if (field && fn)
        refusals.push(
          placed(invalid(`tracing progs cannot use ${field} yet`), program.name, fn, relocation.instruction),
        )
    }
  }
  return refusals
}

function lockedField(map: MapSpec | undefined): string | undefined {
  if (map && map.timerOffset >= 0) return 'bpf_timer'
  return map && map.workOffset >= 0 ? 'bpf_wq' : undefined
}

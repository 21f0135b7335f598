// CO-RE relocations: listed by name as unsupported. Used by read.ts.
import type { ReadContext } from './context.js'

/** Adds one line per relocated type to what is unsupported. */
export function resolveCoreRelocations(context: ReadContext): void {
  for (const records of context.ext?.relocations.values() ?? [])
    for (const { type } of records) context.unsupported.add(`CO-RE relocation of '${context.spec.btf?.name(type)}'`)
}

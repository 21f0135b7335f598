// Names of the words of the core's structures, from the constants of layout.ts, for traces. Called by those who name
// the words of a stage: core-names.ts, async-memory.ts.
import * as layout from '../../../core/layout.js'

/** The fields of the structure whose constants have that prefix, by offset: `CB_STATE` is `state` with `CB_`. */
export function fieldsOf(prefix: string): ReadonlyMap<number, string> {
  const fields = new Map<number, string>()
  for (const [name, offset] of Object.entries(layout))
    if (name.startsWith(prefix) && typeof offset === 'number')
      fields.set(offset, name.slice(prefix.length).toLowerCase())
  return fields
}

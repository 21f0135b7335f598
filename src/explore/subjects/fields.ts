// Names of the words of the core's structures, from the constants of layout.ts, and what counts are, for traces. Called
// by those who name the words of a stage: core-names.ts, async-memory.ts.
import * as layout from '../../../core/layout.js'

/** The fields of the structure whose constants have that prefix, by offset: `CB_STATE` is `state` with `CB_`. */
export function fieldsOf(prefix: string): ReadonlyMap<number, string> {
  const fields = new Map<number, string>()
  for (const [name, offset] of Object.entries(layout))
    if (name.startsWith(prefix) && typeof offset === 'number')
      fields.set(offset, name.slice(prefix.length).toLowerCase())
  return fields
}

/** A reference count. A dead one may be read with references that were taken too late, and are given back. */
export function referencesText(count: number): string {
  const late = count - layout.REFERENCES_DEAD
  return late < 0 ? String(count) : late === 0 ? 'dead' : `dead + ${late}`
}

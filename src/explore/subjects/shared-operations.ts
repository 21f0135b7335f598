// Operations by their stage and what they do: subjects that share a stage share its operations too, and with them what
// is known of them, so that a log which one subject has made is not made again by the next. For the catalogues.
import type { Stage } from '../stage.js'

const known = new WeakMap<Stage, Map<string, unknown>>()

/** What `make` made when the same was asked of the stage first: `name` must say all that the operation depends on. */
export function once<T>(stage: Stage, name: string, make: () => T): T {
  let made = known.get(stage)
  if (made === undefined) known.set(stage, (made = new Map()))
  if (!made.has(name)) made.set(name, make())
  return made.get(name) as T
}

// Which functions of an object belong together: what a program needs loaded, and what the checks look at as one
// program.
import type { ObjectSpec } from './spec.js'

/** Names of the functions that a function can reach by calls and callbacks, itself included. */
export function reachable(spec: ObjectSpec, entry: string): Set<string> {
  const found = new Set<string>()
  const visit = (name: string): void => {
    const fn = spec.functions.get(name)
    if (!fn || found.has(name)) return
    found.add(name)
    for (const relocation of fn.relocations)
      if (relocation.kind === 'call' || relocation.kind === 'function-pointer') visit(relocation.function)
  }
  visit(entry)
  return found
}

// Call sites of a trace as places in the source: a stack of wasm frames becomes file, line and function of the
// innermost frame that is not the door itself.
import type { Place } from './source-map.js'
import type { Trace } from './trace.js'

export interface Where {
  file: string
  line: number
  function: string
}

/** Finds the place in the source of a byte offset in a module: a source map, or debug information. */
export interface Places {
  find(offset: number): Place | undefined
}

/** Files that only pass accesses on. */
const DOOR = /(^|\/)(door|hook)\.ts$/

/** Whether code at this place only passes accesses on: that of the door, and what no line of a source stands for. */
export const passesOn = (place: Place | undefined): boolean =>
  place === undefined || DOOR.test(place.file) || place.file.startsWith('~lib')

/** Puts `where` in place of the call sites of a trace, for those that the map knows. */
export function locate(trace: Trace, map: Places): void {
  const known = new Map<string, Where | undefined>()
  for (const line of trace.lines) {
    if (line.site === undefined) continue
    if (!known.has(line.site)) known.set(line.site, whereOf(line.site, map))
    const where = known.get(line.site)
    if (!where) continue
    line.where = where
    delete line.site
  }
}

/** The place of a call site; none if it is not in the module. */
export function whereOf(site: string, map: Places): Where | undefined {
  for (const frame of site.split('\n')) {
    const found = /^(\S*) wasm:.*:(\d+)$/.exec(frame)
    if (!found) continue
    // V8 counts columns of a wasm frame, which are byte offsets, from 1.
    const place = map.find(Number(found[2]) - 1)
    if (place && !passesOn(place)) return { ...place, function: found[1]!.slice(found[1]!.lastIndexOf('/') + 1) }
  }
  return undefined
}

// Why a search is incomplete, in words, for whoever prints what it found.
import type { GaveUp } from './search.js'

const MIB = 2 ** 20

/** `bytes`: of the set of states seen. */
export function whyGivenUp(gaveUp: GaveUp, bytes: number): string {
  switch (gaveUp) {
    case 'time':
      return 'given up: its time is over'
    case 'memory':
      return `given up: the set of states seen has ${Math.round(bytes / MIB)} MiB and may not grow (--preemptions bounds a search)`
    case 'states':
      return 'given up: too many states (--states)'
    case 'interrupted':
      return 'interrupted'
  }
}

// Node's own timers: what a JavaScript program has without skep.
import { setTimeout as sleep } from 'node:timers/promises'
import { median, type Start } from '../case.js'

const FAR = 30_000
const ROUNDS = 200

type Operation = 'set' | 'clear' | 'set and clear' | 'refresh' | 'refresh shuffled'

/** Nanoseconds of one operation, with `count` timers. */
export function nodeTimers(operation: Operation, count: number): Start {
  return async () => {
    const timers: NodeJS.Timeout[] = []
    const nothing = (): void => {}
    const set = (): void => {
      for (let i = 0; i < count; i++) timers[i] = setTimeout(nothing, FAR)
    }
    const clear = (): void => {
      for (let i = 0; i < count; i++) clearTimeout(timers[i])
    }
    const refresh = (): void => {
      for (let i = 0; i < count; i++) timers[i]!.refresh()
    }
    const timed = (work: () => void): number => {
      const begin = performance.now()
      work()
      return performance.now() - begin
    }
    const round: Record<Operation, () => number> = {
      set() {
        const time = timed(set)
        clear()
        return time
      },
      clear() {
        set()
        return timed(clear)
      },
      'set and clear': () =>
        timed(() => {
          for (let i = 0; i < count; i++) clearTimeout(setTimeout(nothing, FAR))
        }),
      refresh: () => timed(refresh),
      'refresh shuffled': () => timed(refresh),
    }
    const refreshes = operation === 'refresh' || operation === 'refresh shuffled'
    if (refreshes) set()
    if (operation === 'refresh shuffled') shuffle(timers)
    const rounds = Math.max(5, Math.ceil((ROUNDS * 64) / count))
    const measure = (): number => (median(Array.from({ length: rounds }, () => round[operation]())) * 1e6) / count
    for (let i = 0; i < 10; i++) measure()
    await sleep(40)
    return {
      measure: async () => measure(),
      end: async () => {
        if (refreshes) clear()
      },
    }
  }
}

function shuffle<T>(things: T[]): void {
  let random = 1
  for (let i = things.length - 1; i > 0; i--) {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0
    const other = random % (i + 1)
    ;[things[i], things[other]] = [things[other]!, things[i]!]
  }
}

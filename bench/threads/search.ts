// A thread that explores named subjects of the shipped protocol, one after the other, as a thread of a check does. Told
// what to do by cases/explorer.ts; answers how many steps their last searches made.
import { check } from '../../src/explore/check.js'
import { entryNamed } from '../../src/explore/subjects/catalogue.js'
import { serve } from '../../src/explore/threads.js'

/** Subjects, and after how many milliseconds each is given up. */
export interface Order {
  readonly names: readonly string[]
  readonly maxMilliseconds: number
}

serve<Order, number>(({ names, maxMilliseconds }) =>
  names.reduce((sum, name) => sum + check(entryNamed('shipped', name)!, { maxMilliseconds }).transitions, 0),
)

// A seed for machines whose random numbers need not be the same on every run.
import { randomInt } from 'node:crypto'

/** A random u32. */
export function randomSeed(): number {
  return randomInt(2 ** 32)
}

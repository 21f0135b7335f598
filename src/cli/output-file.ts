// Files that commands write where they are told to. Called by types.ts, check.ts and check-object.ts.
import { writeFileSync } from 'node:fs'
import { reasonOf, SkepError } from '../error.js'

/** Writes a file, or throws SkepError FILE with its path and why it cannot be written. */
export function writeOutput(file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch (cause) {
    throw new SkepError('FILE', `cannot write '${file}': ${reasonOf(cause)}`, { file }, { cause })
  }
}

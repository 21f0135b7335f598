// Which core the compiled TypeScript belongs to: it writes structures and repeats computations of the core (layout.ts,
// lookups in place), so both must be built from the same sources. build-core.mjs puts the stamp into core.wasm,
// build-worker.mjs beside the compiled TypeScript, and src/machine/cpu/core-module.ts compares the two.
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path/posix'

/** No part of core.wasm. */
const APART = ['specimens', 'parts'].map((folder) => join('core', folder))

/** A digest of the sources of the core. */
export async function coreStamp() {
  const entries = await readdir('core', { withFileTypes: true, recursive: true })
  const files = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join((entry.parentPath ?? entry.path).replaceAll('\\', '/'), entry.name))
    .filter((path) => !APART.some((folder) => path.startsWith(`${folder}/`)))
    .sort()
  const digest = createHash('sha256')
  for (const path of files)
    digest
      .update(`${path}\n`)
      .update(await readFile(path))
      .update('\n')
  return digest.digest('hex').slice(0, 32)
}

/** The module with the stamp in a section of its own. */
export function stamped(module, stamp) {
  const name = Buffer.from('skep.stamp')
  const text = Buffer.from(stamp)
  return Buffer.concat([module, Buffer.from([0, 1 + name.length + text.length, name.length]), name, text])
}

// The compiled modules that are explored, by name, each in two builds: the optimised one that is explored, and the
// trace build with a source map, in which the same interleaving is repeated to learn where in the source each access
// is. All of them lie packed in one file, which is opened once one is asked for.
import { readFileSync } from 'node:fs'
import { brotliDecompressSync } from 'node:zlib'
import { packageFile } from '../package-file.js'

/** What is compiled: the core; the core with small tables; its smallest structures; the three older designs. */
export type ModuleName = 'core' | 'core.small' | 'parts' | 'specimens'

let builds: ReadonlyMap<string, Buffer> | undefined

/** A module's bytes. */
export const moduleBytes = (name: ModuleName, traced = false): Uint8Array =>
  build(traced ? `traces/${name}.trace.wasm` : `${name}.check.wasm`)

/** The source map of a trace build, as text. */
export const sourceMapText = (name: ModuleName): string => build(`traces/${name}.trace.wasm.map`).toString()

function build(name: string): Buffer {
  builds ??= unpack(brotliDecompressSync(readFileSync(packageFile('../core/checks.br'))))
  const found = builds.get(name)
  if (!found) throw new Error(`checks.br has no ${name}`)
  return found
}

/** The files that scripts/build-checks.mjs has put together. */
function unpack(bytes: Buffer): Map<string, Buffer> {
  let at = bytes.indexOf('\n') + 1
  const sizes = JSON.parse(bytes.toString('utf8', 0, at)) as [name: string, size: number][]
  return new Map(sizes.map(([name, size]) => [name, bytes.subarray(at, (at += size))]))
}

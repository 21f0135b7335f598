// The compiled modules that subjects are about, by name, each in two builds: the optimised one that is explored, and
// the trace build with a source map, in which the same interleaving is repeated to learn where in the source each
// access is.
import { readFileSync } from 'node:fs'
import { brotliDecompressSync } from 'node:zlib'
import { packageFile } from '../../package-file.js'

/** What is compiled: the core; the core with small tables; its smallest structures; the three older designs. */
export type ModuleName = 'core' | 'core.small' | 'parts' | 'specimens'

const fileOf = (name: string): Buffer => readFileSync(packageFile(`../core/${name}`))

/** Trace builds and their source maps by name, once one is asked for. */
let traces: ReadonlyMap<string, Buffer> | undefined

/** A module's bytes. */
export const moduleBytes = (name: ModuleName, traced = false): Uint8Array =>
  traced ? traceFile(`${name}.trace.wasm`) : fileOf(`${name}.check.wasm`)

/** The source map of a trace build, as text. */
export const sourceMapText = (name: ModuleName): string => traceFile(`${name}.trace.wasm.map`).toString()

function traceFile(name: string): Buffer {
  traces ??= unpack(brotliDecompressSync(fileOf('traces.br')))
  const found = traces.get(name)
  if (!found) throw new Error(`traces.br has no ${name}`)
  return found
}

/** The files that scripts/build-traces.mjs has put together. */
function unpack(bytes: Buffer): Map<string, Buffer> {
  let at = bytes.indexOf('\n') + 1
  const sizes = JSON.parse(bytes.toString('utf8', 0, at)) as [name: string, size: number][]
  return new Map(sizes.map(([name, size]) => [name, bytes.subarray(at, (at += size))]))
}

// The compiled modules that subjects are about, by name, each in two builds: the optimised one that is explored, and the
// trace build with a source map, in which the same interleaving is repeated to learn where in the source each access is.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { packageFile } from '../../package-file.js'

/** What is compiled: the core; the core with small tables; its smallest structures; the three older designs. */
export type ModuleName = 'core' | 'core.small' | 'parts' | 'specimens'

const fileOf = (name: string): Buffer => readFileSync(packageFile(`../core/${name}`))

/** A module's bytes. */
export const moduleBytes = (name: ModuleName, traced = false): Uint8Array =>
  traced ? gunzipSync(fileOf(`${name}.trace.wasm.gz`)) : fileOf(`${name}.check.wasm`)

/** The source map of a trace build, as text. */
export const sourceMapText = (name: ModuleName): string => gunzipSync(fileOf(`${name}.trace.wasm.map.gz`)).toString()

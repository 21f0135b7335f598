// Puts the check builds of core/, the trace builds and their source maps, which build-core.mjs leaves, into one packed
// file, dist/core/checks.br, which is what the package has of them: two of each are nearly equal, the core and the core
// with small tables, and take the room of one there. Its first line says name and bytes of each, in their order. Read
// by src/explore/builds.ts.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { brotliCompressSync, constants } from 'node:zlib'

const FOLDER = 'dist/core'
/** Of 0 to 11: what more would save takes seconds. */
const QUALITY = 9

const names = [
  ...readdirSync(FOLDER).filter((name) => name.endsWith('.check.wasm')),
  ...readdirSync(`${FOLDER}/traces`).map((name) => `traces/${name}`),
]
const contents = names.map((name) => readFileSync(`${FOLDER}/${name}`))
const sizes = names.map((name, index) => [name, contents[index].length])
const all = Buffer.concat([Buffer.from(`${JSON.stringify(sizes)}\n`), ...contents])
const params = { [constants.BROTLI_PARAM_QUALITY]: QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: all.length }
writeFileSync(`${FOLDER}/checks.br`, brotliCompressSync(all, { params }))

// Puts the trace builds of core/ and their source maps, which build-core.mjs leaves, into one packed file,
// dist/core/traces.br, which is what the package has of them: two are nearly equal, the core and the core with small
// tables, and take the room of one there. Its first line says name and bytes of each, in their order. Read by
// src/explore/subjects/modules.ts.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { brotliCompressSync, constants } from 'node:zlib'

const FOLDER = 'dist/core'
/** Of 0 to 11: what more would save takes seconds. */
const QUALITY = 9

const names = readdirSync(`${FOLDER}/traces`)
const contents = names.map((name) => readFileSync(`${FOLDER}/traces/${name}`))
const sizes = names.map((name, index) => [name, contents[index].length])
const all = Buffer.concat([Buffer.from(`${JSON.stringify(sizes)}\n`), ...contents])
const params = { [constants.BROTLI_PARAM_QUALITY]: QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: all.length }
writeFileSync(`${FOLDER}/traces.br`, brotliCompressSync(all, { params }))

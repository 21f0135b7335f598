// Puts the modules of a worker thread into one CommonJS file, dist/src/machine/cpu/worker.cjs: a thread that finds,
// reads and links them one by one, as ES modules, takes a third longer to start, and booting a machine waits for it.
// Of the modules of the core's constants only those are in it that somebody there asks for. Runs after tsc, on what
// that has written; leaves beside it what core that was compiled with (core-stamp.mjs).
import { writeFileSync } from 'node:fs'
import { rollup } from 'rollup'
import { coreStamp } from './core-stamp.mjs'

const FOLDER = 'dist/src/machine/cpu'

const worker = await rollup({
  input: `${FOLDER}/worker.js`,
  external: /^node:/,
  onLog(_, { message }) {
    throw new Error(`build-worker: ${message}`)
  },
})
await worker.write({ file: `${FOLDER}/worker.cjs`, format: 'cjs' })
writeFileSync(`${FOLDER}/core-stamp`, await coreStamp())

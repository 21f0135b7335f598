// The core module (AssemblyScript, dist/core/core.wasm): compiled once per process, by the thread that boots machines. The
// others get it from that thread.
import { readFileSync } from 'node:fs'
import { SkepError } from '../error.js'

/** dist/src/machine/core-module.js → dist/core/core.wasm, in a clone and in an installed package alike. */
const coreFile = new URL('../../core/core.wasm', import.meta.url)
let compiled: WebAssembly.Module | undefined

/** The compiled core; the same module object for every machine of the process. */
export function coreModule(): WebAssembly.Module {
  if (!compiled) {
    let bytes: Uint8Array
    try {
      bytes = readFileSync(coreFile)
    } catch (cause) {
      throw new SkepError('NO_CORE', `core.wasm is missing beside the package's code; build it first`, {}, { cause })
    }
    compiled = new WebAssembly.Module(bytes)
  }
  return compiled
}

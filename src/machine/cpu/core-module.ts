// The core module (AssemblyScript, dist/core/core.wasm): compiled once per process, by the thread that boots machines.
// The others get it from that thread. It is only used with the TypeScript that was built from the same sources of the
// core.
import { readFileSync } from 'node:fs'
import { SkepError } from '../../error.js'
import { CoreCode } from '../../jit/core-code.js'
import { packageFile } from '../../package-file.js'
import { compileSoonOptimised } from './optimised.js'

const coreFile = packageFile('../core/core.wasm')
/** What core this code was compiled with, as core.wasm says it of itself (scripts/core-stamp.mjs). */
const stampFile = packageFile('machine/cpu/core-stamp')
let compiled: WebAssembly.Module | undefined
let code: CoreCode | undefined

/** The compiled core; the same module object for every machine of the process. Throws SkepError NO_CORE. */
export function coreModule(): WebAssembly.Module {
  return (compiled ??= readCore(coreFile, stampFile))
}

/** The code of the core, for those of its functions that stand in compiled code. */
export function coreCode(): CoreCode {
  return (code ??= new CoreCode(read(coreFile)))
}

/** Reads and compiles a core that was built from what `stamp`, a file, says. Throws SkepError NO_CORE. */
export function readCore(core: URL, stamp: URL): WebAssembly.Module {
  const expected = read(stamp).toString()
  const module = compileSoonOptimised(read(core))
  const [section] = WebAssembly.Module.customSections(module, 'skep.stamp')
  const found = section ? Buffer.from(section).toString() : 'no stamp'
  if (found !== expected)
    throw new SkepError(
      'NO_CORE',
      `core.wasm was built from other sources (${found}) than the package's code beside it (${expected}): their ` +
        `structures in memory may differ; build both (npm run build)`,
    )
  return module
}

function read(file: URL): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    const name = file.pathname.slice(file.pathname.lastIndexOf('/') + 1)
    throw new SkepError('NO_CORE', `${name} is missing beside the package's code; build it first`, {}, { cause })
  }
}

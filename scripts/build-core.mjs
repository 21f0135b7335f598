// Compiles core/ (AssemblyScript) to dist/core: the shipped core.wasm, core.check.wasm in which every access to shared
// memory is a call to an imported hook, and traces/core.trace.wasm (the check build unoptimised, for source positions,
// with its source map; build-checks.mjs puts those of all builds into one file of the package).
// core/specimens (specimens.wasm, specimens.check.wasm) and core/parts (parts.check.wasm: the smallest structures by
// themselves) are compiled apart and are no part of the core.
// The small builds have tables of four maps and four programs instead of thousands (nothing else differs): repair of a
// dead CPU scans them, and in an exploration every step counts.
// core.wasm has a stamp: core-stamp.mjs. What is shipped, and the older designs, have spare locals: spare-local.mjs.
// A build is skipped when nothing that it is made of is newer than its output; a trace build of the core only if its
// source map has the stamp, too: of other sources it would name other lines.
import { readFileSync } from 'node:fs'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import asc from 'assemblyscript/asc'
import { coreStamp, stamped } from './core-stamp.mjs'
import { withSpareLocals } from './spare-local.mjs'

const force = process.argv.includes('--force')
const common = [
  '--runtime',
  'stub',
  '--importMemory',
  '--sharedMemory',
  '--initialMemory',
  '1',
  '--maximumMemory',
  '65536',
  '--memoryBase',
  '1024',
  '--enable',
  'threads',
  '--enable',
  'simd',
  '--enable',
  'bulk-memory',
  '--exportTable',
  '--noExportMemory',
]
// What is shipped: constants that are added to an address become the offset of its access.
const shipped = [
  '-O3',
  '--shrinkLevel',
  '0',
  '--runPasses',
  'optimize-added-constants-propagate,simplify-locals,vacuum',
]
const trace = ['-u', 'CHECKED=1', '--sourceMap', '--debug']
const builds = [
  { entry: 'core/index.ts', output: 'core.wasm', options: shipped },
  { entry: 'core/index.ts', output: 'core.check.wasm', options: ['-O2', '-u', 'CHECKED=1'] },
  { entry: 'core/index.ts', output: 'traces/core.trace.wasm', options: trace },
  { entry: 'core/index.ts', output: 'core.small.check.wasm', options: ['-O2', '-u', 'CHECKED=1'], small: true },
  { entry: 'core/index.ts', output: 'traces/core.small.trace.wasm', options: trace, small: true },
  { entry: 'core/parts/index.ts', output: 'parts.check.wasm', options: ['-O2', '-u', 'CHECKED=1'] },
  { entry: 'core/parts/index.ts', output: 'traces/parts.trace.wasm', options: trace },
  { entry: 'core/specimens/index.ts', output: 'specimens.wasm', options: shipped },
  { entry: 'core/specimens/index.ts', output: 'specimens.check.wasm', options: ['-O2', '-u', 'CHECKED=1'] },
  { entry: 'core/specimens/index.ts', output: 'traces/specimens.trace.wasm', options: trace },
]

/**
 * No address of the core lies below the machine header (core/layout.ts): none is so small that it and an offset wrap
 * round.
 */
class LowMemoryUnused {
  afterCompile() {
    this.binaryen.setLowMemoryUnused(true)
  }
}

const SPECIMENS = join('core', 'specimens')
const SHARED = [join('core', 'memory')]

// Time of the last change of what the specimens are made of, and of the core.
async function newest() {
  let core = 0
  let specimens = 0
  for (const entry of await readdir('core', { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts')) continue
    const folder = entry.parentPath ?? entry.path
    const changed = (await stat(join(folder, entry.name))).mtimeMs
    if (!folder.startsWith(SPECIMENS)) core = Math.max(core, changed)
    if (folder === 'core' || SHARED.includes(folder) || folder.startsWith(SPECIMENS))
      specimens = Math.max(specimens, changed)
  }
  return { core, specimens }
}

function readSmall(name, folder) {
  let text
  try {
    text = readFileSync(join(folder, name), 'utf8')
  } catch {
    return null
  }
  return name === 'core/abi.ts' ? text.replace(/(MAX_MAPS|MAX_PROGRAMS) = \d+/g, '$1 = 4') : text
}

await mkdir('dist/core/traces', { recursive: true })
const scripts = await Promise.all(
  ['build-core', 'core-stamp', 'spare-local'].map((name) => stat(`scripts/${name}.mjs`)),
)
const script = Math.max(...scripts.map(({ mtimeMs }) => mtimeMs))
const changes = await newest()
const stamp = await coreStamp()
for (const { entry, output, options, small } of builds) {
  const changed = Math.max(entry.startsWith(SPECIMENS) ? changes.specimens : changes.core, script)
  const path = `dist/core/${output}`
  const traced = options === trace
  const built = await stat(path).then(
    (s) => s.mtimeMs,
    () => 0,
  )
  const same = !traced || entry !== 'core/index.ts' || (await stampOf(`${path}.map`)) === stamp
  if (built > changed && same && !force) continue
  const { error, stderr } = await asc.main([entry, ...common, ...options, '--outFile', path], {
    transforms: [LowMemoryUnused],
    ...(small ? { readFile: readSmall } : {}),
  })
  if (error) {
    console.error(stderr.toString())
    console.error(`build-core: ${output}: ${error.message}`)
    process.exit(1)
  }
  if (options === shipped) {
    const module = withSpareLocals(await readFile(path))
    await writeFile(path, output === 'core.wasm' ? stamped(module, stamp) : module)
  }
  if (traced) {
    // Places are looked up in it, not the text there: that would be four fifths of it.
    const { sourcesContent: _, ...map } = JSON.parse(await readFile(`${path}.map`, 'utf8'))
    await writeFile(`${path}.map`, JSON.stringify({ ...map, x_stamp: stamp }))
  }
}

/** The stamp in a source map; undefined if there is none. */
async function stampOf(path) {
  try {
    return JSON.parse(await readFile(path, 'utf8')).x_stamp
  } catch {
    return undefined
  }
}

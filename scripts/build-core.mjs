// Compiles core/ (AssemblyScript) to dist/core: the shipped core.wasm, core.check.wasm in which every access to shared
// memory is a call to an imported hook, and core.trace.wasm (the check build unoptimised, for source positions).
// A build is skipped when nothing below core/ is newer than its output.
import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import asc from 'assemblyscript/asc'

const force = process.argv.includes('--force')
const common = [
  'core/index.ts',
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
const builds = [
  { output: 'core.wasm', options: ['-O3', '--shrinkLevel', '0'] },
  { output: 'core.check.wasm', options: ['-O2', '-u', 'CHECKED=1'] },
  { output: 'core.trace.wasm', options: ['-u', 'CHECKED=1', '--sourceMap', '--debug'] },
]

async function newest(folder) {
  let latest = 0
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }))
    if (entry.isFile() && entry.name.endsWith('.ts')) {
      latest = Math.max(latest, (await stat(join(entry.parentPath ?? entry.path, entry.name))).mtimeMs)
    }
  return latest
}

await mkdir('dist/core', { recursive: true })
const changed = Math.max(await newest('core'), (await stat('scripts/build-core.mjs')).mtimeMs)
for (const { output, options } of builds) {
  const path = `dist/core/${output}`
  const built = await stat(path).then(
    (s) => s.mtimeMs,
    () => 0,
  )
  if (built > changed && !force) continue
  const { error, stderr } = await asc.main([...common, ...options, '--outFile', path])
  if (error) {
    console.error(stderr.toString())
    console.error(`build-core: ${output}: ${error.message}`)
    process.exit(1)
  }
}

// Compiles driver/driver.ts with AssemblyScript when a case first wants it: once for the core, once for the specimens.
import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { REPOSITORY } from '../../test/kernel/oracle.js'

const SOURCES = 'bench/driver'
const FOLDER = 'dist/bench/driver'

const built = new Map<string, Promise<WebAssembly.Module>>()

/** The compiled driver for the shipped core (`skep`) or for a specimen. */
export function driverModule(skep: boolean): Promise<WebAssembly.Module> {
  const name = skep ? 'skep' : 'design'
  const known = built.get(name) ?? build(name, skep ? ['-u', 'SKEP=1'] : [])
  built.set(name, known)
  return known
}

async function build(name: string, options: string[]): Promise<WebAssembly.Module> {
  await mkdir(`${REPOSITORY}${FOLDER}`, { recursive: true })
  const output = `${FOLDER}/${name}.wasm`
  const written = async (path: string): Promise<number> =>
    (await stat(`${REPOSITORY}${path}`).catch(() => undefined))?.mtimeMs ?? 0
  const sources = await readdir(`${REPOSITORY}${SOURCES}`)
  const newest = Math.max(...(await Promise.all(sources.map((source) => written(`${SOURCES}/${source}`)))))
  if ((await written(output)) <= newest) await compile(output, options)
  return new WebAssembly.Module(await readFile(`${REPOSITORY}${output}`))
}

async function compile(output: string, options: string[]): Promise<void> {
  const { default: asc } = await import('assemblyscript/asc')
  const { error, stderr } = await asc.main([
    `${SOURCES}/driver.ts`,
    ...['--baseDir', REPOSITORY, '--outFile', output, '--runtime', 'stub', '-O3', ...options],
  ])
  if (error) throw new Error(`${output}: ${error.message}\n${stderr.toString()}`)
}

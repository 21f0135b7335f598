// Compiles a C file for wasm32 and links it with the runtime: by a clang that is installed, with the wasm32 target and
// wasm-ld, or else by @yowasp/clang, which is clang itself as WebAssembly. Errors are the compiler's own words.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SkepError } from '../../error.js'
import { packageFile } from '../../package-file.js'

/** Where skep-check.h and the runtime lie: beside `dist`. */
const INCLUDE = fileURLToPath(packageFile('../../include'))
const HEADER = 'skep-check.h'
const RUNTIME = 'skep-check-runtime.c'

/** The stack lies first, so that one that is too deep meets NULL; its size is also in the runtime. */
const STACK_BYTES = 16384

const NAMES = ['clang', 'clang-22', 'clang-21', 'clang-20', 'clang-19', 'clang-18', 'clang-17', 'clang-16', 'clang-15', 'clang-14'] // prettier-ignore

const COMPILE = [
  ...['--target=wasm32', '-O1', '-gdwarf-4', '-matomics', '-mbulk-memory', '-ffreestanding', '-std=gnu11'],
  ...['-Wall', '-Wno-unused-function'],
]

const LINK = [
  ...['--no-entry', '--stack-first', '-z', `stack-size=${STACK_BYTES}`],
  ...['--export=__heap_base', '--export=__stack_pointer'],
]

interface Clang {
  clang: string
  linker: string
}

let found: { is: Clang | undefined } | undefined

/** A clang of this machine that can make wasm, with its linker; undefined if there is none. */
export const installedClang = (): Clang | undefined => (found ??= { is: findClang() }).is

function findClang(): Clang | undefined {
  const asked = process.env.SKEP_CLANG
  for (const clang of asked === undefined ? NAMES : [asked]) {
    const targets = spawnSync(clang, ['--print-targets'], { encoding: 'utf8' })
    if (targets.status !== 0 || !/\bwasm32\b/.test(targets.stdout)) continue
    const linker = execFileSync(clang, ['-print-prog-name=wasm-ld'], { encoding: 'utf8' }).trim()
    // Without a path the linker was not found.
    if (linker.includes('/')) return { clang, linker }
  }
  return undefined
}

interface Yowasp {
  runClang(args: string[], files: Record<string, unknown>, options: object): Promise<Record<string, unknown>>
}

const YOWASP = '@yowasp/clang'

/** The npm package, if it is installed. */
export async function packagedClang(): Promise<Yowasp | undefined> {
  try {
    return (await import(YOWASP)) as Yowasp
  } catch (thrown) {
    if ((thrown as { code?: string }).code === 'ERR_MODULE_NOT_FOUND') return undefined
    throw thrown
  }
}

/** The linked module. Throws SkepError: NO_COMPILER, or BAD_C with the compiler's messages. */
export async function compile(path: string): Promise<Uint8Array> {
  const installed = installedClang()
  if (installed) return compileHere(path, installed)
  const packaged = await packagedClang()
  if (packaged) return compilePackaged(path, packaged)
  throw new SkepError(
    'NO_COMPILER',
    `${path}: a C file needs clang with the wasm32 target and wasm-ld (${namedClang()}), or the npm package ${YOWASP}: npm install ${YOWASP}`,
  )
}

const namedClang = (): string =>
  process.env.SKEP_CLANG === undefined
    ? 'SKEP_CLANG names one'
    : `SKEP_CLANG is '${process.env.SKEP_CLANG}', which is none`

function compileHere(path: string, { clang, linker }: Clang): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'skep-'))
  try {
    const out = join(folder, 'out.wasm')
    const objects = [path, join(INCLUDE, RUNTIME)].map((source, index) => {
      const object = join(folder, `${index}.o`)
      run(path, clang, [...COMPILE, '-I', INCLUDE, '-c', source, '-o', object])
      return object
    })
    // Not by clang: its driver would let a wasm-opt that it finds rewrite the module, and lose names and lines.
    run(path, linker, [...LINK, ...objects, '-o', out])
    return readFileSync(out)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function run(path: string, program: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  if (error) throw error
  if (status !== 0) throw refused(path, stderr)
}

// The packaged compiler sees a file system of its own: the file's folder is not in it, only the file.
async function compilePackaged(path: string, { runClang }: Yowasp): Promise<Uint8Array> {
  const file = basename(path)
  const read = (name: string): string => readFileSync(join(INCLUDE, name), 'utf8')
  const files = { [file]: readFileSync(path, 'utf8'), include: { [HEADER]: read(HEADER), [RUNTIME]: read(RUNTIME) } }
  const messages: Uint8Array[] = []
  const stderr = (bytes: Uint8Array | null): void => void (bytes && messages.push(bytes.slice()))
  const said = (): string => Buffer.concat(messages).toString()
  try {
    const link = LINK.map((flag) => `-Wl,${flag}`)
    const args = [
      'clang',
      ...COMPILE,
      '-nostdlib',
      ...link,
      '-I',
      'include',
      file,
      `include/${RUNTIME}`,
      '-o',
      'out.wasm',
    ]
    const made = await runClang(args, files, { stderr, fetchProgress: () => undefined })
    return made['out.wasm'] as Uint8Array
  } catch (thrown) {
    if (messages.length === 0) throw thrown
    throw refused(path, said().replaceAll(`${file}:`, `${join(dirname(path), file)}:`))
  }
}

const refused = (path: string, said: string): SkepError =>
  new SkepError('BAD_C', `${resolve(path)} does not compile:\n${said.trimEnd()}`, { items: said.trimEnd().split('\n') })

// Subjects that people bring: a module of JavaScript or TypeScript that exports them, a wasm module whose exports say
// who does what, or a C file (docs/own-subjects.md describes all three).
import { accessSync, constants, readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { reasonOf, SkepError } from '../error.js'
import { cSubject } from './c/subject.js'
import { cpusOf, exportedSubject } from './exported-subject.js'
import * as explorer from './index.js'
import type { Places } from './places.js'
import { Stage } from './stage.js'
import type { Subject } from './subject.js'

/** A subject of a file; a traced one is on a stage of its own that records call sites, for `places`. */
export interface Brought {
  name: string
  subject(traced: boolean): Subject
  places?: Places
  /** The module that its operations run, if there is one. */
  code?: Uint8Array
}

/** Whether an argument is a file to load rather than a name of the catalogue. */
export const isSubjectFile = (argument: string): boolean => /\.(wasm|c|[mc]?[jt]s)$/.test(argument)

const MEMORY = 1 << 16

/**
 * The subjects of a file. Throws SkepError FILE if it cannot be read, for C that does not compile, and BAD_SUBJECT,
 * which says what was expected.
 */
export async function subjectsOf(path: string): Promise<Brought[]> {
  try {
    accessSync(path, constants.R_OK)
  } catch (cause) {
    throw new SkepError('FILE', `cannot read '${path}': ${reasonOf(cause)}`, { file: path }, { cause })
  }
  try {
    return await subjectsIn(path)
  } catch (cause) {
    // What a module throws, or the engine refuses of it.
    if (cause instanceof SkepError && cause.code !== 'BAD_SUBJECT') throw cause
    const text = reasonOf(cause)
    const kind = cause instanceof Error && !(cause instanceof SkepError) ? `${cause.name}: ` : ''
    const message = text.startsWith(path) ? text : `${path}: ${kind}${text}`
    throw new SkepError('BAD_SUBJECT', message, { file: path }, { cause })
  }
}

async function subjectsIn(path: string): Promise<Brought[]> {
  if (path.endsWith('.c')) {
    const compiled = await cSubject(path)
    const [plain, traced] = [compiled.subject(false), compiled.subject(true)]
    return [{ name: plain.name, subject: (places) => (places ? traced : plain), places: compiled, code: compiled.code }]
  }
  if (path.endsWith('.wasm')) {
    const code = readFileSync(path)
    const module = moduleOf(path, code)
    const stage = new Stage({ module, memory: MEMORY, cpus: cpusOf(path, module) })
    const subject = exportedSubject(basename(path, '.wasm'), module, stage)
    return [{ name: subject.name, subject: () => subject, code }]
  }
  const value = await exportedBy(path).catch((cause: unknown) => {
    if (!/\.[mc]?ts$/.test(path) || (cause as { code?: unknown }).code !== 'ERR_UNKNOWN_FILE_EXTENSION') throw cause
    throw new SkepError(
      'BAD_SUBJECT',
      `${path}: Node.js ${process.version} does not run TypeScript: take 22.18 or newer, or compile the file to JavaScript`,
    )
  })
  const subjects = (Array.isArray(value) ? value : [value]) as Subject[]
  if (subjects.length === 0 || subjects.some((one) => !(one?.stage instanceof Stage)))
    throw new SkepError(
      'BAD_SUBJECT',
      `${path}: its default export must be a subject of skep/explore, a list of them, or a function of the explorer's names that returns that`,
    )
  return subjects.map((subject) => ({ name: subject.name, subject: () => subject }))
}

// What the file exports by default, or what that answers if it is a function.
async function exportedBy(path: string): Promise<unknown> {
  const loaded = (await import(pathToFileURL(resolve(path)).href)) as { default?: unknown }
  const value = loaded.default
  return typeof value === 'function' ? (value as (names: typeof explorer) => unknown)(explorer) : value
}

// The module of a file, which must make its shared accesses through the hook.
function moduleOf(path: string, code: Uint8Array): WebAssembly.Module {
  let module: WebAssembly.Module
  try {
    module = new WebAssembly.Module(code)
  } catch (cause) {
    throw new SkepError(
      'BAD_SUBJECT',
      `${path} is no wasm module: ${(cause as Error).message.replace(/^WebAssembly\.Module\(\): /, '')}`,
      {},
      { cause },
    )
  }
  if (!WebAssembly.Module.imports(module).some(({ module: from }) => from === 'hook'))
    throw new SkepError(
      'BAD_SUBJECT',
      `${path} does not import hook.access32 or hook.access64: nothing is seen of what it does to shared memory (docs/explorer-hook.md)`,
    )
  return module
}

// Subjects that people bring: a JavaScript module that exports them, or a wasm module whose exports say who does what
// (docs/explorer-hook.md describes both).
import { readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as explorer from './index.js'
import { Stage } from './stage.js'
import { subject } from './subject.js'
import type { Operation, Subject } from './subject.js'

/** Whether an argument is a file to load rather than a name of the catalogue. */
export const isSubjectFile = (argument: string): boolean => /\.(wasm|[mc]?js)$/.test(argument)

/** The subjects of a file. Throws a plain Error that says what was expected of it. */
export async function subjectsOf(path: string): Promise<Subject[]> {
  if (path.endsWith('.wasm')) return [wasmSubject(path)]
  const loaded = (await import(pathToFileURL(resolve(path)).href)) as { default?: unknown }
  let value = loaded.default
  if (typeof value === 'function') value = await (value as (names: typeof explorer) => unknown)(explorer)
  const subjects = (Array.isArray(value) ? value : [value]) as Subject[]
  if (subjects.length === 0 || subjects.some((one) => !(one?.stage instanceof Stage)))
    throw new Error(
      `${path}: its default export must be a subject of skep/explore, a list of them, or a function of the explorer's names that returns that`,
    )
  return subjects
}

const MEMORY = 1 << 16

// `setup()` makes the initial state; `cpu0_push()` is an operation of CPU 0, in the order of the exports; `nmi0_…` may
// interrupt CPU 0; `at_rest()` returns 0 if all is well at the end.
function wasmSubject(path: string): Subject {
  const module = new WebAssembly.Module(readFileSync(path))
  const names = WebAssembly.Module.exports(module)
    .filter(({ kind }) => kind === 'function')
    .map(({ name }) => name)
  const operations = (prefix: string, cpu: number): Operation[] =>
    names
      .filter((name) => name.startsWith(`${prefix}${cpu}_`))
      .map((name) => ({ name, run: ({ exports }) => (exports[name] as () => number | bigint | undefined)() }))
  let cpus = 0
  while (operations('cpu', cpus).length > 0) cpus++
  if (cpus === 0) throw new Error(`${path} exports no operation: cpu0_NAME, cpu1_NAME, … are expected`)
  const stage = new Stage({ module, memory: MEMORY, cpus })
  return subject({
    name: basename(path, '.wasm'),
    stage,
    setup: ([cpu]) => void cpu!.exports['setup']?.(),
    cpus: Array.from({ length: cpus }, (_, cpu) => ({
      operations: operations('cpu', cpu),
      nmi: operations('nmi', cpu),
    })),
    atRest: () => {
      const wrong = Number(stage.cpus[0]!.exports['at_rest']?.() ?? 0)
      return wrong === 0 ? undefined : `at_rest() returned ${wrong}`
    },
  })
}

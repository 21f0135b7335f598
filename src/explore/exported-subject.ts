// A subject from the exports of a wasm module: `setup()` makes the initial state; `cpu0_push()` is an operation of CPU
// 0, in the order of the exports; `nmi0_…` may interrupt CPU 0; `stop0` says that CPU 0 may stop for ever; `at_rest()`
// looks at the end: it returns 0 if all is well; `lock_free` says that nobody may wait. Exported constants are
// addresses and name what lies there. Made by modules-of-users.ts and c/subject.ts.
import { SkepError } from '../error.js'
import type { Stage } from './stage.js'
import { subject } from './subject.js'
import type { Operation, Subject } from './subject.js'

type Run = () => number | bigint | undefined

const functionsOf = (module: WebAssembly.Module): string[] =>
  WebAssembly.Module.exports(module)
    .filter(({ kind }) => kind === 'function')
    .map(({ name }) => name)

/**
 * CPUs that a module has operations for, counted from 0. Throws SkepError BAD_SUBJECT if it has none (`expected` says
 * what they are) or leaves one out.
 */
export function cpusOf(
  name: string,
  module: WebAssembly.Module,
  expected = 'exported functions cpu0_NAME, cpu1_NAME, …',
): number {
  const names = functionsOf(module)
  let cpus = 0
  while (names.some((one) => one.startsWith(`cpu${cpus}_`))) cpus++
  if (cpus === 0) throw new SkepError('BAD_SUBJECT', `${name} has no operation of CPU 0: expected ${expected}`)
  for (const one of names) {
    const [, cpu] = /^(?:(?:cpu|nmi)(?=\d+_)|stop(?=\d+$))(\d+)/.exec(one) ?? []
    if (Number(cpu) >= cpus)
      throw new SkepError(
        'BAD_SUBJECT',
        `${name} says what CPU ${cpu} does (${one}), and has no operation of CPU ${cpus}`,
      )
  }
  return cpus
}

/** The subject of a module that is on the stage. */
export function exportedSubject(
  name: string,
  module: WebAssembly.Module,
  stage: Stage,
  more: Partial<Subject> = {},
): Subject {
  const names = functionsOf(module)
  const operations = (prefix: string, cpu: number): Operation[] =>
    names
      .filter((one) => one.startsWith(`${prefix}${cpu}_`))
      .map((one) => ({ name: one, run: ({ exports }) => (exports[one] as Run)() }))
  return subject({
    name,
    stage,
    setup: ([cpu]) => void cpu!.exports['setup']?.(),
    cpus: stage.cpus.map((_, cpu) => ({
      operations: operations('cpu', cpu),
      nmi: operations('nmi', cpu),
      mayStop: names.includes(`stop${cpu}`),
    })),
    atRest: () => stage.asIfNothing(() => atRest(stage)),
    progress: names.includes('lock_free') ? 'lock-free' : 'fair',
    nameOf: namesOf(stage),
    ...more,
  })
}

function atRest(stage: Stage): string | undefined {
  const wrong = Number((stage.cpus[0]!.exports['at_rest'] as Run | undefined)?.() ?? 0)
  return wrong === 0 ? undefined : `at_rest() returned ${wrong}`
}

/** Bytes behind an exported address that still are called after it. */
const NAMED = 64

function namesOf(stage: Stage): (address: number) => string | undefined {
  const names = Object.entries(stage.cpus[0]!.exports)
    .filter((entry): entry is [string, WebAssembly.Global] => entry[1] instanceof WebAssembly.Global)
    .map(([name, { value }]) => ({ name, at: Number(value) }))
    .sort((a, b) => b.at - a.at)
  return (address) => {
    const nearest = names.find(({ at }) => at <= address)
    if (!nearest || address - nearest.at >= NAMED) return undefined
    return address === nearest.at ? nearest.name : `${nearest.name}+${address - nearest.at}`
  }
}

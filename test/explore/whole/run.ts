// `npm run check`: explores every named subject of the shipped protocol, each completely if that takes less than 20 s,
// else with at most three preemptions; then says what was reached, what never was, and how many own steps operations
// took. `--no-coverage`: does not ask what was reached. `--write`: puts the totals and the table of steps into
// docs/protocol.md. `--seconds N` instead of 20 (a busy machine); `--jobs N`; `--resume FILE`: answers are kept in that
// file, and those that it has already are not asked again. Other words are beginnings of names: only those. `npm run
// check -- mutants`: scripts/mutants.mjs. One subject and its interleavings: `skep check`.
import { spawnSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { entriesOf, select } from '../../../src/explore/subjects/catalogue.js'
import { overThreads } from '../../../src/explore/threads.js'
import { answersIn } from './answers.js'
import type { Answer, Lines, Task } from './answers.js'
import { coveredOf, Reached } from './coverage.js'
import { Tally } from './tally.js'

if (process.argv[2] === 'mutants') {
  const command = ['scripts/mutants.mjs', ...process.argv.slice(3)]
  process.exit(spawnSync(process.execPath, command, { stdio: 'inherit' }).status ?? 1)
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'write': { type: 'boolean', default: false },
    'no-coverage': { type: 'boolean', default: false },
    'seconds': { type: 'string', default: '20' },
    'jobs': { type: 'string', default: String(availableParallelism()) },
    'resume': { type: 'string' },
  },
}) // prettier-ignore

const began = Date.now()
const minutes = (): number => (Date.now() - began) / 60_000

const { chosen, unknown } = select(entriesOf('shipped'), positionals, [])
if (unknown.length > 0) throw new Error(`no subject is named ${unknown[0]}`)
const names = chosen.map(({ name }) => name)

function ask(
  about: readonly string[],
  traced: boolean,
  done: (answer: Answer) => void,
  reached?: Reached,
): Promise<void> {
  const seconds = Number(options.seconds)
  return overThreads<Task, Answer | Lines>({
    module: new URL('./thread.js', import.meta.url),
    tasks: about.map((name) => ({ name, seconds, traced })),
    threads: Number(options.jobs),
    done: (_, answer) => done(answer as Answer),
    ...(reached && { last: 'lines' as const, ended: (lines) => reached.add(lines as Lines) }),
  })
}

const reached = new Reached()
const tally = new Tally(names)
const hear = (answer: Answer): void => tally.add(answer).forEach((line) => console.log(line))
const known = answersIn(options.resume)
for (const name of names) if (known.has(name)) hear(known.get(name)!)
await ask(
  names.filter((name) => !known.has(name)),
  false,
  (answer) => {
    if (options.resume !== undefined) appendFileSync(options.resume, JSON.stringify(answer) + '\n')
    hear(answer)
  },
)
const explored = minutes()

if (!options['no-coverage']) await ask(coveredOf(names), true, () => {}, reached)
const covered = options['no-coverage'] ? { totals: [], never: [] } : reached.print()

const totals = [...tally.totals(), ...covered.totals]
const bounds = tally.bounds.print()
const time = `${explored.toFixed(1)} minutes, and ${(minutes() - explored).toFixed(1)} for what was reached`
console.log(['', ...totals, ...covered.never.map((line) => `  ${line}`), '', ...bounds, '', time].join('\n'))

if (options.write) {
  const marked = new URL('../../../../scripts/marked.mjs', import.meta.url).href
  const { replaceBetween } = (await import(marked)) as {
    replaceBetween(file: string, name: string, lines: readonly string[]): void
  }
  replaceBetween('docs/protocol.md', 'bounds', bounds)
  replaceBetween('docs/protocol.md', 'totals', [...totals, '', ...covered.never.map((line) => `- ${line}`)])
}
process.exitCode = tally.violations > 0 ? 1 : 0

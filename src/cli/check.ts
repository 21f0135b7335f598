// `skep check`: puts named subjects, a user's own, or runs of an object's programs to the explorer. Exit code 1 if
// something is violated.
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { Option } from 'commander'
import type { Command } from 'commander'
import { sitesOf } from '../explore/check.js'
import type { Checked, CheckOptions } from '../explore/check.js'
import { isSubjectFile } from '../explore/modules-of-users.js'
import { reachOf } from '../explore/reach.js'
import type { Reach } from '../explore/reach.js'
import { SkepError } from '../error.js'
import { entriesOf, select } from '../explore/subjects/catalogue.js'
import { PROTOCOLS, variantName, type Protocol, type Variant } from '../explore/subjects/entry.js'
import type { ModuleName } from '../explore/builds.js'
import { fieldCounts, fieldLines, fieldTotals, reachLines } from '../report/coverage-text.js'
import { failureLines, progressText, summaryLines, totalLine, traceLines, verdictLine } from '../report/check-text.js'
import type { Reached } from '../report/check-text.js'
import { interleavingPage } from '../report/interleaving-html.js'
import { addObjectOptions, checkObjectCommand, isObjectFile } from './check-object.js'
import type { ObjectCheckCommandOptions } from './check-object.js'
import { CheckPool, type Asked } from './check-pool.js'
import { catchInterrupt, EXIT_INTERRUPTED } from './interrupt.js'
import { writeOutput } from './output-file.js'
import { Progress } from './progress.js'
import type { Style } from '../report/style.js'
import { whole } from './run-options.js'
import { print, printJson, styleFor } from './terminal.js'

interface Options extends ObjectCheckCommandOptions {
  protocol: Protocol
  preemptions?: number
  nmi?: boolean
  stopCpu?: boolean
  failAllocations?: boolean
  seed?: number
  replay?: string
  coverage?: boolean
  seconds?: number
  jobs?: number
  list?: boolean
  json?: boolean
  html?: string
}

/** More subjects than this are summed up by family; what is violated is always shown. */
const SHOWN_ONE_BY_ONE = 40
const GOES_ON = 'Somebody can go on where the token ends: nothing is said of what comes then.'

/** Violations that are shown in full. */
const SHOWN_IN_FULL = 3

const EXAMPLES = `
Examples:
  skep check pair/idle-bound                        any two operations on a bound timer, in every variant
  skep check pair --nmi                             only those with an NMI at every step
  skep check H7 --protocol locked --html h7.html    what is wrong with Linux 6.18 there, to step through
  skep check subject.mjs                            a subject of your own (docs/own-subjects.md)
  skep check queue.c                                kernel-style C (include/skep-check.h)
  skep check flow.bpf.o --run count@0 --run count@1 two runs of a program, on two CPUs
  skep check flow.bpf.o --before on_packet@1 --run on_packet@0 --timers
                                                    a run, and at the same time the timer that an earlier one started
`

export function addCheck(program: Command): void {
  const command = program
    .command('check')
    .summary("explore every interleaving: of an object's programs, or of the core's own operations")
    .description(
      'Explores every interleaving of the operations of named subjects on two or three CPUs, on the compiled core itself, ' +
        'and shows one with the fewest preemptions if something is violated. Without a name: all of them. ' +
        'Of an object file it explores runs of programs and due timers: lost updates, timers that are freed while ' +
        'armed, faults, deadlocks, and outcomes that depend on the order.',
    )
    .argument(
      '[subjects...]',
      'names or beginnings of names (--list), hazards (H7), globs, files (.c, .mjs, .ts, .wasm), or one object (.bpf.o)',
    )
    .option('--preemptions <n>', 'only interleavings with at most so many preemptions', whole(0, 1000))
    .option('--seconds <n>', 'give a subject, or an object, up after so many seconds', whole(1, 1_000_000))
    .option('--json', 'print JSON (docs/command-line.md describes it)')
    .option('--html <file>', 'write the first violation as a page to step through')
    .optionsGroup('For subjects:')
    .addOption(new Option('--protocol <name>', 'which design').choices(PROTOCOLS).default('shipped'))
    .option('--nmi', 'only subjects in which an NMI may come at any step')
    .option('--stop-cpu', 'only subjects in which a CPU may stop for ever at any step')
    .option('--fail-allocations', 'every allocation may fail, at any place')
    .option('--seed <n>', 'a thousand random walks with this seed instead', whole(0, 2 ** 32 - 1))
    .option('--replay <token>', 'only this interleaving of one subject')
    .option('--coverage', 'show what was not reached of the code under test, by place in the source')
    .option('--jobs <n>', 'threads (default: as many as there are processors)', whole(1, 1024))
    .option('--list', 'print the names, and what they ask')
  addObjectOptions(command.optionsGroup('For an object:'))
    .addHelpText('after', EXAMPLES)
    .action((subjects: string[], options: Options, command: Command) => checkCommand(subjects, options, command))
}

/** Options that mean nothing for the other kind. */
const NOT_FOR_OBJECTS = ['nmi', 'stopCpu', 'failAllocations', 'seed', 'replay', 'coverage', 'jobs', 'list'] as const
const FOR_OBJECTS = ['run', 'before', 'data', 'ctx', 'set', 'timers', 'states'] as const

function refuse(options: Options, names: readonly (keyof Options)[], what: string, command: Command): void {
  const given = names.find((name) => options[name] !== undefined)
  if (given === undefined) return
  command.error(`error: --${given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} is ${what}`)
}

async function checkCommand(subjects: string[], options: Options, command: Command): Promise<void> {
  const interrupt = catchInterrupt()
  const pool = new CheckPool()
  interrupt.signal.addEventListener('abort', () => pool.interrupt())
  try {
    await checked(subjects, options, command, pool)
  } catch (error) {
    if (error instanceof SkepError && (error.code === 'BAD_SUBJECT' || error.code === 'BAD_TOKEN'))
      command.error(`error: ${error.message}`)
    throw error
  } finally {
    interrupt.release()
    await pool.close()
    if (interrupt.requested) process.exitCode = EXIT_INTERRUPTED
  }
}

async function checked(subjects: string[], options: Options, command: Command, pool: CheckPool): Promise<void> {
  const [object] = subjects.filter(isObjectFile)
  if (object !== undefined) {
    refuse(options, NOT_FOR_OBJECTS, 'not for objects', command)
    if (options.protocol !== 'shipped') command.error('error: --protocol is not for objects')
    if (subjects.length > 1) command.error('error: an object is checked alone')
    return checkObjectCommand(object, options, command, pool)
  }
  refuse(options, FOR_OBJECTS, 'for objects only', command)
  if (options.failAllocations && options.protocol !== 'shipped')
    command.error('error: --fail-allocations is for the shipped protocol and subjects of your own')
  const variants: Variant[] = [
    ...(options.nmi ? (['nmi'] as const) : []),
    ...(options.stopCpu ? (['stop'] as const) : []),
  ]
  const names = subjects.filter((name) => !isSubjectFile(name))
  const files = subjects.filter(isSubjectFile)
  const { chosen, unknown } =
    names.length === 0 && files.length > 0
      ? { chosen: [], unknown: [] }
      : select(entriesOf(options.protocol), names, variants)
  if (unknown.length > 0) command.error(`error: ${nobodyIs(unknown, options)}`)
  const asked: Asked[] = [
    ...chosen.map(({ name, about, protocol }) => ({ name, about, protocol })),
    ...(await broughtBy(files, variants, pool)),
  ]
  if (options.list) return print(asked.map(({ name, about }) => `${name}  –  ${about}`))
  if (options.replay !== undefined && asked.length !== 1)
    command.error(`error: --replay takes one subject, not ${asked.length.toLocaleString('en')}`)
  if (subjects.length === 0 && asked.length > SHOWN_ONE_BY_ONE)
    process.stderr.write(
      `skep: ${asked.length.toLocaleString('en')} subjects; name some of them for less (skep check --help)\n`,
    )
  const began = Date.now()
  const answers = await explored(asked, options, pool)
  const all = answers.filter((answer) => answer !== undefined)
  report(all, (Date.now() - began) / 1000, options)
  if (all.some(({ verdict }) => verdict === 'violated')) process.exitCode = 1
  const cut = all.filter(({ gaveUp }) => gaveUp === 'interrupted').length
  const left = asked.length - all.length
  if (cut + left > 0)
    process.stderr.write(
      `skep: interrupted: ${of(cut, 'was', 'were')} not explored to the end, ${of(left, 'was', 'were')} not begun\n`,
    )
}

const of = (number: number, one: string, several: string): string =>
  `${number.toLocaleString('en')} ${number === 1 ? `subject ${one}` : `subjects ${several}`}`

/** The default design is the package itself: nobody has asked for it by its name. */
function nobodyIs(unknown: readonly string[], { protocol, nmi, stopCpu }: Options): string {
  const file = unknown.find((name) => existsSync(name))
  if (file !== undefined) return `'${file}' is neither a subject (.c, .mjs, .js, .ts, .wasm) nor an object (.o)`
  const isDefault = protocol === 'shipped'
  const names = unknown.map((name) => `'${name}'`).join(' or ')
  const list = isDefault ? 'skep check --list' : `skep check --list --protocol ${protocol}`
  const variants = [...(nmi ? ['--nmi'] : []), ...(stopCpu ? ['--stop-cpu'] : [])].join(' or ')
  if (variants !== '' && select(entriesOf(protocol), unknown, []).unknown.length === 0)
    return `${names} has no subject with ${variants} (${list} shows what there is)`
  return `no subject${isDefault ? '' : ` of --protocol ${protocol}`} is named ${names} (${list} shows them)`
}

async function broughtBy(files: readonly string[], variants: readonly Variant[], pool: CheckPool): Promise<Asked[]> {
  const found: Asked[] = []
  for (const file of files)
    for (const [index, name] of (await pool.subjectsOf(file)).entries())
      for (const variant of variants.length === 0 ? (['plain'] as const) : variants)
        found.push({ name: variantName(name, variant), about: name, file, index, variant })
  return found
}

async function explored(
  asked: readonly Asked[],
  options: Options,
  pool: CheckPool,
): Promise<readonly (Checked | undefined)[]> {
  const progress = new Progress()
  let ended = 0
  const tell = (name: string, reached: Reached): void =>
    progress.update(() => `${ended}/${asked.length} ${name}: ${progressText(reached)}`)
  const style = styleFor(process.stdout)
  const done = (checked: Checked): void => {
    ended++
    progress.update(() => `${ended}/${asked.length} ${checked.name}`)
    if (options.json || (asked.length > SHOWN_ONE_BY_ONE && checked.verdict === 'holds')) return
    progress.clear()
    print([verdictLine(checked, style)])
  }
  const coverage = options.coverage ? 'places' : asked.length <= SHOWN_ONE_BY_ONE ? 'fields' : undefined
  const limits: CheckOptions = {
    ...(coverage === undefined ? {} : { coverage }),
    ...(options.preemptions === undefined ? {} : { preemptions: options.preemptions }),
    ...(options.failAllocations === true ? { allocationsFail: true } : {}),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.replay === undefined ? {} : { token: options.replay }),
    ...(options.seconds === undefined ? {} : { maxMilliseconds: options.seconds * 1000 }),
  }
  try {
    return await pool.all(asked, limits, options.jobs ?? availableParallelism(), tell, done)
  } finally {
    progress.clear()
  }
}

function report(all: readonly Checked[], seconds: number, options: Options): void {
  const style = styleFor(process.stdout)
  const columns = process.stdout.columns || 160
  const violated = all.filter(({ failure }) => failure !== undefined)
  if (options.html !== undefined) {
    const shown = violated[0] ?? all.find(({ trace }) => trace !== undefined)
    if (shown) writeOutput(options.html, interleavingPage(shown))
    else process.stderr.write(`skep: nothing is violated, so there is nothing to show in ${options.html}\n`)
  }
  if (options.json) return printJson(all.map(forJson))
  for (const { name, about, failure } of violated.slice(0, SHOWN_IN_FULL))
    print(['', style.heading(name), ...failureLines(failure!, style, columns, about === name ? undefined : about)])
  if (violated.length > SHOWN_IN_FULL)
    print([`${violated.length - SHOWN_IN_FULL} more are violated: name one to see its interleaving.`])
  for (const { trace, failure } of all)
    if (trace && !failure) print(['', ...traceLines(trace, style, columns), ...(trace.goesOn ? [GOES_ON] : [])])
  if (all.length > SHOWN_ONE_BY_ONE) print(['', ...summaryLines(all, style)])
  if (all.length > 1) print(['', totalLine(all, seconds, style)])
  printCoverage(all, options.coverage === true, style)
}

// What was reached of each module that the subjects run.
function reaches(all: readonly Checked[]): [module: string, reach: Reach][] {
  const seen = new Map<ModuleName, Uint8Array[]>()
  for (const { sites } of all) if (sites) seen.set(sites.module, [...(seen.get(sites.module) ?? []), sites.seen])
  const ours = [...seen].map(([module, one]): [string, Reach] => [module, reachOf(sitesOf(module), one)])
  return [...ours, ...all.flatMap(({ name, reach }): [string, Reach][] => (reach ? [[name, reach]] : []))]
}

function printCoverage(all: readonly Checked[], places: boolean, style: Style): void {
  const fields = all.flatMap((one) => one.fields ?? [])
  if (fields.length === 0) return
  print(['', fieldTotals(fields, style)])
  if (!places) return
  const found = reaches(all)
  for (const [module, reach] of found) print(['', ...reachLines(module, reach, style)])
  if (found.length === 0) print(fieldLines(fields))
}

function forJson(all: Checked) {
  const { fields, sites: _, reach: __, ...checked } = all
  if (fields === undefined) return checked
  const [one] = reaches([all])
  return { ...checked, coverage: { ...fieldCounts(fields), ...(one ? { module: { name: one[0], ...one[1] } } : {}) } }
}

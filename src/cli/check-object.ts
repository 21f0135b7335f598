// `skep check OBJECT`: puts runs of an object's programs to the explorer. Exit code 1 if something bad was found.
import { InvalidArgumentError, type Command } from 'commander'
import type { ObjectCheckOptions, ObjectReport } from '../explore/program/check.js'
import type { RunSpec } from '../explore/program/machine.js'
import { printObjectReport } from '../explore/program/print.js'
import { progressText } from '../report/check-text.js'
import { objectPage } from '../report/object-page.js'
import { readObject } from '../object/read.js'
import type { ObjectSpec, ProgramType } from '../object/spec.js'
import type { CheckPool } from './check-pool.js'
import { contextFrom, packetsFrom } from './data.js'
import { writeOutput } from './output-file.js'
import { Progress } from './progress.js'
import { assignment, whole } from './run-options.js'
import { programNamed, takesPackets } from './run-plan.js'
import { print, printJson, styleFor } from './terminal.js'

/** As commander collects them. */
export interface ObjectCheckCommandOptions {
  run?: RunOnCpu[]
  before?: RunOnCpu[]
  data?: string
  ctx?: string
  set?: Record<string, unknown>
  timers?: boolean
  preemptions?: number
  states?: number
  seconds?: number
  json?: boolean
  html?: string
}

export interface RunOnCpu {
  program: string
  cpu: number
}

/** More CPUs make no interleaving of a few runs that three do not have. */
const MOST_CPUS = 4
/** About a minute, and a third of the memory that the visited set may take. */
const MOST_STATES = 5_000_000

/** Whether an argument of `skep check` is an object file rather than the name of a subject. */
export function isObjectFile(argument: string): boolean {
  return argument.endsWith('.o')
}

/** PROGRAM@CPU. */
function runOnCpu(text: string, before: RunOnCpu[] = []): RunOnCpu[] {
  const [, program, cpu] = /^([^@]+)@(\d+)$/.exec(text) ?? []
  if (program === undefined || Number(cpu) >= MOST_CPUS)
    throw new InvalidArgumentError(`Expected PROGRAM@CPU with a CPU from 0 to ${MOST_CPUS - 1}.`)
  return [...before, { program, cpu: Number(cpu) }]
}

/** The options that only objects have. */
export function addObjectOptions(command: Command): Command {
  return command
    .option('-r, --run <program@cpu>', 'a run that goes on while the others do; may be repeated', runOnCpu)
    .option('-b, --before <program@cpu>', 'a run that has ended before; may be repeated', runOnCpu)
    .option('-d, --data <file>', 'packet: hex:… or a file; of a capture each run takes the next packet')
    .option('--ctx <context>', 'context: JSON, hex:… or a file')
    .option('--set <name=value>', 'set a global variable before; may be repeated', assignment)
    .option('--timers', 'timers that are due, and work, run at the same time too')
    .option('--states <n>', `give up after so many states (default: ${MOST_STATES})`, whole(1, 100_000_000))
}

/** Checks and prints; sets the process's exit code. Throws SkepError. */
export async function checkObjectCommand(
  path: string,
  options: ObjectCheckCommandOptions,
  command: Command,
  pool: CheckPool,
): Promise<void> {
  const spec = await readObject(path)
  const { run = [], before = [], preemptions, states = MOST_STATES, seconds } = options
  const names = [...spec.programs.keys()].join(', ')
  if (run.length === 0)
    command.error(
      `error: --run: say which programs are to run at the same time, PROGRAM@CPU; '${spec.name}' has ${names}`,
    )
  const progress = new Progress()
  const settings: ObjectCheckOptions = {
    runs: runsOf(spec, run, options),
    before: runsOf(spec, before, options),
    timers: options.timers === true,
    ...(preemptions === undefined ? {} : { preemptions }),
    ...(seconds === undefined ? {} : { maxMilliseconds: seconds * 1000 }),
    maxStates: states,
  }
  const task = { object: path, variables: options.set ?? {}, options: settings }
  const report = await pool
    .object(task, (reached) => progress.update(() => progressText(reached)))
    .finally(() => progress.clear())
  if (options.html !== undefined) {
    const page = objectPage(report)
    if (page === undefined) process.stderr.write(`skep: there is no interleaving to show in ${options.html}\n`)
    else writeOutput(options.html, page)
  }
  if (options.json) printJson(report)
  else print(coloured(report))
  if (report.findings.length > 0) process.exitCode = 1
}

function runsOf(spec: ObjectSpec, runs: readonly RunOnCpu[], options: ObjectCheckCommandOptions): RunSpec[] {
  let packet = 0
  const packets = packetsFrom(options.data).packets
  return runs.map(({ program, cpu }) => {
    const found = programNamed(spec, program)
    const data = takesPackets(found) ? { data: packets[packet++ % packets.length]!.bytes } : {}
    const ctx = options.ctx === undefined || isMixed(spec, runs, found.type) ? {} : { ctx: contextFrom(options.ctx) }
    return { program, cpu, options: { ...data, ...ctx } }
  })
}

// Where programs of both kinds run, a context is for those that have no packet.
function isMixed(spec: ObjectSpec, runs: readonly RunOnCpu[], type: ProgramType): boolean {
  const kinds = runs.map(({ program }) => spec.programs.get(program)).filter((one) => one !== undefined)
  const packets = kinds.filter(takesPackets)
  return packets.length > 0 && packets.length < kinds.length && packets.some((one) => one.type === type)
}

function coloured(report: ObjectReport): string[] {
  const style = styleFor(process.stdout)
  return printObjectReport(report)
    .split('\n')
    .map((line) =>
      line
        .replace(/^(LOST UPDATE|TIMER LOST|FAULT|STUCK|BAD|UNDECIDED):/, (word) => style.bad(word))
        .replace(/^HOLDS:/, (word) => style.good(word)),
    )
}

// `skep run OBJECT`: loads an object, runs its programs, fires its timers, and shows what came of it.
import { Option, type Command } from 'commander'
import { MAP_TYPE_CGROUP_ARRAY, MAP_TYPE_QUEUE, MAP_TYPE_RINGBUF, MAP_TYPE_STACK } from '../../core/abi.js'
import { SkepError } from '../error.js'
import type { RunOptions } from '../machine/run/context.js'
import type { LoadOptions } from '../machine/load/load.js'
import type { LifecycleEvent } from '../machine/observe/lifecycle.js'
import type { TraceLine } from '../machine/observe/trace.js'
import { MAP_TYPE_NAMES } from '../object/map-types.js'
import { readObject } from '../object/read.js'
import type { ObjectSpec, ProgramSpec } from '../object/spec.js'
import { lifecycleLine } from '../report/lifecycle-text.js'
import { retvalName } from '../report/retval.js'
import {
  Tally,
  type ContextReport,
  type FaultReport,
  type MapReport,
  type RunRecord,
  type RunReport,
} from '../report/run-report.js'
import { runText } from '../report/run-text.js'
import { durationText, momentText } from '../report/time-text.js'
import { contextFrom, packetsFrom, type PacketSource } from './data.js'
import { catchInterrupt, EXIT_INTERRUPTED, type Interrupt } from './interrupt.js'
import { Progress } from './progress.js'
import {
  assignment,
  configuration,
  cpuCount,
  cpuIndex,
  duration,
  names,
  repetitions,
  size,
  whole,
  type RunCommandOptions,
} from './run-options.js'
import { chosenPrograms, contextType, plannedRuns, takesPackets, type PlannedRun } from './run-plan.js'
import { openSession, type Session } from './session.js'
import { decodedRecords, recordTypes } from './record-types.js'
import { print, printJson, styleFor } from './terminal.js'

const EXAMPLES = `
Examples:
  skep run flow.bpf.o                          every program once, then all its timers, in no time
  skep run flow.bpf.o --data capture.pcap      each packet at its time on the virtual clock
  skep run flow.bpf.o --data hex:ffffffffffff0200000000010800 --trace
  skep run sessions.bpf.o --prog touch --ctx '{"user": 7, "bytes": 100}'
  skep run limiter.bpf.o --prog start --for 1s --set period_ns=100000000
  skep run flow.bpf.o --clock real --cpus 4    worker threads and the real clock; Ctrl-C ends it
  skep run flow.bpf.o --maps --json | jq .maps.flows
`

export function addRun(program: Command): void {
  program
    .command('run')
    .summary('run the programs of an object and fire its timers')
    .description(
      'Loads an object, runs its programs as BPF_PROG_TEST_RUN would, lets its timers fire and its work run, and shows ' +
        'return values, printed lines, maps, variables and timers. The clock is virtual unless --clock real is given: ' +
        'time passes as fast as the machine can work, and every run is the same.',
    )
    .argument('<object>', 'object file (.bpf.o)')
    .option(
      '-p, --prog <name,…>',
      'run these programs (default: all but those that the object puts into a program array, in its order)',
      names,
    )
    .option('-d, --data <file|hex:…>', 'packets: a capture (pcap, pcapng), any other file as one packet, or hex digits')
    .option('-c, --ctx <ctx>', 'context: JSON fields of the context struct, a JSON array of numbers, hex:… or a file')
    .option('-r, --repeat <n>', 'run each program n times on each input', repetitions, 1)
    .option('--set <name=value>', 'initial value of a global variable, .rodata too; may be repeated', assignment)
    .optionsGroup('Machine and clock:')
    .addOption(
      new Option('--clock <which>', 'virtual: time passes at once; real: worker threads, as fast as the clock')
        .choices(['virtual', 'real'])
        .default('virtual'),
    )
    .option('--cpus <n>', 'CPUs of the machine; runs take turns over them', cpuCount, 1)
    .option('--cpu <k>', 'run everything on this CPU', cpuIndex)
    .option(
      '-f, --for <duration>',
      'let so much time pass after the last run (default: until nothing is armed)',
      duration,
    )
    .option('--memory <size>', "memory of the machine: '256 MiB' (default: 64 MiB)", size)
    .option('--seed <n>', 'start of bpf_get_prandom_u32', whole(0, 2 ** 32 - 1))
    .optionsGroup('Loading:')
    .option(
      '--btf <file>',
      "types of CO-RE relocations: BTF, an ELF file that has it, or 'host' (default: the object's own)",
    )
    .option(
      '--kconfig <name=value|file>',
      "value of an extern __kconfig, may be repeated; or a kernel's configuration, or 'host'",
      configuration,
    )
    .addOption(new Option('--engine <which>', 'interp: one instruction at a time, slow').choices(['jit', 'interp']))
    .option('--no-checks', 'load also what is certainly wrong; it will fail when it runs')
    .optionsGroup('Output:')
    .option('-m, --maps', 'show every element of the maps')
    .option(
      '--record <map=struct>',
      'show records of a ring or perf buffer as this struct; may be repeated',
      assignment,
    )
    .option('-t, --timers', 'show every timer and work')
    .option('--trace', 'show each init, set_callback, start, cancel, firing and end as it happens')
    .option('--json', 'print one JSON document at the end (docs/command-line.md describes it)')
    .addHelpText('after', EXAMPLES)
    .action(runCommand)
}

async function runCommand(path: string, options: RunCommandOptions, command: Command): Promise<void> {
  if (options.cpu !== undefined && options.cpu >= options.cpus)
    command.error(
      `error: --cpu ${options.cpu}: there is no such CPU; --cpus is ${options.cpus}, and CPUs are counted from 0`,
    )
  const spec = await readObject(path)
  const programs = chosenPrograms(spec, options.prog)
  const source = programs.some(takesPackets) ? packetsFrom(options.data) : undefined
  if (options.data !== undefined && !source)
    throw new SkepError('BAD_OPTION', '--data: none of the programs takes packets (xdp, tc, socket, cgroup_skb)')
  const interrupt = catchInterrupt()
  try {
    await new RunCommand(spec, programs, source, options, interrupt).execute()
  } finally {
    interrupt.release()
  }
}

class RunCommand {
  readonly #progress = new Progress()
  readonly #style = styleFor(process.stdout)
  readonly #printed: TraceLine[] = []
  readonly #lifecycle: LifecycleEvent[] = []
  readonly #faults: FaultReport[] = []
  readonly #runs: RunRecord[] = []
  readonly #tallies: Map<string, Tally>
  readonly #recordTypes: Map<string, number>

  constructor(
    readonly spec: ObjectSpec,
    readonly programs: readonly ProgramSpec[],
    readonly source: PacketSource | undefined,
    readonly options: RunCommandOptions,
    readonly interrupt: Interrupt,
  ) {
    this.#recordTypes = recordTypes(spec, options.record)
    this.#tallies = new Map(programs.map(({ name, type }) => [name, new Tally(name, type)]))
  }

  async execute(): Promise<void> {
    const { spec, options, interrupt } = this
    const session = await openSession(options.clock, spec, this.#sessionOptions(), interrupt)
    try {
      this.#listen(session)
      await this.#runAll(session)
      const end = options.for === undefined ? '' : ` of ${durationText(session.now() - session.start + options.for)}`
      const ended = await session.finish(options.for, (now) =>
        this.#progress.update(() => `${durationText(now - session.start)}${end}: waiting for timers, Ctrl-C stops`),
      )
      if (session.restless) this.#fault(session.restless)
      const report = await this.#report(session, ended)
      // What other threads still have to say comes before the summary.
      await session.close()
      if (session.lost > 0 && !options.json) print([`${session.lost} events came too fast to be shown`])
      this.#show(report)
    } finally {
      this.#progress.clear()
      await session.close()
    }
    if (this.#faults.length > 0) process.exitCode = 1
    if (interrupt.requested) process.exitCode = EXIT_INTERRUPTED
  }

  #sessionOptions() {
    const { cpus, memory, seed, set, prog, checks, engine, btf, kconfig } = this.options
    return {
      cpus,
      boot: { ...(memory === undefined ? {} : { memory }), ...(seed === undefined ? {} : { seed }) },
      load: {
        checks,
        ...(engine === undefined ? {} : { engine }),
        ...(set === undefined ? {} : { variables: set }),
        ...(btf === undefined ? {} : { btf }),
        ...(kconfig === undefined ? {} : { kconfig: kconfig as NonNullable<LoadOptions['kconfig']> }),
        ...(prog === undefined ? {} : { programs: prog }),
      },
    }
  }

  #listen(session: Session): void {
    session.on('trace', (line) => {
      this.#printed.push(line)
      const { time, cpu, text } = line
      this.#say(() => `${this.#style.faint(`${momentText(time - session.start).padStart(13)}  cpu ${cpu}`)}  ${text}`)
    })
    session.on('fault', (error) => this.#fault(error))
    session.on('cpu-exit', ({ cpu, reason }) =>
      this.#fault(new SkepError('CPU_DEAD', `CPU ${cpu} has ended: ${reason}`)),
    )
    if (!this.options.trace) return
    session.on('lifecycle', (event) => {
      if (this.options.json) this.#lifecycle.push(event)
      this.#say(() => lifecycleLine(this.spec, event, this.#style, session.start))
    })
  }

  /** A line that is shown as it happens. */
  #say(line: () => string): void {
    if (this.options.json) return
    this.#progress.clear()
    print([line()])
  }

  #fault(error: SkepError): void {
    this.#faults.push({ code: error.code, message: error.message })
    this.#progress.clear()
    if (this.#faults.length <= MOST_FAULTS)
      process.stderr.write(`${styleFor(process.stderr).bad('fault:')} ${error.message}\n`)
    if (this.#faults.length === MOST_FAULTS) process.stderr.write('further faults are counted only\n')
  }

  /**
   * One run after the other on a virtual clock; with threads each CPU has one at a time, and CPUs work side by side.
   */
  async #runAll(session: Session): Promise<void> {
    const { options, source } = this
    const ctx = options.ctx === undefined ? undefined : contextFrom(options.ctx)
    const plan = plannedRuns(this.spec, this.programs, source, {
      cpus: options.cpus,
      cpu: options.cpu,
      repeat: options.repeat,
      ctx,
    })
    const start = session.now()
    const busy = new Map<number, Promise<void>>()
    const interrupted = new Promise<void>((resolve) => this.interrupt.signal.addEventListener('abort', () => resolve()))
    for (const planned of plan) {
      if (this.interrupt.requested || session.restless) break
      const cpu = session.clock === 'virtual' ? 0 : (planned.options.cpu ?? 0)
      await Promise.race([busy.get(cpu), interrupted])
      if (source?.timed) await session.reach(start + planned.after)
      const run = this.#runOne(session, planned)
      // It is awaited when its CPU is needed again, or at the end; until then a rejection is not unhandled.
      run.catch(() => undefined)
      busy.set(cpu, run)
      this.#progress.update(() => progressText(planned, source))
    }
    await Promise.race([Promise.all(busy.values()), interrupted])
  }

  async #runOne(session: Session, { program, options, packet }: PlannedRun): Promise<void> {
    const tally = this.#tallies.get(program.name)
    const time = session.now()
    try {
      const { retval, data, metadata, ctx, duration } = await session.run(program.name, options)
      tally?.add(retval, options.repeat ?? 1, duration)
      if (tally && ctx instanceof Uint8Array) tally.context = this.#context(program, options.ctx, ctx)
      if (!this.options.json) return
      const name = retvalName(program.type, retval)
      this.#runs.push({
        program: program.name,
        cpu: options.cpu ?? 0,
        time,
        ...(packet === undefined ? {} : { packet }),
        retval,
        ...(name === undefined ? {} : { retvalName: name }),
        ...(data ? { data } : {}),
        ...(metadata ? { metadata } : {}),
        ...(ctx ? { ctx } : {}),
      })
    } catch (error) {
      if (!(error instanceof SkepError) || !error.code.startsWith('FAULT_')) throw error
      if (tally) tally.faults++
      this.#fault(error)
      if (options.ctx === undefined && !takesPackets(program) && error.details['at'] === NULL_PAGE)
        process.stderr.write(`  program '${program.name}' was given no context: pass one with --ctx\n`)
    }
  }

  /** The context that a run left, by the struct that the program names. */
  #context(program: ProgramSpec, given: RunOptions['ctx'], bytes: Uint8Array): ContextReport {
    const { btf } = this.spec
    const type = contextType(this.spec, program)
    const known = btf && type !== 0 && btf.sizeOf(type) <= bytes.length
    // Numbers are the arguments of a tracing program, which writes none of them.
    const changed = given instanceof Uint8Array && Buffer.compare(given, bytes) !== 0
    return { type, value: known ? btf.decode(type, bytes) : bytes, changed }
  }

  #records(map: string, records: readonly Uint8Array[]): unknown[] {
    return decodedRecords(this.spec, this.#recordTypes.get(map) ?? 0, records)
  }

  async #report(session: Session, ended: RunReport['ended']): Promise<RunReport> {
    const { spec, options, source } = this
    const variables: Record<string, unknown> = {}
    for (const name of spec.variables.keys()) variables[name] = await session.variable(name)
    const maps: Record<string, MapReport> = {}
    for (const map of spec.maps.values()) {
      if (map.section !== undefined) continue
      const all = options.maps || options.json
      const type = MAP_TYPE_NAMES[map.type] ?? `type ${map.type}`
      const { maxEntries } = map
      if (map.type === MAP_TYPE_RINGBUF) {
        const records = await session.records(map.name)
        maps[map.name] = {
          type,
          maxEntries,
          size: records.length,
          ...(all && { records: this.#records(map.name, records) }),
        }
        continue
      }
      const perf = session.perf.of(map.name)
      if (perf) {
        const { records, lost } = perf
        maps[map.name] = {
          type,
          maxEntries,
          size: records.length,
          lost,
          ...(all && { records: this.#records(map.name, records) }),
        }
        continue
      }
      if (map.type === MAP_TYPE_QUEUE || map.type === MAP_TYPE_STACK) {
        const values = await session.mapValues(map.name)
        maps[map.name] = { type, maxEntries, size: values.length, ...(all && { values }) }
        continue
      }
      // A bloom filter, a user ring buffer and an array of control groups do not tell what is in them.
      if (map.keySize === 0 || map.type === MAP_TYPE_CGROUP_ARRAY) {
        maps[map.name] = { type, maxEntries }
        continue
      }
      const entries = await session.mapEntries(map.name)
      const shown = all ? { entries: entries.map(([key, value]) => ({ key, value })) } : {}
      maps[map.name] = { type, maxEntries, size: entries.length, ...shown }
    }
    return {
      object: spec.name,
      clock: session.clock,
      cpus: options.cpus,
      ...(source ? { input: source.description } : {}),
      programs: [...this.#tallies.values()].map((tally) => tally.report()),
      ...(options.json ? { runs: this.#runs } : {}),
      faults: this.#faults,
      printed: this.#printed,
      ...(options.trace && options.json ? { lifecycle: this.#lifecycle, lifecycleLost: session.lost } : {}),
      maps,
      variables,
      timers: await session.timers(),
      statistics: await session.statistics(),
      start: session.start,
      time: session.now(),
      ended,
    }
  }

  #show(report: RunReport): void {
    const { maps = false, timers = false, json, trace } = this.options
    this.#progress.clear()
    if (json) return printJson(report)
    const lines = runText(this.spec, report, { maps, timers, recordTypes: this.#recordTypes }, this.#style)
    print(trace || report.printed.length > 0 ? ['', ...lines] : lines)
  }
}

const MOST_FAULTS = 5
/** How a fault's details name address 0 and what follows it. */
const NULL_PAGE = 'the null page'

function progressText({ program, packet }: PlannedRun, source: PacketSource | undefined): string {
  return packet === undefined ? program.name : `${program.name}: packet ${packet + 1} of ${source?.packets.length}`
}

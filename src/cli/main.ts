#!/usr/bin/env node
// The command line: which commands there are, and what happens to errors. Exit codes: 0 done, 1 something went wrong
// (a SkepError's message on stderr), 2 the command line itself was wrong, 130 interrupted (interrupt.ts).
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { SkepError } from '../error.js'
import { packageFile } from '../package-file.js'
import { styleFor } from './terminal.js'

/** What adds each command. A command that is named alone is loaded alone: the others' code is most of the package. */
const COMMANDS: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  run: async () => (await import('./run.js')).addRun,
  inspect: async () => (await import('./inspect.js')).addInspect,
  types: async () => (await import('./types.js')).addTypes,
  check: async () => (await import('./check.js')).addCheck,
  'conformance-plugin': async () => (await import('./conformance-plugin.js')).addConformancePlugin,
}

/** What needs no command at all. */
const VERSION_FLAGS = ['-V', '--version']

const EXIT_FAILED = 1
const EXIT_USAGE = 2

const EXAMPLES = `
Examples:
  skep run flow.bpf.o --data capture.pcap
  skep inspect flow.bpf.o
  skep check pair/idle-bound
  skep COMMAND --help      options and examples of a command
`

function version(): string {
  const { version } = JSON.parse(readFileSync(packageFile('../../package.json'), 'utf8')) as {
    version: string
  }
  return version
}

async function commandLine([name = '']: readonly string[]): Promise<Command> {
  const program = new Command('skep')
  program
    .description('eBPF in user space: runs real .bpf.o files, timers and work queues included, without a kernel.')
    .version(version(), VERSION_FLAGS.join(', '), 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(skep COMMAND --help shows what a command takes)')
    .configureHelp({ subcommandTerm: (command) => `${command.name()} ${command.usage().replace('[options] ', '')}` })
    .exitOverride()
  const others = VERSION_FLAGS.includes(name) ? [] : Object.values(COMMANDS)
  const wanted = Object.hasOwn(COMMANDS, name) ? [COMMANDS[name]!] : others
  for (const load of wanted) (await load())(program)
  for (const command of program.commands)
    command.exitOverride().showHelpAfterError(`(skep ${command.name()} --help shows what it takes)`)
  return program
}

function complain(error: unknown): number {
  // Commander has written its message already; help and version are no errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE
  const style = styleFor(process.stderr)
  const text =
    error instanceof SkepError ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`${style.bad('skep:')} ${text}\n`)
  return EXIT_FAILED
}

// `skep inspect … | head` closes the pipe: nobody is left to read, and that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  await (await commandLine(process.argv.slice(2))).parseAsync()
} catch (error) {
  process.exitCode = complain(error)
}

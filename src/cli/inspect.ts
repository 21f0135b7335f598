// `skep inspect OBJECT`: what is in an object file.
import type { Command } from 'commander'
import { SkepError } from '../error.js'
import { readObject } from '../object/read.js'
import { inspect, type Inspection } from '../report/inspection.js'
import { codeText, overviewText } from '../report/inspection-text.js'
import { supported } from '../machine/load/load.js'
import { names } from './run-options.js'
import { print, printJson, styleFor } from './terminal.js'

interface InspectOptions {
  prog?: string[]
  summary?: boolean
  json?: boolean
}

const EXAMPLES = `
Examples:
  skep inspect flow.bpf.o --summary          everything but the code
  skep inspect flow.bpf.o --prog on_packet   the code of one program or function, with its C lines
  skep inspect flow.bpf.o --json | jq '.maps[].name'
`

export function addInspect(program: Command): void {
  program
    .command('inspect')
    .summary('show what is in an object: maps, programs, timers, helpers, code with C lines')
    .description(
      'Shows what is in an object file: programs, maps with their keys and values, variables, where timers and work sit ' +
        'and who calls them back, helpers and kfuncs used, what is not supported, and the code under its C lines.',
    )
    .argument('<object>', 'object file (.bpf.o)')
    .option('-p, --prog <name,…>', 'only the code of these programs or functions', names)
    .option('-s, --summary', 'everything but the code')
    .option('--json', 'print JSON (docs/command-line.md describes it)')
    .addHelpText('after', EXAMPLES)
    .action(inspectCommand)
}

async function inspectCommand(path: string, options: InspectOptions): Promise<void> {
  const inspection = inspect(await readObject(path), supported)
  const style = styleFor(process.stdout)
  if (options.json) return printJson(reduced(inspection, options))
  if (options.prog) return print(codeText(named(inspection, options.prog), inspection, style).slice(1))
  const lines = overviewText(inspection, style)
  print(options.summary ? lines : [...lines, ...codeText(inspection.functions, inspection, style)])
}

/** With --prog the functions are those, with --summary they have no code. */
function reduced(inspection: Inspection, { prog, summary }: InspectOptions): unknown {
  const functions = prog ? named(inspection, prog) : inspection.functions
  return { ...inspection, functions: summary ? functions.map(({ code: _, ...fn }) => fn) : functions }
}

function named({ object, functions }: Inspection, names: readonly string[]): Inspection['functions'] {
  return names.map((name) => {
    const found = functions.find((fn) => fn.name === name)
    if (found) return found
    const known = functions.map((fn) => fn.name).join(', ')
    throw new SkepError(
      'NO_PROGRAM',
      `object '${object}' has no program or function '${name}'; it has ${known || 'none'}`,
    )
  })
}

// `skep types OBJECT`: what load() gives of an object, as a TypeScript module.
import type { Command } from 'commander'
import { readObject } from '../object/read.js'
import { declarationText } from '../report/declaration.js'
import { writeOutput } from './output-file.js'
import { names } from './run-options.js'

const EXAMPLES = `
Examples:
  skep types flow-timeout.bpf.o -o flow-timeout.types.ts
  then in TypeScript: machine.load<FlowTimeout>('flow-timeout.bpf.o')
`

interface TypesOptions {
  output?: string
  record?: string[]
}

export function addTypes(program: Command): void {
  program
    .command('types')
    .summary('write the TypeScript types of an object: its programs, maps, variables')
    .description(
      'Writes a TypeScript module from the BTF of an object: one interface, named after the file, for load<…>(). Names of ' +
        'programs, maps and variables and the types of keys, values and records are then checked by the compiler.',
    )
    .argument('<object>', 'object file (.bpf.o)')
    .option('-r, --record <name,…>', 'structs of records, besides those that maps name or global variables are', names)
    .option('-o, --output <file>', 'write to this file instead of the standard output')
    .addHelpText('after', EXAMPLES)
    .action(typesCommand)
}

async function typesCommand(path: string, { output, record }: TypesOptions): Promise<void> {
  const text = declarationText(await readObject(path), record)
  if (output === undefined) process.stdout.write(text)
  else writeOutput(output, text)
}

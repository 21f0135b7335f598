// `skep conformance-plugin`: the plugin protocol of the bpf_conformance suite, so that anyone can run that suite
// against these engines. Program in hexadecimal on standard input, memory as argument, r0 on standard output.
import { Option, type Command } from 'commander'
import { SkepError } from '../error.js'
import { runBare } from './bare-run.js'

interface PluginOptions {
  elf?: boolean
  engine: 'jit' | 'interp'
  program?: string
}

const EXAMPLES = `
The suite's runner takes one executable as plugin; make one of two lines:
  #!/bin/sh
  exec skep conformance-plugin --engine interp "$@"

Example (r0 = 0x2a):
  echo 'b7 00 00 00 2a 00 00 00  95 00 00 00 00 00 00 00' | skep conformance-plugin
`

export function addConformancePlugin(program: Command): void {
  program
    .command('conformance-plugin')
    .summary('run one program as a plugin of the bpf_conformance suite')
    .description(
      'Reads a program as hexadecimal bytes from standard input, runs it with r1 = address and r2 = length of the ' +
        'memory (both 0 without memory), and prints r0 in hexadecimal. Errors and faults: a message on standard error ' +
        'and exit code 1.',
    )
    .argument('[memory...]', 'memory as hexadecimal bytes; absent or empty: none')
    .addOption(new Option('-e, --engine <which>', 'which engine').choices(['jit', 'interp']).default('jit'))
    .option('--program <bytes>', 'the program, instead of standard input')
    .option('--elf', 'the program is an object file; its first program runs')
    .addHelpText('after', EXAMPLES)
    .action(pluginCommand)
}

async function pluginCommand(memory: string[], options: PluginOptions): Promise<void> {
  const { engine, elf = false } = options
  const text = options.program ?? (await standardInput())
  const source = options.program === undefined ? 'the program on standard input' : '--program'
  const program = hexadecimal(text, source)
  if (program.length === 0) throw new SkepError('BAD_OPTION', `${source}: expected hexadecimal bytes, found none`)
  const { r0 } = runBare({ program, memory: hexadecimal(memory.join(' '), 'the memory'), elf, engine })
  process.stdout.write(`${r0.toString(16)}\n`)
}

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('latin1')
}

/** Pairs of digits with white space anywhere between pairs. Throws BAD_OPTION naming the first bad place. */
function hexadecimal(text: string, what: string): Uint8Array {
  const bytes: number[] = []
  for (const word of text.split(/\s+/)) {
    const digits = /^[0-9a-f]$/i.test(word) ? `0${word}` : word.replace(/^0x/i, '')
    if (digits.length % 2 !== 0 || /[^0-9a-f]/i.test(digits))
      throw new SkepError('BAD_OPTION', `${what}: byte ${bytes.length}: '${word.slice(0, 20)}' is not hexadecimal`)
    for (let at = 0; at < digits.length; at += 2) bytes.push(Number.parseInt(digits.slice(at, at + 2), 16))
  }
  return Uint8Array.from(bytes)
}

// npm run bench [-- FILTER…] [--repetitions N] [--json FILE]
// Measures every case whose name contains one of the filters, on skep and, where it can be asked, on the machine's own
// kernel, taking turns. Prints a table; a `?` marks a figure that is too noisy to be quoted.
import { writeFile } from 'node:fs/promises'
import { cpus, release } from 'node:os'
import { parseArgs } from 'node:util'
import { CASES } from './cases.js'
import { kernelSubject } from './kernel.js'
import { measure, type Row } from './measure.js'
import { skepSubject } from './skep.js'
import type { Subject } from './subject.js'
import { heading, line } from './table.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    repetitions: { type: 'string', default: '15' },
    json: { type: 'string' },
  },
})

const cases = CASES.filter(
  ({ name }) => positionals.length === 0 || positionals.some((filter) => name.includes(filter)),
)
if (cases.length === 0) {
  process.stderr.write(
    `bench: no case contains ${positionals.join(' or ')}; there are:\n  ${CASES.map(({ name }) => name).join('\n  ')}\n`,
  )
  process.exit(2)
}

const subjects: Subject[] = [await skepSubject()]
const kernel = await kernelSubject()
if (typeof kernel === 'string') process.stderr.write(`bench: ${kernel}\n`)
else subjects.push(kernel)
const names = subjects.map(({ name }) => name)

const machine = { cpu: cpus()[0]?.model ?? 'unknown', cpus: cpus().length, system: release(), node: process.version }
console.log(
  `${machine.cpus} × ${machine.cpu}, ${machine.system}, Node ${machine.node}; median of ${values.repetitions}.\n` +
    'Every figure of an operation contains the turn of its loop; one of a timer or work also the lookup of its element.\n',
)
console.log(heading(names))
const rows: Row[] = []
for (const bench of cases) {
  const row = await measure(bench, subjects, Number(values.repetitions))
  rows.push(row)
  console.log(line(row, names))
}
if (values.json) await writeFile(values.json, JSON.stringify({ machine, rows }, null, 2) + '\n')
for (const subject of subjects) await subject.close()

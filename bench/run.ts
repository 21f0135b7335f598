// npm run bench [-- FILTER…] [--repetitions N] [--json FILE] [--html FILE] [--report] [--from FILE]
// Measures every case whose name contains one of the filters, skep and what it is compared with taking turns. Prints a
// table; a `?` marks a figure that is too noisy to be quoted. --report writes the figures into docs/, --html the page
// to a file; --from takes the figures of an earlier run from its JSON instead of measuring.
import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { writeDocuments } from './report/documents.js'
import { describeMachine, loadNow, machineText } from './report/machine.js'
import { page } from './report/page.js'
import type { BenchRun } from './report/run.js'
import { lines } from './report/table.js'
import { subjectNames } from './report/text.js'
import { measureThemes } from './suite.js'
import { Bench } from './systems/bench.js'
import { chosen, THEMES } from './themes.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    repetitions: { type: 'string', default: '11' },
    json: { type: 'string' },
    html: { type: 'string' },
    report: { type: 'boolean', default: false },
    from: { type: 'string' },
  },
})

function refuse(message: string): never {
  process.stderr.write(`bench: ${message}\n`)
  process.exit(2)
}

async function measured(): Promise<BenchRun> {
  const themes = chosen(positionals)
  const repetitions = Number(values.repetitions)
  const all = THEMES.flatMap(({ cases }) => cases.map(({ name }) => name))
  if (themes.length === 0) refuse(`no case contains ${positionals.join(' or ')}; there are:\n  ${all.join('\n  ')}`)
  if (!Number.isInteger(repetitions) || repetitions < 1) refuse('--repetitions: a whole number from 1 is expected')
  const bench = new Bench()
  const machine = describeMachine()
  const kernel = await bench.kernel()
  const names = subjectNames(typeof kernel === 'string' ? undefined : kernel.name)
  const missing = [kernel, await bench.native()].filter((one) => typeof one === 'string')
  console.log([`${machineText(machine)}; ${repetitions} repetitions`, ...missing].join('\n'))
  let theme = ''
  const rows = await measureThemes(themes, bench, {
    repetitions,
    hear(row) {
      if (row.theme !== theme) console.log(`\n${row.theme}`)
      theme = row.theme
      console.log(lines(row, names).join('\n'))
    },
  })
  machine.loadAfter = loadNow()
  await bench.close()
  return { date: new Date().toISOString(), repetitions, machine, names, missing, rows }
}

const run = values.from === undefined ? await measured() : (JSON.parse(await readFile(values.from, 'utf8')) as BenchRun)
if (values.json) await writeFile(values.json, JSON.stringify(run, null, 2) + '\n')
if (values.html) await writeFile(values.html, page(run))
if (values.report) await writeDocuments(run)

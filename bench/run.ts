// npm run bench [-- FILTER…] [--repetitions N] [--json FILE]
// Measures every case whose name contains one of the filters, skep and what it is compared with taking turns. Prints a
// table; a `?` marks a figure that is too noisy to be quoted.
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { describeMachine, loadNow, machineText } from './report/machine.js'
import { lines } from './report/table.js'
import { subjectNames } from './report/text.js'
import { measureThemes } from './suite.js'
import { Bench } from './systems/bench.js'
import { chosen, THEMES } from './themes.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    repetitions: { type: 'string', default: '15' },
    json: { type: 'string' },
  },
})

const themes = chosen(positionals)
const repetitions = Number(values.repetitions)
if (themes.length === 0 || !Number.isInteger(repetitions) || repetitions < 1) {
  const names = THEMES.flatMap(({ cases }) => cases.map(({ name }) => name))
  process.stderr.write(
    themes.length === 0
      ? `bench: no case contains ${positionals.join(' or ')}; there are:\n  ${names.join('\n  ')}\n`
      : `bench: --repetitions: a whole number from 1 is expected\n`,
  )
  process.exit(2)
}

const bench = new Bench()
const machine = describeMachine()
const kernel = await bench.kernel()
const names = subjectNames(typeof kernel === 'string' ? undefined : kernel.name)
console.log(`${machineText(machine)}; median of ${repetitions}, ± half the spread of the quartiles.`)
if (typeof kernel === 'string') console.log(kernel)
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
if (values.json) await writeFile(values.json, JSON.stringify({ machine, names, rows }, null, 2) + '\n')
await bench.close()

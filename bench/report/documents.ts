// What a run leaves in docs/: the table of docs/performance.md, the picture that the README shows, the page.
import { readFile, writeFile } from 'node:fs/promises'
import { REPOSITORY } from '../../test/kernel/oracle.js'
import { figureOf, type Row } from '../measure.js'
import { machineText } from './machine.js'
import { page } from './page.js'
import { operations, standstill } from './plots.js'
import { method, type BenchRun } from './run.js'
import { absences, byTheme, comparisons, figureText, noisyRows, reachText, type Names } from './text.js'

const BEGIN = '<!-- figures: written by `npm run bench -- --report` -->'
const END = '<!-- end of figures -->'

/**
 * Rewrites docs/performance.md between its two marks, docs/performance.svg, docs/standstill.svg, docs/performance.html.
 */
export async function writeDocuments(run: BenchRun): Promise<void> {
  const path = `${REPOSITORY}docs/performance.md`
  const text = await readFile(path, 'utf8')
  const [before, rest] = text.split(BEGIN)
  const after = rest?.split(END)[1]
  if (before === undefined || after === undefined) throw new Error(`docs/performance.md has no "${BEGIN}" … "${END}"`)
  await writeFile(path, `${before}${BEGIN}\n\n${figures(run)}\n${END}${after}`)
  await writeFile(`${REPOSITORY}docs/performance.html`, page(run))
  for (const [name, svg] of [
    ['performance', operations(run)],
    ['standstill', standstill(run)],
  ] as const)
    if (svg) await writeFile(`${REPOSITORY}docs/${name}.svg`, `${svg}\n`)
}

/** The tables, in Markdown. */
export function figures(run: BenchRun): string {
  const { rows, names, machine, missing, date } = run
  const noisy = noisyRows(rows)
  return [
    `${date.slice(0, 10)}: ${machineText(machine)}. ${method(run)}`,
    ...missing,
    ...byTheme(rows).flatMap(([theme, own]) => [`### ${theme}`, table(own, names)]),
    ...(noisy.length === 0 ? [] : [`Too noisy to quote, on this machine in this run: ${noisy.join('; ')}.`]),
  ]
    .map((part) => `${part}\n`)
    .join('\n')
}

function table(rows: readonly Row[], names: Names): string {
  const head = ['| case | skep | compared with | to reach |', '| --- | --- | --- | --- |']
  return [...head, ...rows.map((row) => line(row, names))].join('\n')
}

function line(row: Row, names: Names): string {
  const mine = figureOf(row, 'skep')
  const cells = [
    row.name,
    mine ? figureText(mine, row.unit) : '—',
    [...comparisons(row, names), ...absences(row, names)].join('; '),
    reachText(row, names),
  ]
  return `| ${cells.map((cell) => cell.replace(/\|/g, '\\|')).join(' | ')} |`
}

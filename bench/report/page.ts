// The whole report as one HTML page: pictures, tables, and what was to be reached. Needs nothing beside itself.
import { escape } from '../../src/report/escape.js'
import { figureOf, noisy, type Row } from '../measure.js'
import { machineText } from './machine.js'
import { latenessPlot, operations, scaling, standstill } from './plots.js'
import { method, type BenchRun } from './run.js'
import { absences, byTheme, comparisons, figureText, goalText, noisyRows, verdict, type Names } from './text.js'

const STYLE = `
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; color: #1f2328; background: #f6f8fa; margin: 0; }
main { max-width: 980px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 28px; margin: 0 0 4px; } h2 { font-size: 20px; margin: 40px 0 8px; }
p { margin: 8px 0; } .quiet { color: #57606a; font-size: 13.5px; }
figure { margin: 16px 0; background: #fff; border: 1px solid #d0d7de; border-radius: 8px; padding: 16px; overflow-x: auto; }
figcaption { color: #57606a; font-size: 13.5px; margin-bottom: 8px; }
svg { max-width: 100%; height: auto; display: block; }
.table { overflow-x: auto; background: #fff; border: 1px solid #d0d7de; border-radius: 8px; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th, td { text-align: left; padding: 6px 12px; border-top: 1px solid #eaeef2; vertical-align: top; }
thead th { border-top: 0; color: #57606a; font-weight: 600; }
td.figure { white-space: nowrap; font-variant-numeric: tabular-nums; }
td.mine { font-weight: 600; color: #0f766e; }
td.noisy { color: #9a6700; font-weight: 400; }
.goal { display: block; white-space: nowrap; }
.goal::before { content: "●"; margin-right: 6px; color: #8c959f; }
.goal.reached::before { color: #1a7f37; } .goal.missed::before { color: #cf222e; } .goal.beyond::before { color: #9a6700; }
.note { color: #57606a; font-size: 12.5px; display: block; }
`

export function page(run: BenchRun): string {
  const { rows, names, machine, missing, date } = run
  const goals = rows.flatMap(({ reach }) => reach)
  const reached = goals.filter((goal) => goal.reached === true).length
  const open = goals.filter((goal) => goal.reached === undefined).length
  const beyond = goals.filter((goal) => goal.beyond).length
  const noisy = noisyRows(rows)
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>skep: benchmark</title>
<style>${STYLE}</style>
<main>
<h1>skep, measured</h1>
<p class="quiet">${escape(`${date.slice(0, 10)}. ${machineText(machine)}`)}</p>
<p>${reached} of ${goals.length} goals reached${beyond ? `, ${beyond} out of reach for the protocol itself` : ''}${open ? `, ${open} not measured here` : ''}.</p>
<p class="quiet">${escape(method(run)).replace(/`([^`]+)`/g, '<code>$1</code>')}</p>
${missing.map((reason) => `<p class="quiet">${escape(reason)}</p>`).join('\n')}
${figure(operations(run), 'Time of one operation. A band leads from skep to Linux: green where skep is ahead, orange where Linux is. Pale: the floor, what the operation’s own atomic accesses (its memory, its clock) take alone. Hollow: too noisy to quote.')}
${figure(standstill(run), 'Throughput of two threads that start one timer over and over, against what it was before. In the grey second a third thread stands still inside a start of the same timer, at the step that hinders the others most.')}
${figure(scaling(run), 'Throughput of several CPUs. Dashed: what was to be reached. Pale: its atomic operation alone.')}
${figure(latenessPlot(run), 'How late a timer comes that starts itself again.')}
${byTheme(rows)
  .map(([theme, own]) => section(theme, own, names))
  .join('\n')}
${noisy.length === 0 ? '' : `<h2>Too noisy to quote</h2><p class="quiet">${noisy.map(escape).join('; ')}</p>`}
</main>
</html>
`
}

function figure(svg: string | undefined, caption: string): string {
  return svg === undefined ? '' : `<figure><figcaption>${caption}</figcaption>${svg}</figure>`
}

function section(theme: string, rows: readonly Row[], names: Names): string {
  return `<h2>${escape(theme)}</h2>
<div class="table"><table>
<thead><tr><th>case</th><th>skep</th><th>compared with</th><th>to reach</th></tr></thead>
<tbody>${rows.map((row) => line(row, names)).join('\n')}</tbody>
</table></div>`
}

function line(row: Row, names: Names): string {
  const mine = figureOf(row, 'skep')
  const absent = absences(row, names).map((text) => `<span class="note">${escape(text)}</span>`)
  const goals = row.reach.map((one) => {
    const kind = one.reached === undefined ? '' : one.reached ? ' reached' : one.beyond ? ' beyond' : ' missed'
    return `<span class="goal${kind}">${escape(`${goalText(one.goal, row.unit, names)}: ${verdict(row, one)}`)}</span>`
  })
  const note = row.note === undefined ? '' : `<span class="note">${escape(row.note)}</span>`
  return `<tr><td>${escape(row.name)}${note}</td>
<td class="figure mine${mine && noisy(mine) ? ' noisy' : ''}">${mine ? escape(figureText(mine, row.unit)) : '—'}</td>
<td class="figure">${comparisons(row, names).map(escape).join('<br>')}${absent.join('')}</td>
<td>${goals.join('')}</td></tr>`
}

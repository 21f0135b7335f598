// One interleaving as a page of its own: a column per CPU, a step per row, the values of all fields beside it; arrow
// keys step. Self-contained: nothing is loaded. Everything that comes from a subject is escaped.
import type { Checked, Found } from '../explore/check.js'
import { traceRows } from '../explore/trace-rows.js'
import type { Trace, TraceLine } from '../explore/trace.js'
import { escape } from './escape.js'
import { SCRIPT, STYLE } from './interleaving-page.js'
import { isQuiet } from './quiet.js'

/** What a page shows. */
export interface Shown extends Pick<Checked, 'name' | 'about' | 'trace'> {
  failure?: Pick<Found, 'message' | 'meaning' | 'minimal' | 'trace'> & Partial<Pick<Found, 'token'>>
}

/** The page of a violation, or of an interleaving that was asked for. Throws a plain Error if there is neither. */
export function interleavingPage(checked: Shown): string {
  const { failure } = checked
  const trace = failure?.trace ?? checked.trace
  if (!trace) throw new Error(`${checked.name}: nothing to show`)
  const heads = Array.from({ length: trace.cpus }, (_, cpu) => `<th>CPU ${cpu}</th>`).join('')
  const data = JSON.stringify(trace.lines.map(({ cpu, place, before, after }) => ({ cpu, place, before, after })))
  const preemptions = `${trace.preemptions} preemption${trace.preemptions === 1 ? '' : 's'}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(checked.name)}</title>
<style>${STYLE}</style>
</head>
<body class="brief">
<header>
<h1>${escape(checked.name)} <span class="soft">– ${escape(checked.about)}</span></h1>
<p class="wrong">${escape(failure?.message ?? 'nothing is violated')}</p>
${failure?.meaning === undefined ? '' : `<p>${escape(failure.meaning)}</p>`}
<p class="soft">${preemptions}${failure?.minimal ? ', the fewest that show it' : ''}${failure?.token !== undefined ? ` · replay <code>${escape(failure.token)}</code>` : ''}</p>
</header>
<main><table><thead><tr><th></th>${heads}</tr></thead><tbody>
${rows(trace).join('\n')}
${failure === undefined ? '' : `<tr class="end"><td class="where"></td><td colspan="${trace.cpus}">✗ ${escape(failure.message)}</td></tr>`}
</tbody></table></main>
<aside><h2>Fields</h2><table><tbody id="fields"></tbody></table></aside>
<footer><span id="at"></span><span><kbd>↓</kbd> <kbd>↑</kbd> step</span><span><kbd>→</kbd> <kbd>←</kbd> next, previous CPU</span>
<span><kbd>Home</kbd> <kbd>End</kbd></span>
<label><input type="checkbox" id="brief" checked> without private words</label></footer>
<script type="application/json" id="data">${data.replaceAll('<', '\\u003c')}</script>
<script>${SCRIPT}</script>
</body>
</html>
`
}

function rows(trace: Trace): string[] {
  const cells = (line: TraceLine, content: string): string =>
    Array.from({ length: trace.cpus }, (_, cpu) => `<td>${cpu === line.cpu ? content : ''}</td>`).join('')
  return traceRows(trace).flatMap(({ line, head, repeats }) => {
    const indent = '   '.repeat(Math.max(0, line.depth - 1))
    const kind = ['step', isQuiet(line) ? 'quiet' : '', repeats ? 'repeats' : ''].filter(Boolean).join(' ')
    const { where } = line
    const place = where
      ? `<span title="${escape(where.function)}">${escape(where.file.replace(/^core\//, ''))}:${where.line}</span>`
      : ''
    const step = `<tr class="${kind}"><td class="where">${place}</td>${cells(line, `${indent}  ${textOf(line)}`)}</tr>`
    if (head === undefined) return [step]
    const name = `${indent}${escape(head)}`
    const shown = line.depth > 1 ? `<span class="nmi">${name}</span>` : name
    return [`<tr class="head"><td class="where"></td>${cells(line, shown)}</tr>`, step]
  })
}

// A step that is too long for its column breaks before an arrow, not behind it.
const kept = (text: string): string => text.replace(/([→=]) /g, '$1\u00a0')

function textOf(line: TraceLine): string {
  const { text, place, before, after, result } = line
  const ended = result === undefined ? '' : `  <span class="result">⇒\u00a0${escape(result)}</span>`
  const end = place === undefined ? -1 : text.indexOf(` ${place} `)
  if (place === undefined || end < 0) return escape(text) + ended
  const rest = kept(text.slice(end + place.length + 2))
  const values =
    before !== after && rest === kept(`${before} → ${after}`)
      ? `${escape(before!)} →\u00a0<span class="new">${escape(after!)}</span>`
      : escape(rest)
  return `${escape(text.slice(0, end))} <span class="place">${escape(place)}</span> ${values}${ended}`
}

// Draws docs/set-callback-while-firing.svg: the interleaving in which the locked design runs freed code [H7], as the
// explorer found it: a column per CPU, a row per access, accesses to private words left out.
//   npm run build && node scripts/draw-interleaving.mjs
import { writeFileSync } from 'node:fs'
import { check } from '../dist/src/explore/check.js'
import { entriesOf, select } from '../dist/src/explore/subjects/catalogue.js'
import { escape } from '../dist/src/report/escape.js'
import { isQuiet } from '../dist/src/report/quiet.js'

const SUBJECT = 'set-callback-while-the-timer-fires*'
const FILE = 'docs/set-callback-while-firing.svg'
/** What this story is about; the rest (locks, the timer queue) is counted and left out. */
const TELLING = /\.refs|\.program|\.callback|section|grace|state|prog#\d+\.f|poison|freed|stops|^exchange slot/

const { chosen } = select(entriesOf('locked'), [SUBJECT], [])
const checked = check(chosen[0])
const { trace, message, preemptions, minimal } = checked.failure

const rows = []
const heads = new Map()
trace.lines.forEach((line, index) => {
  const last = index === trace.lines.length - 1
  if (!last && line.result === undefined && (isQuiet(line) || !TELLING.test(line.text))) return
  if (heads.get(line.cpu) !== line.operation) rows.push({ cpu: line.cpu, head: line.operation })
  heads.set(line.cpu, line.result === undefined ? line.operation : undefined)
  const result = line.result === undefined ? '' : `   ⇒ ${line.result}`
  rows.push({ cpu: line.cpu, text: line.text + result, last })
})

const column = 372
const row = 19
const top = 60
const width = column * trace.cpus + 20
const bottom = top + rows.length * row
const out = [
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bottom + 64}" role="img">`,
  `<title>${escape(checked.about)}: ${escape(message)}</title>`,
  `<style>
  text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #334155 }
  .cpu { font-weight: 700; fill: #0f172a } .head { font-weight: 600; fill: #0f766e } .wrong { font-weight: 700; fill: #b91c1c }
  .note { fill: #64748b } .lane { stroke: #e2e8f0 } .turn { stroke: #f59e0b; stroke-width: 1.4; fill: none; stroke-dasharray: 4 3 }
</style>`,
  `<rect width="${width}" height="${bottom + 64}" rx="10" fill="#ffffff"/>`,
]
for (let cpu = 0; cpu < trace.cpus; cpu++) {
  const x = 20 + cpu * column
  out.push(`<text class="cpu" x="${x}" y="34">CPU ${cpu}</text>`)
  if (cpu > 0) out.push(`<line class="lane" x1="${x - 12}" y1="20" x2="${x - 12}" y2="${bottom}"/>`)
}
rows.forEach(({ cpu, head, text, last }, index) => {
  const x = 20 + cpu * column
  const y = top + index * row
  const before = rows[index - 1]
  if (before && before.cpu !== cpu)
    out.push(`<path class="turn" d="M${20 + before.cpu * column} ${y - 13}H${x + 330 * (cpu > before.cpu ? 1 : 0)}"/>`)
  out.push(
    head === undefined
      ? `<text${last ? ' class="wrong"' : ''} x="${x + 14}" y="${y}">${escape(text)}</text>`
      : `<text class="head" x="${x}" y="${y}">${escape(head)}</text>`,
  )
})
const fewest = minimal ? ', the fewest that show it' : ''
out.push(`<text class="wrong" x="20" y="${bottom + 20}">${escape(message)}</text>`)
out.push(
  `<text class="note" x="20" y="${bottom + 42}">${preemptions} preemptions${fewest}; ${trace.lines.length} accesses, of which those that tell the story are shown; skep check H7 --protocol locked</text>`,
)
out.push('</svg>')
writeFileSync(FILE, out.join('\n') + '\n')

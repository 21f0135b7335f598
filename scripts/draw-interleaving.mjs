// Draws the pictures of docs/protocol.md: of each older design one interleaving that shows what is wrong with it, as
// the explorer found it, in its words: a column per CPU, a row per access, accesses to private words left out.
//   npm run build && node scripts/draw-interleaving.mjs [FOLDER]
// A test compares the pictures that are there with what is drawn now.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { check } from '../dist/src/explore/check.js'
import { entriesOf, select } from '../dist/src/explore/subjects/catalogue.js'
import { escape } from '../dist/src/report/escape.js'
import { isQuiet } from '../dist/src/report/quiet.js'

/** `telling`: what the story is about; the rest (locks, the timer queue) is counted and left out. */
const PICTURES = [
  {
    file: 'set-callback-while-firing.svg',
    protocol: 'locked',
    subject: 'set-callback-while-the-timer-fires*',
    telling: /\.refs|\.program|\.callback|section|grace|state|prog#\d+\.f|poison|freed|stops|dying|^exchange slot/,
  },
  {
    file: 'cancel-that-leaves-a-callback.svg',
    protocol: 'rfc-v1',
    subject: 'cancel-against-a-set-callback-that-fails*',
    telling: /cb#\d+\.(state|program|callback)|\.refs/,
  },
  {
    file: 'start-that-is-overtaken.svg',
    protocol: 'merged',
    subject: 'a-start-in-nmi-then-cancel-on-another-cpu*',
    telling: /cb#\d+\.(program|callback|commands|irq_work)|irq_works|^store cb#\d+\.queued/,
  },
]

const COLUMN = 372
const ROW = 19
const TOP = 60

const folder = process.argv[2] ?? 'docs'
for (const picture of PICTURES) writeFileSync(join(folder, picture.file), drawn(picture))

function drawn({ protocol, subject, telling }) {
  const { chosen } = select(entriesOf(protocol), [subject], [])
  const { about, failure } = check(chosen[0])
  const { trace, message, preemptions, minimal } = failure
  const rows = rowsOf(trace, telling)
  const width = COLUMN * trace.cpus + 20
  const bottom = TOP + rows.length * ROW
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bottom + 82}" role="img">`,
    `<title>${escape(about)}: ${escape(message)}</title>`,
    `<style>
  text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #334155 }
  .cpu { font-weight: 700; fill: #0f172a } .head { font-weight: 600; fill: #0f766e } .wrong { font-weight: 700; fill: #b91c1c }
  .note { fill: #64748b } .lane { stroke: #e2e8f0 } .turn { stroke: #f59e0b; stroke-width: 1.4; fill: none; stroke-dasharray: 4 3 }
</style>`,
    `<rect width="${width}" height="${bottom + 82}" rx="10" fill="#ffffff"/>`,
  ]
  for (let cpu = 0; cpu < trace.cpus; cpu++) {
    const x = 20 + cpu * COLUMN
    out.push(`<text class="cpu" x="${x}" y="34">CPU ${cpu}</text>`)
    if (cpu > 0) out.push(`<line class="lane" x1="${x - 12}" y1="20" x2="${x - 12}" y2="${bottom}"/>`)
  }
  rows.forEach(({ cpu, head, text, last }, index) => {
    const x = 20 + cpu * COLUMN
    const y = TOP + index * ROW
    const before = rows[index - 1]
    if (before && before.cpu !== cpu)
      out.push(
        `<path class="turn" d="M${20 + before.cpu * COLUMN} ${y - 13}H${x + 330 * (cpu > before.cpu ? 1 : 0)}"/>`,
      )
    out.push(
      head === undefined
        ? `<text${last ? ' class="wrong"' : ''} x="${x + 14}" y="${y}">${escape(text)}</text>`
        : `<text class="head" x="${x}" y="${y}">${escape(head)}</text>`,
    )
  })
  const fewest = minimal ? ', the fewest that show it' : ''
  const counted = `${preemptions} ${preemptions === 1 ? 'preemption' : 'preemptions'}${fewest}`
  out.push(
    `<text class="wrong" x="20" y="${bottom + 20}">${escape(message)}</text>`,
    `<text class="note" x="20" y="${bottom + 42}">${counted}; ${trace.lines.length} accesses, of which those that tell the story are shown</text>`,
    `<text class="note" x="20" y="${bottom + 61}">skep check --protocol ${protocol} '${escape(subject)}'</text>`,
    '</svg>',
  )
  return out.join('\n') + '\n'
}

// What is shown of a trace: heads where an operation of a CPU begins or goes on after another one, and what tells. The
// last access of a trace is what is wrong, if it ends with one.
function rowsOf(trace, telling) {
  const rows = []
  const heads = new Map()
  trace.lines.forEach((line, index) => {
    const last = index === trace.lines.length - 1
    if (!last && line.result === undefined && (isQuiet(line) || !telling.test(line.text))) return
    if (heads.get(line.cpu) !== line.operation) rows.push({ cpu: line.cpu, head: line.operation })
    heads.set(line.cpu, line.result === undefined ? line.operation : undefined)
    const result = line.result === undefined ? '' : `   ⇒ ${line.result}`
    rows.push({ cpu: line.cpu, text: line.text + result, last: last && line.result === undefined })
  })
  return rows
}

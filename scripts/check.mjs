// `npm run check`: explores every named subject of the shipped protocol, each completely if that takes less than 20 s,
// else with at most three preemptions; then says what was reached, what never was, and how many own steps operations
// took.
// `--no-coverage`: does not ask what was reached. `--write`: puts the totals and the table of steps into
// docs/protocol.md.
// `--seconds N` instead of 20 (a busy machine); `--jobs N`; `--resume FILE`: answers are kept in that file, and those
// that it has already are not asked again. Other words are beginnings of names: only those. `npm run check -- mutants`:
// scripts/mutants.mjs. One subject and its interleavings: `skep check`.
import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { Bounds } from '../dist/src/explore/bounds.js'
import { explore } from '../dist/src/explore/index.js'
import { accessLines, addLines } from '../dist/src/explore/line-coverage.js'
import { SourceMap } from '../dist/src/explore/source-map.js'
import { entriesOf, select } from '../dist/src/explore/subjects/catalogue.js'
import { sourceMapText } from '../dist/src/explore/subjects/modules.js'
import { replaceBetween } from './marked.mjs'

const PREEMPTIONS = 3
/** A change of a trie takes so many steps that two of them seldom end in the time of the others. */
const TRIE_SECONDS = 5
/**
 * A thread that holds more bytes is replaced: its logs grow with each subject. A new one takes two seconds until it is
 * quick.
 */
const MOST_HELD = 768 << 20
/** Explored a second time, on the trace build, to learn which lines were reached. */
const COVERED = [/^(hazard\/(?!H30$)|repair|nested|no-memory|two-levels|entries|closing)/, /^(pair|work)\/[^+]*$/, /^pair\/(idle-bound|due-on-cpu-0|due-restarts-itself|uninitialised)\/.*\+nmi$/, /^pair\/due-on-cpu-0\/poll\/.*\+stop$/, /^map\//, /^parts\//] // prettier-ignore
/** The files whose accesses are counted. */
const FILES = [/^async\//, /^memory\/(bitmap|deferred|references|section)/, /^queue\//, /^run\/(fire|drain|poll|offline|reclaim)/, /^map\/(hash|list|lru|room|announce|record|locked)/] // prettier-ignore

const [first] = process.argv.slice(2)
if (first === 'mutants') {
  const command = ['scripts/mutants.mjs', ...process.argv.slice(3)]
  process.exit(spawnSync(process.execPath, command, { stdio: 'inherit' }).status ?? 1)
}

const options = (() => {
  const words = process.argv.slice(2)
  const take = (name, count) => (words.includes(name) ? words.splice(words.indexOf(name), count) : undefined)
  const write = take('--write', 1) !== undefined
  const coverage = take('--no-coverage', 1) === undefined
  const seconds = Number(take('--seconds', 2)?.[1] ?? 20)
  const jobs = Number(take('--jobs', 2)?.[1] ?? availableParallelism())
  const resume = take('--resume', 2)?.[1]
  return { write, coverage, seconds, jobs, resume, words }
})()

if (!isMainThread) {
  const entries = new Map(entriesOf('shipped').map((entry) => [entry.name, entry]))
  const stages = new Map()
  parentPort.on('message', ({ name, seconds, traced, end }) => {
    if (end) return parentPort.postMessage({ lines: [...linesOf(stages)] })
    const entry = entries.get(name)
    const subject = entry.subject(traced)
    if (traced) stages.set(subject.stage, entry.module)
    const limits = { maxMilliseconds: seconds * 1000 }
    const allowed = name.startsWith('trie/') && !traced ? Math.min(seconds, TRIE_SECONDS) : seconds
    let report = explore(subject, { maxMilliseconds: allowed * 1000 })
    let preemptions
    if (!report.complete && !traced) {
      preemptions = PREEMPTIONS
      report = explore(subject, { ...limits, preemptions })
    }
    const { states, transitions, milliseconds, failure, complete } = report
    const bounds = new Bounds()
    if (!traced)
      bounds.add(
        name,
        entry.variant,
        subject,
        [...report.ownSteps].map(([one, { steps }]) => [one, steps]),
      )
    const wrong = failure && { message: failure.message, token: failure.token }
    parentPort.postMessage({
      name,
      states,
      transitions,
      milliseconds,
      complete,
      preemptions,
      wrong,
      rows: [...bounds.rows],
      held: heldBytes(),
    })
  })
}

function heldBytes() {
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return arrayBuffers + heapUsed
}

function linesOf(stages) {
  const seen = new Map()
  const maps = new Map()
  for (const [stage, module] of stages) {
    if (module === undefined) continue
    if (!maps.has(module)) maps.set(module, new SourceMap(sourceMapText(module)))
    addLines(seen, stage, maps.get(module))
  }
  return seen
}

// Asks threads about names, in order; `done` hears each answer, `lines` what each thread reached.
async function ask(names, message, done, lines) {
  let next = 0
  const thread = async () => {
    while (next < names.length) {
      const worker = new Worker(new URL(import.meta.url), { argv: [] })
      const answer = (task) =>
        new Promise((resolve, reject) => {
          worker.once('message', resolve)
          worker.once('error', reject)
          worker.postMessage(task)
        }).finally(() => worker.removeAllListeners('error'))
      for (let bytes = 0; bytes < MOST_HELD && next < names.length;) {
        const { held, ...given } = await answer({ ...message, name: names[next++] })
        bytes = held
        done(given)
      }
      if (lines) lines((await answer({ end: true })).lines)
      await worker.terminate()
    }
  }
  await Promise.all(Array.from({ length: Math.min(options.jobs, names.length) }, thread))
}

const family = (name) => {
  const [path, variant] = name.split('+')
  const [one, two] = path.split('/')
  return (/^(pair|work|triple|work-triple|map)$/.test(one) ? `${one}/${two}` : one) + (variant ? `+${variant}` : '')
}

const plural = (count, word) => `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`

async function main() {
  const began = Date.now()
  const { chosen, unknown } = select(entriesOf('shipped'), options.words, [])
  if (unknown.length > 0) throw new Error(`no subject is named ${unknown[0]}`)
  const names = chosen.map(({ name }) => name)
  const bounds = new Bounds()
  const families = new Map()
  const total = { subjects: 0, complete: 0, bounded: 0, unfinished: 0, states: 0, transitions: 0, violations: 0 }
  const left = new Map()
  for (const name of names) left.set(family(name), (left.get(family(name)) ?? 0) + 1)
  const known = answersIn(options.resume)
  const hear = (answer) => {
    const { name, states, transitions, complete, preemptions, wrong, rows } = answer
    for (const [row, steps] of rows)
      for (const variant of Object.keys(steps)) bounds.merge(row, variant, steps[variant])
    const of = families.get(family(name)) ?? { subjects: 0, complete: 0, states: 0 }
    families.set(family(name), of)
    const whole = complete && preemptions === undefined && !wrong
    of.subjects++
    of.states += states
    total.subjects++
    total.states += states
    total.transitions += transitions
    if (wrong) {
      total.violations++
      console.log(`VIOLATED ${name}: ${wrong.message}  (skep check '${name}' --replay ${wrong.token})`)
    } else if (whole) {
      of.complete++
      total.complete++
    } else if (complete) {
      total.bounded++
      console.log(`  ${name}: complete within ${preemptions} preemptions only`)
    } else {
      total.unfinished++
      console.log(`  ${name}: not complete within ${preemptions} preemptions either, ${plural(states, 'state')}`)
    }
    left.set(family(name), left.get(family(name)) - 1)
    if (left.get(family(name)) === 0)
      console.log(
        `${family(name).padEnd(48)} ${of.complete} of ${plural(of.subjects, 'subject')} complete, ${plural(of.states, 'state')}`,
      )
  }
  for (const name of names) if (known.has(name)) hear(known.get(name))
  const open = names.filter((name) => !known.has(name))
  await ask(open, { seconds: options.seconds, traced: false }, (answer) => {
    if (options.resume) appendFileSync(options.resume, JSON.stringify(answer) + '\n')
    hear(answer)
  })
  const minutes = (Date.now() - began) / 60000
  const covered = options.coverage ? await coverage(names) : { totals: [], never: [] }
  const totals = [
    `${plural(total.subjects, 'subject')}: ${total.complete.toLocaleString('en')} explored completely, ${total.bounded} within ${PREEMPTIONS} preemptions, ${total.unfinished} not to the end; ${plural(total.violations, 'violation')}.`,
    `${plural(total.states, 'state')}, ${plural(total.transitions, 'transition')}.`,
    ...covered.totals,
  ]
  console.log(['', ...totals, ...covered.never, '', ...bounds.print(), '', `${minutes.toFixed(1)} minutes, and ${((Date.now() - began) / 60000 - minutes).toFixed(1)} for what was reached`].join('\n')) // prettier-ignore
  if (options.write) {
    replaceBetween('docs/protocol.md', 'bounds', bounds.print())
    replaceBetween('docs/protocol.md', 'totals', [...totals, '', ...covered.never.map((line) => `- ${line.trim()}`)])
  }
  process.exit(total.violations > 0 ? 1 : 0)
}

function answersIn(file) {
  if (file === undefined || !existsSync(file)) return new Map()
  const lines = readFileSync(file, 'utf8').trim().split('\n').filter(Boolean)
  return new Map(lines.map((line) => JSON.parse(line)).map((answer) => [answer.name, answer]))
}

// Which accesses of the core some subjects made, by line, and what was never seen.
async function coverage(all) {
  const names = all.filter((name) => COVERED.some((pattern) => pattern.test(name)))
  const seen = new Map()
  await ask(
    names,
    { seconds: options.seconds, traced: true },
    () => {},
    (lines) => {
      for (const [place, { exchange, succeeded, failed }] of lines) {
        const known = seen.get(place) ?? { exchange: false, succeeded: false, failed: false }
        seen.set(place, { exchange: known.exchange || exchange, succeeded: known.succeeded || succeeded, failed: known.failed || failed }) // prettier-ignore
      }
    },
  )
  const files = readdirSync('core', { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/'))
  const never = []
  let count = 0
  let reached = 0
  for (const file of files.filter((file) => FILES.some((pattern) => pattern.test(file))).sort()) {
    const text = readFileSync(`core/${file}`, 'utf8')
    const lines = accessLines(text)
    const missing = lines.filter((line) => !seen.has(`core/${file}:${line}`))
    count += lines.length
    reached += lines.length - missing.length
    if (missing.length > 0) never.push(`  core/${file}: never reached: ${missing.join(', ')}`)
    for (const line of lines) {
      const { exchange, succeeded, failed } = seen.get(`core/${file}:${line}`) ?? {}
      if (exchange && succeeded !== failed)
        never.push(`  core/${file}:${line}: never seen to ${succeeded ? 'fail' : 'succeed'}: ${text.split('\n')[line - 1].trim()}`) // prettier-ignore
    }
  }
  const exchanges = [...seen].filter(([place, { exchange }]) => exchange && FILES.some((pattern) => pattern.test(place.replace(/^core\//, '')))) // prettier-ignore
  const both = exchanges.filter(([, { succeeded, failed }]) => succeeded && failed).length
  const totals = [
    `Of ${count} lines of the core that access shared memory (async, memory, queue, hash maps, firing, repair) ${reached} were reached; of ${exchanges.length} compare-and-exchanges ${both} were seen to succeed and to fail.`,
  ]
  return { totals, never }
}

if (isMainThread) await main()

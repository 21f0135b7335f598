// Compiles the core with one line changed (scripts/mutants-list.mjs), for each change, and puts the named subjects of
// the async protocol, of rings and of maps to it: first the one that is expected to object, then, if it does not, all
// others until one does. Prints a table of what was changed and who objected; exit code 1 if a change survives that
// must not, or one is objected to that cannot be. Arguments: words of a mutant's name. `--named`: ask only the expected
// subject. `--name NAME`: only this mutant; may be repeated. `--write`: puts the table into docs/protocol.md.
import { availableParallelism } from 'node:os'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { explore } from '../dist/src/explore/index.js'
import {
  asyncScenarios,
  machineFor,
  machineName,
  scenarioSubject,
} from '../dist/src/explore/subjects/async-catalogue.js'
import { mapEntries } from '../dist/src/explore/subjects/map-catalogue.js'
import { queueEntries } from '../dist/src/explore/subjects/queue-catalogue.js'
import { ringScenarios } from '../dist/src/explore/subjects/ring-catalogue.js'
import { ringRunScenarios } from '../dist/src/explore/subjects/ring-run-catalogue.js'
import { stackEntries } from '../dist/src/explore/subjects/stack-catalogue.js'
import { trieEntries } from '../dist/src/explore/subjects/trie-catalogue.js'
import { replaceBetween } from './marked.mjs'
import { compileMutant } from './mutant-core.mjs'
import { mutants } from './mutants-list.mjs'

/** Per subject and mutant, in milliseconds; the second is for those that the expected subject does not settle. */
const SUBJECT_TIME = 20_000
const MUTANT_TIME = 120_000
/** In this order. Triples come last, and are many: time ends before they do. */
const FAMILIES = [
  /^(ring|perf)\//,
  /^hazard\/(?!H30\+|H28)/,
  /^(pair|work)\/[^+]*$/,
  /^(nested|two-levels|no-memory|entries|closing)/,
  /\+nmi$/,
  /^triple\/[^+]*$/,
  /^map\/(spare|room|short)/,
  /^(queue|stack|stacks|trie)\/[^+]*$/,
]

const scenarios = [
  ...[...asyncScenarios()].map((scenario) => ({
    name: scenario.name,
    subject: (module, machines) => scenarioSubject(machineOf(scenario, module, machines), scenario),
  })),
  ...ringScenarios(),
  ...ringRunScenarios(),
  ...[...mapEntries(), ...stackEntries(), ...queueEntries(), ...trieEntries()].map((entry) => ({
    name: entry.name,
    subject: (module) => entry.subject(false, module),
  })),
]

function machineOf(scenario, module, machines) {
  const name = machineName(scenario)
  if (!machines.has(name)) machines.set(name, machineFor(scenario, { module }))
  return machines.get(name)
}

function* inOrder({ by, survives }, namedOnly) {
  if (!survives) yield scenarios.find(({ name }) => name === by) ?? fail(`no subject is named ${by}`)
  if (namedOnly) return
  for (const family of FAMILIES)
    for (const scenario of scenarios) if (scenario.name !== by && family.test(scenario.name)) yield scenario
}

function fail(message) {
  throw new Error(message)
}

async function judge(mutant, namedOnly) {
  const module = await compileMutant(mutant)
  const machines = new Map()
  const began = Date.now()
  let tried = 0
  for (const scenario of inOrder(mutant, namedOnly)) {
    if (Date.now() - began > MUTANT_TIME) return { tried, late: true }
    tried++
    try {
      const { failure } = explore(scenario.subject(module, machines), {
        maxMilliseconds: SUBJECT_TIME,
        minimise: false,
      })
      // What a changed core throws is an objection; a subject that asks for what was not compiled is a mistake of ours.
      if (failure?.message.includes('TypeError')) throw new TypeError(`${scenario.name}: ${failure.message}`)
      if (failure) return { tried, by: scenario.name, message: failure.message }
    } catch (thrown) {
      if (thrown instanceof TypeError) throw thrown
      return { tried, by: scenario.name, message: String(thrown.message).split('\n')[0] }
    }
  }
  return { tried }
}

if (!isMainThread)
  parentPort.on('message', async ({ index, namedOnly }) => {
    try {
      parentPort.postMessage(await judge(mutants[index], namedOnly))
    } catch (error) {
      parentPort.postMessage({ error: error.message })
    }
  })
else {
  const words = process.argv.slice(2)
  const flag = (name) => words.includes(name) && words.splice(words.indexOf(name), 1).length > 0
  const namedOnly = flag('--named')
  const write = flag('--write')
  const only = []
  while (words.includes('--name')) only.push(words.splice(words.indexOf('--name'), 2)[1])
  const wanted = [...mutants.keys()].filter((index) => {
    const { name } = mutants[index]
    return (only.length === 0 || only.includes(name)) && words.every((word) => name.includes(word))
  })
  const rows = new Map()
  let wrong = 0
  let next = 0
  console.log('| changed | objected | what it says |\n|---|---|---|')
  const thread = async () => {
    const worker = new Worker(new URL(import.meta.url))
    while (next < wanted.length) {
      const index = wanted[next++]
      const { name, survives } = mutants[index]
      const answer = await new Promise((resolve, reject) => {
        worker.once('message', resolve)
        worker.once('error', reject)
        worker.postMessage({ index, namedOnly })
      })
      worker.removeAllListeners('error')
      const good = survives ? answer.by === undefined && !answer.error : answer.by !== undefined
      if (!good) wrong++
      const verdict =
        answer.error ??
        (answer.by ? `\`${answer.by}\`` : `nobody of ${answer.tried}${answer.late ? ', time is up' : ''}`)
      const message = (answer.message ?? survives ?? '').replaceAll('|', '/')
      rows.set(index, `| ${name} | ${answer.by ? verdict : survives} |`)
      console.log(`| ${name} | ${good ? '' : '**SURVIVES** '}${verdict} | ${message.slice(0, 110)} |`)
    }
    await worker.terminate()
  }
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), wanted.length) }, thread))
  console.log(`\n${wanted.length} mutants, ${wrong} not as expected`)
  if (write && wrong === 0 && wanted.length === mutants.length)
    replaceBetween('docs/protocol.md', 'mutants', [
      '| changed | objected |',
      '|---|---|',
      ...wanted.map((index) => rows.get(index)),
    ])
  process.exit(wrong > 0 ? 1 : 0)
}

// Compiles the core with one line changed (scripts/mutants-list.mjs), for each change, and puts the named subjects of the
// async protocol to it: first the one that is expected to object, then, if it does not, all others until one does. Prints a
// table of what was changed and who objected; exit code 1 if a change survives that must not, or one is objected to that
// cannot be. Arguments: words of a mutant's name. `--named`: ask only the expected subject. `--name NAME`: only this
// mutant; may be repeated. `--write`: puts the table into docs/protocol.md.
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import asc from 'assemblyscript/asc'
import { explore } from '../dist/src/explore/index.js'
import {
  asyncScenarios,
  machineFor,
  machineName,
  scenarioSubject,
} from '../dist/src/explore/subjects/async-catalogue.js'
import { replaceBetween } from './marked.mjs'
import { mutants } from './mutants-list.mjs'

const OPTIONS = ['--runtime', 'stub', '--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536', '--memoryBase', '1024', '--enable', 'threads', '--enable', 'simd', '--enable', 'bulk-memory', '--exportTable', '--noExportMemory', '-u', 'CHECKED=1', '--outFile', 'out.wasm'] // prettier-ignore

/** What the async subjects call: the rest of the core is not compiled, and nothing is optimised, which takes longer than most searches. */
const ENTRY = `export { cpu_attach } from './cpu'
export { program_create, program_put } from './async/program'
export { map_user_get, map_user_put } from './async/user-reference'
export { bpf_timer_cancel, bpf_timer_cancel_async, bpf_timer_init } from './helper/timer'
export { bpf_timer_set_callback, bpf_timer_start } from './helper/timer'
export { bpf_map_delete_elem, bpf_map_lookup_elem, bpf_map_update_elem } from './helper/map'
export { bpf_wq_init, bpf_wq_set_callback, bpf_wq_start } from './helper/work'
export { map_create } from './map/create'
export { map_element_value } from './map/host'
export { machine_boot } from './run/boot'
export { cpu_loop } from './run/loop'
export { cpu_offline } from './run/offline'
export { cpu_poll } from './run/poll'
export { program_run } from './run/program-run'
`

/** Per subject and mutant, in milliseconds; the second is for those that the expected subject does not settle. */
const SUBJECT_TIME = 20_000
const MUTANT_TIME = 120_000
/** In this order. Triples come last, and are many: time ends before they do. */
const FAMILIES = [
  /^hazard\/(?!H30\+|H28)/,
  /^(pair|work)\/[^+]*$/,
  /^(nested|two-levels|no-memory)/,
  /\+nmi$/,
  /^triple\/[^+]*$/,
]

async function compile({ name, file, edits }) {
  let binary
  const { error, stderr } = await asc.main(['core/index.ts', ...OPTIONS], {
    readFile(path, folder) {
      if (path === 'core/index.ts') return ENTRY
      let text
      try {
        text = readFileSync(join(folder, path), 'utf8')
      } catch {
        return null
      }
      if (path === 'core/abi.ts') return text.replace(/(MAX_MAPS|MAX_PROGRAMS) = \d+/g, '$1 = 4')
      if (path !== file) return text
      for (const [from, to] of edits) {
        if (text.split(from).length !== 2) throw new Error(`mutant "${name}": its text is not in ${file} just once`)
        text = text.replace(from, () => to)
      }
      return text
    },
    writeFile(path, contents) {
      if (path === 'out.wasm') binary = contents
    },
  })
  if (error || !binary) throw new Error(`mutant "${name}" does not compile: ${stderr.toString()}`)
  return binary
}

const scenarios = [...asyncScenarios()]

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
  const module = await compile(mutant)
  const machines = new Map()
  const machineOf = (scenario) => {
    const name = machineName(scenario)
    if (!machines.has(name)) machines.set(name, machineFor(scenario, { module }))
    return machines.get(name)
  }
  const began = Date.now()
  let tried = 0
  for (const scenario of inOrder(mutant, namedOnly)) {
    if (Date.now() - began > MUTANT_TIME) return { tried, late: true }
    tried++
    try {
      const { failure } = explore(scenarioSubject(machineOf(scenario), scenario), {
        maxMilliseconds: SUBJECT_TIME,
        minimise: false,
      })
      if (failure) return { tried, by: scenario.name, message: failure.message }
    } catch (thrown) {
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

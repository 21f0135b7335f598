// Compiles the core with one line changed (scripts/mutants-list.mjs), for each change, and puts the named subjects of the
// async protocol to it until one objects. Prints a table of what was changed and who objected; exit code 1 if a change
// survives that must not. Arguments: words of a mutant's name. `--every N`: only every Nth mutant; `--from N`: from the Nth on.
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import asc from 'assemblyscript/asc'
import { explore } from '../dist/src/explore/index.js'
import { AsyncMachine } from '../dist/src/explore/subjects/async.js'
import { asyncScenarios, scenarioSubject } from '../dist/src/explore/subjects/async-catalogue.js'
import { mutants } from './mutants-list.mjs'

const OPTIONS = ['--runtime', 'stub', '--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536', '--memoryBase', '1024', '--enable', 'threads', '--enable', 'simd', '--enable', 'bulk-memory', '--exportTable', '--noExportMemory', '-O2', '-u', 'CHECKED=1', '--outFile', 'out.wasm'] // prettier-ignore

/** Per subject and mutant, in milliseconds. */
const SUBJECT_TIME = 10_000
const MUTANT_TIME = 60_000
/** In this order: the small ones first. */
const FAMILIES = [
  /^hazard\/(?!H30|H28)/,
  /^pair\/[^+]*$/,
  /^work/,
  /^pair\/.*\+nmi$/,
  /^nested/,
  /^hazard/,
  /^pair\/.*\+stop$/,
]

async function compile({ name, file, edits }) {
  let binary
  const { error, stderr } = await asc.main(['core/index.ts', ...OPTIONS], {
    readFile(path, folder) {
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

async function judge(mutant) {
  const module = await compile(mutant)
  const machines = [false, true].map((work) => new AsyncMachine({ module, work }))
  const scenarios = [...asyncScenarios()]
  const began = Date.now()
  let tried = 0
  for (const family of FAMILIES)
    for (const scenario of scenarios) {
      if (!family.test(scenario.name)) continue
      if (Date.now() - began > MUTANT_TIME) return { tried, late: true }
      tried++
      try {
        const subject = scenarioSubject(machines[scenario.work ? 1 : 0], scenario)
        // The search for fewer preemptions is of no interest here.
        const { failure } = explore(subject, { maxMilliseconds: SUBJECT_TIME })
        if (failure) return { tried, by: scenario.name, message: failure.message }
      } catch (thrown) {
        return { tried, by: scenario.name, message: String(thrown.message).split('\n')[0] }
      }
    }
  return { tried }
}

if (!isMainThread)
  parentPort.on('message', async (index) => {
    try {
      parentPort.postMessage(await judge(mutants[index]))
    } catch (error) {
      parentPort.postMessage({ error: error.message })
    }
  })
else {
  const words = process.argv.slice(2)
  const from = words.includes('--from') ? Number(words.splice(words.indexOf('--from'), 2)[1]) : 0
  const every = words.includes('--every') ? Number(words.splice(words.indexOf('--every'), 2)[1]) : 1
  const wanted = [...mutants.keys()].filter(
    (index) => index >= from && index % every === 0 && words.every((word) => mutants[index].name.includes(word)),
  )
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
        worker.postMessage(index)
      })
      worker.removeAllListeners('error')
      const good = survives ? answer.by === undefined && !answer.error : answer.by !== undefined
      if (!good) wrong++
      const verdict =
        answer.error ??
        (answer.by ? `\`${answer.by}\`` : `nobody of ${answer.tried}${answer.late ? ', time is up' : ''}`)
      console.log(
        `| ${name} | ${good ? '' : '**SURVIVES** '}${verdict} | ${(answer.message ?? survives ?? '').slice(0, 110)} |`,
      )
    }
    await worker.terminate()
  }
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), wanted.length) }, thread))
  console.log(`\n${wanted.length} mutants, ${wrong} not as expected`)
  process.exit(wrong > 0 ? 1 : 0)
}

// Records what this machine's kernel answers to the scenarios: `node dist/test/programs/record.js [NAME…]` as root
// writes answers.json, which both engines are compared with. Only names that are given are recorded again.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { openKernel } from '../kernel/oracle.js'
import { kernelTranscript } from './on-kernel.js'
import { scenarios } from './scenarios.js'
import { FOLDER, objectsOf } from './transcript.js'

const file = new URL('answers.json', FOLDER)
const answers = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string[]>) : {}
const wanted = process.argv.slice(2)
const kernel = await openKernel()
if (typeof kernel === 'string') throw new Error(kernel)
for (const scenario of scenarios)
  if (wanted.length === 0 || wanted.includes(scenario.name)) {
    answers[scenario.name] = await kernelTranscript(kernel, scenario, objectsOf(scenario)[0]!)
    process.stdout.write(`${scenario.name}: ${answers[scenario.name]!.length} lines of Linux ${kernel.release}\n`)
  }
await kernel.close()
writeFileSync(file, JSON.stringify(answers, null, 2) + '\n')

// `npm run fuzz -- --minutes N [--seed S]`: all properties in turn, in a worker that this thread watches, until the time is
// over or something fails. A failure is shrunk and printed with its seed; a worker that says nothing for long is one, too.
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { openKernel } from '../kernel/oracle.js'
import { asked, enginesAgree, kernelAgrees } from './engines.js'
import { objectsAreContained, survived } from './objects.js'
import { askedScenes, kernelPlays } from './scene-kernel.js'
import { played, scenesAgree } from './scene-runs.js'

/** Cases of each property for one seed: damaged objects cost the least. */
const BATCH = { engines: 100, scenes: 20, objects: 1000, kernel: 100, 'scenes on the kernel': 20 }
/** Of the worker's heap, in MiB: an object that needs more ends the worker, which is a failure. */
const HEAP = 1024
/** Seconds without a message: of CPU time, which a busy machine does not stretch, and of the clock for one that waits. */
const SILENCE = { cpu: 60, clock: 600 }

interface Task {
  readonly seed: number
  readonly minutes: number
}

/** What the worker says: the seed that it starts with, or the end. */
type Message =
  | { readonly batch: string; readonly seed: number; readonly soFar: string }
  | { readonly summary: string; readonly failed: boolean }

async function work({ seed: first, minutes }: Task): Promise<void> {
  const say = (message: Message): void => parentPort!.postMessage(message)
  const kernel = await openKernel()
  const properties: [name: keyof typeof BATCH, property: fc.IRawProperty<unknown>, done: number][] = [
    ['engines', enginesAgree as fc.IRawProperty<unknown>, 0],
    ['scenes', scenesAgree as fc.IRawProperty<unknown>, 0],
    ['objects', objectsAreContained as fc.IRawProperty<unknown>, 0],
  ]
  if (typeof kernel !== 'string')
    properties.push(
      ['kernel', kernelAgrees(kernel) as fc.IRawProperty<unknown>, 0],
      ['scenes on the kernel', kernelPlays(kernel) as fc.IRawProperty<unknown>, 0],
    )
  const counts = (): string => properties.map(([name, , done]) => `${name} ${done}`).join(', ')
  const end = Date.now() + minutes * 60_000
  let failed = ''
  for (let seed = first; Date.now() < end && failed === ''; seed += 1)
    for (const entry of properties) {
      const [name, property] = entry
      say({ batch: name, seed, soFar: counts() })
      const result = await fc.check(property as fc.IAsyncProperty<unknown>, { seed, numRuns: BATCH[name] })
      entry[2] += result.numRuns
      if (result.failed) {
        const report = (await fc.asyncDefaultReportMessage(result)) ?? ''
        failed = `${name} failed with --seed ${seed}\n${report}\n${String(result.errorInstance)}`
        break
      }
    }
  if (typeof kernel !== 'string') await kernel.close()
  const details = `objects read ${survived.read}, loaded ${survived.loaded}; scenes that ended in a fault ${played.faults}; kernel accepted ${asked.accepted}, refused ${asked.refused}, of scenes ${askedScenes.accepted} and ${askedScenes.refused}`
  say({
    summary: `${failed && `${failed}\n`}seeds from ${first}: ${counts()} (${details})${typeof kernel === 'string' ? `; ${kernel}` : ''}`,
    failed: failed !== '',
  })
}

function watch(): void {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '1' },
      seed: { type: 'string', default: String(Date.now() & 0x7fffffff) },
    },
  })
  const task: Task = { seed: Number(values.seed), minutes: Number(values.minutes) }
  if (!(task.minutes > 0) || !Number.isInteger(task.seed)) {
    process.stderr.write('fuzz: --minutes takes a positive number, --seed an integer\n')
    process.exit(2)
  }
  process.stdout.write(`seeds from ${task.seed}, ${task.minutes} minutes\n`)
  const worker = new Worker(fileURLToPath(import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: HEAP },
  })
  const seconds = (): { cpu: number; clock: number } => {
    const { user, system } = process.cpuUsage()
    return { cpu: (user + system) / 1e6, clock: performance.now() / 1000 }
  }
  let last: Message | undefined
  let since = seconds()
  const timer = setInterval(() => {
    const now = seconds()
    if (now.cpu - since.cpu < SILENCE.cpu && now.clock - since.clock < SILENCE.clock) return
    process.stdout.write(`nothing for ${SILENCE.cpu} s of CPU time: ${JSON.stringify(last)}\n`)
    process.exit(1)
  }, 1000)
  worker.on('message', (message: Message) => {
    last = message
    since = seconds()
    if (!('summary' in message)) return
    process.stdout.write(`${message.summary}\n`)
    process.exitCode = message.failed ? 1 : 0
  })
  worker.on('error', (error) => {
    process.stdout.write(`${JSON.stringify(last)}: ${error.stack}\n`)
    process.exitCode = 1
  })
  worker.on('exit', () => clearInterval(timer))
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      process.stdout.write(`ended by ${signal}: ${JSON.stringify(last)}\n`)
      process.exit(1)
    })
}

if (isMainThread) watch()
else await work(workerData as Task)

// `npm run fuzz -- --minutes N [--seed S]`: all properties in turn, in a worker that this thread watches, until the
// time is over, a signal comes or something fails. A failure is shrunk and printed with its seed; a case that does not
// end is one, too.
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
/**
 * How long one case may take: in seconds of CPU time, which a busy machine does not stretch; and, if it waits, in looks
 * of the watch, one a second, which a process that is stopped or gets no processor does not take. It was a batch of a
 * thousand objects that the clock was asked about: on a machine so busy that they took ten minutes the watch ended two
 * runs in which nothing hung.
 */
const MOST = { cpu: 60, looks: 600 }

/** Words that both threads share: cases that have begun, and 1 when the worker shall end after its batch. */
const CASES = 0
const END = 1

interface Task {
  readonly seed: number
  readonly minutes: number
  readonly shared: Int32Array
}

/** What the worker says: the seed that it starts with, or the end. */
type Message =
  | { readonly batch: string; readonly seed: number; readonly soFar: string }
  | { readonly summary: string; readonly failed: boolean }

/** A property whose cases are counted as they begin. */
function counted<Case>(
  property: fc.IPropertyWithHooks<Case> | fc.IAsyncPropertyWithHooks<Case>,
  shared: Int32Array,
): fc.IRawProperty<unknown> {
  const count = (): void => void Atomics.add(shared, CASES, 1)
  return property.beforeEach(count) as fc.IRawProperty<unknown>
}

async function work({ seed: first, minutes, shared }: Task): Promise<void> {
  const say = (message: Message): void => parentPort!.postMessage(message)
  const kernel = await openKernel()
  const properties: [name: keyof typeof BATCH, property: fc.IRawProperty<unknown>, done: number][] = [
    ['engines', counted(enginesAgree, shared), 0],
    ['scenes', counted(scenesAgree, shared), 0],
    ['objects', counted(objectsAreContained, shared), 0],
  ]
  if (typeof kernel !== 'string')
    properties.push(
      ['kernel', counted(kernelAgrees(kernel), shared), 0],
      ['scenes on the kernel', counted(kernelPlays(kernel), shared), 0],
    )
  const counts = (): string => properties.map(([name, , done]) => `${name} ${done}`).join(', ')
  const end = Date.now() + minutes * 60_000
  let failed = ''
  const over = (): boolean => Date.now() >= end || failed !== '' || Atomics.load(shared, END) === 1
  for (let seed = first; !over(); seed += 1)
    for (const entry of properties) {
      if (Atomics.load(shared, END) === 1) break
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
  const shared = new Int32Array(new SharedArrayBuffer(8))
  const task: Task = { seed: Number(values.seed), minutes: Number(values.minutes), shared }
  if (!(task.minutes > 0) || !Number.isInteger(task.seed)) {
    process.stderr.write('fuzz: --minutes takes a positive number, --seed an integer\n')
    process.exit(2)
  }
  process.stdout.write(`seeds from ${task.seed}, ${task.minutes} minutes\n`)
  const worker = new Worker(fileURLToPath(import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: HEAP },
  })
  const cpuSeconds = (): number => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  }
  let last: Message | undefined
  let cases = 0
  let since = cpuSeconds()
  let looks = 0
  const timer = setInterval(() => {
    const now = Atomics.load(shared, CASES)
    if (now !== cases) {
      cases = now
      since = cpuSeconds()
      looks = 0
      return
    }
    looks += 1
    const took = cpuSeconds() - since
    if (took < MOST.cpu && looks < MOST.looks) return
    process.stdout.write(`one case goes on for ${took.toFixed(1)} s of CPU time, ${looks} s: ${JSON.stringify(last)}\n`)
    process.exit(1)
  }, 1000)
  worker.on('message', (message: Message) => {
    last = message
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
    process.on(signal, () => {
      const again = Atomics.exchange(shared, END, 1) === 1
      process.stdout.write(`${signal} ${again ? 'again' : '(again: at once)'}: ${JSON.stringify(last)}\n`)
      if (again) process.exit(1)
    })
}

if (isMainThread) watch()
else await work(workerData as Task)

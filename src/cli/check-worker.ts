// A thread of `skep check`: takes names of subjects, one at a time, and sends back what was found.
import { parentPort } from 'node:worker_threads'
import { check } from '../explore/check.js'
import type { CheckOptions } from '../explore/check.js'
import type { Answer } from './check-pool.js'
import { entryNamed } from '../explore/subjects/catalogue.js'
import type { Protocol } from '../explore/subjects/entry.js'

export interface Task {
  protocol: Protocol
  name: string
  options: CheckOptions
}

parentPort!.on('message', ({ protocol, name, options }: Task) => {
  const entry = entryNamed(protocol, name)!
  const answer = (answer: Answer): void => parentPort!.postMessage(answer)
  const checked = check(entry, { ...options, progress: (progress) => answer({ progress }) })
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  answer({ checked, held: arrayBuffers + heapUsed })
})

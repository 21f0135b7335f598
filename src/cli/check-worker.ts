// A thread of `skep check`: takes names of subjects, one at a time, and sends back what was found.
import { parentPort } from 'node:worker_threads'
import { check } from '../explore/check.js'
import type { CheckOptions } from '../explore/check.js'
import { entryNamed } from '../explore/subjects/catalogue.js'
import type { Protocol } from '../explore/subjects/entry.js'

export interface Task {
  protocol: Protocol
  name: string
  options: CheckOptions
}

parentPort!.on('message', ({ protocol, name, options }: Task) => {
  const entry = entryNamed(protocol, name)!
  const progress: CheckOptions['progress'] = (progress) => parentPort!.postMessage({ progress })
  parentPort!.postMessage({ checked: check(entry, { ...options, progress }) })
})

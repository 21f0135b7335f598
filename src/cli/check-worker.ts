// A thread of `skep check`: explores one thing at a time, named subjects, subjects of files or runs of an object, and
// sends back what was found. The main thread stays free to hear of Ctrl-C: it raises a flag that searches ask.
import { workerData } from 'node:worker_threads'
import { check, checkable } from '../explore/check.js'
import { subjectsOf, type Brought } from '../explore/modules-of-users.js'
import { checkObject } from '../explore/program/check.js'
import { entryNamed } from '../explore/subjects/catalogue.js'
import { serve } from '../explore/threads.js'
import { setVariables } from '../object/edit.js'
import { readObject } from '../object/read.js'
import type { Reached } from '../report/check-text.js'
import { isInterrupted, type Answer, type Task } from './check-pool.js'

const files = new Map<string, Promise<Brought[]>>()

/** The subjects of a file, loaded once. */
function subjectsIn(file: string): Promise<Brought[]> {
  let found = files.get(file)
  if (!found) files.set(file, (found = subjectsOf(file)))
  return found
}

async function answerTo(task: Task, progress: (reached: Reached) => void): Promise<Answer> {
  const more = { progress, interrupted: () => isInterrupted(workerData) }
  if ('list' in task) return (await subjectsIn(task.list)).map(({ name }) => name)
  if ('object' in task) {
    const spec = await readObject(task.object)
    setVariables(spec, task.variables)
    return checkObject(spec, { ...task.options, ...more })
  }
  const options = { ...task.options, ...more }
  if ('file' in task) return check(checkable((await subjectsIn(task.file))[task.index]!, task.variant), options)
  return check(entryNamed(task.protocol, task.name)!, options)
}

serve<Task, Answer, Reached>(answerTo)

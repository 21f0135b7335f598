// Many subjects on several threads (check-worker.ts).
import type { Checked, CheckOptions } from '../explore/check.js'
import type { Entry, Protocol } from '../explore/subjects/entry.js'
import { overThreads } from '../explore/threads.js'
import { packageFile } from '../package-file.js'
import type { Reached } from '../report/check-text.js'

/** What a thread is asked. */
export interface Task {
  protocol: Protocol
  name: string
  options: CheckOptions
}

/** Checks all entries; `tell` and `done` are called as things go. The answers are in the order of the entries. */
export async function checkAll(
  entries: readonly Entry[],
  options: CheckOptions,
  threads: number,
  tell: (name: string, reached: Reached) => void,
  done: (checked: Checked) => void,
): Promise<Checked[]> {
  const answers = new Array<Checked>(entries.length)
  await overThreads<Task, Checked, Reached>({
    module: packageFile('cli/check-worker.js'),
    tasks: entries.map(({ name, protocol }) => ({ name, protocol, options })),
    threads,
    news: (index, reached) => tell(entries[index]!.name, reached),
    done(index, checked) {
      answers[index] = checked
      done(checked)
    },
  })
  return answers
}

// The threads of `skep check` (check-worker.ts): many named subjects on several, what people bring on one. A flag that
// all of them share ends what they are at.
import { Worker } from 'node:worker_threads'
import type { Checked, CheckOptions } from '../explore/check.js'
import type { ObjectCheckOptions, ObjectReport } from '../explore/program/check.js'
import type { Protocol, Variant } from '../explore/subjects/entry.js'
import { ask, overThreads } from '../explore/threads.js'
import { packageFile } from '../package-file.js'
import type { Reached } from '../report/check-text.js'

type Question = { protocol: Protocol; name: string } | { file: string; index: number; variant: Variant }
/** What a thread is asked: a subject, the names of a file's subjects, an object's runs. */
export type Task =
  | (Question & { options: CheckOptions })
  | { list: string }
  | { object: string; variables: Record<string, unknown>; options: ObjectCheckOptions }
export type Answer = Checked | string[] | ObjectReport

/** A subject of the catalogue, or one of a file. */
export type Asked = { name: string; about: string } & Question

const MODULE = packageFile('cli/check-worker.js')

/** Whether the flag is raised. */
export const isInterrupted = (flag: Int32Array): boolean => Atomics.load(flag, 0) !== 0

export class CheckPool {
  private readonly flag = new Int32Array(new SharedArrayBuffer(4))
  private single: Worker | undefined

  /** Searches end where they are; what has not begun does not begin. */
  interrupt(): void {
    Atomics.store(this.flag, 0, 1)
  }

  /** The names of a file's subjects. Throws SkepError BAD_SUBJECT if it has none. */
  async subjectsOf(file: string): Promise<string[]> {
    return (await this.one({ list: file })) as string[]
  }

  /** Checks an object. Throws SkepError. */
  async object(task: Task & { object: string }, tell: (reached: Reached) => void): Promise<ObjectReport> {
    return (await this.one(task, tell)) as ObjectReport
  }

  /**
   * Checks all: those of the catalogue on several threads, then those of files. `tell` and `done` are called as things
   * go. The answers are in the order of the questions; what was not begun has none. Throws SkepError.
   */
  async all(
    asked: readonly Asked[],
    options: CheckOptions,
    threads: number,
    tell: (name: string, reached: Reached) => void,
    done: (checked: Checked) => void,
  ): Promise<(Checked | undefined)[]> {
    const answers = new Array<Checked | undefined>(asked.length).fill(undefined)
    const take = (index: number, answer: Answer): void => {
      answers[index] = answer as Checked
      done(answers[index])
    }
    const named = asked.filter((one) => 'protocol' in one)
    await overThreads<Task, Answer, Reached>({
      module: MODULE,
      tasks: named.map(({ protocol, name }) => ({ protocol, name, options })),
      threads,
      data: this.flag,
      stopped: () => isInterrupted(this.flag),
      news: (index, reached) => tell(named[index]!.name, reached),
      done: (index, answer) => take(asked.indexOf(named[index]!), answer),
    })
    for (const [index, one] of asked.entries())
      if ('file' in one && !isInterrupted(this.flag))
        take(index, await this.one({ ...one, options }, (reached) => tell(one.name, reached)))
    return answers
  }

  /** Ends its threads. */
  async close(): Promise<void> {
    await this.single?.terminate()
  }

  private async one(task: Task, tell: (reached: Reached) => void = () => {}): Promise<Answer> {
    this.single ??= new Worker(MODULE, { workerData: this.flag })
    return (await ask<Task, Answer, Reached>(this.single, task, tell)).answer
  }
}

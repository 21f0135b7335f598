// The computations of objects/compute.h as a native program: built with cc -O2 on demand, asked by lines.
import { execFile, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { createInterface } from 'node:readline'
import { mkdir } from 'node:fs/promises'
import { promisify } from 'node:util'
import { REPOSITORY } from '../../test/kernel/oracle.js'

const FOLDER = `${REPOSITORY}dist/bench/native`

export class Native {
  readonly #process: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>

  private constructor(program: string) {
    this.#process = spawn(program)
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]()
  }

  /** The program, or why there is none. */
  static async build(): Promise<Native | string> {
    const program = `${FOLDER}/compute`
    try {
      await mkdir(FOLDER, { recursive: true })
      await promisify(execFile)('cc', ['-O2', '-o', program, `${REPOSITORY}bench/objects/compute.c`])
    } catch (error) {
      return `no native code: ${(error as Error).message.split('\n')[0]}`
    }
    return new Native(program)
  }

  /** `count` calls of a function: how long all took, and the sum of their results. */
  async run(name: string, count: number): Promise<{ nanoseconds: number; result: bigint }> {
    this.#process.stdin.write(`${name} ${count}\n`)
    const { value, done } = await this.#lines.next()
    if (done) throw new Error('the native program has ended')
    const { nanoseconds, result } = JSON.parse(value) as { nanoseconds: number; result: string }
    return { nanoseconds, result: BigInt(result) }
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.stdin.end()
    await ended
  }
}

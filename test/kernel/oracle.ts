// Builds the program in oracle/ on demand and speaks its protocol: this machine's own kernel as a test subject.
// Where the kernel cannot be asked (another system, no compiler, no libbpf, no permission), openKernel says why.
import { execFile, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** The repository's folder, seen from dist/test/kernel. */
export const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url))

const FOLDER = `${REPOSITORY}dist/kernel`

export interface LoadAnswer {
  /** 0 or a negative errno. */
  result: number
  /** The verifier's words. */
  log: string
  /** libbpf's warnings. */
  library: string
}

export interface RunAnswer {
  retval: number
  data: Uint8Array
  context: Uint8Array
  /** Nanoseconds of one run, averaged by the kernel over the repetitions. */
  duration: number
}

/** A kernel that answers: one oracle process. */
export class Kernel {
  readonly #process: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  #turn: Promise<unknown> = Promise.resolve()
  release = ''

  constructor(program: string, parameters: readonly string[] = []) {
    this.#process = spawn(program, parameters, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]()
  }

  /** One command, one answer; callers queue up. */
  ask(...words: (string | number)[]): Promise<Record<string, unknown> & { result: number }> {
    const answer = this.#turn.then(async () => {
      this.#process.stdin.write(words.join(' ') + '\n')
      const { value, done } = await this.#lines.next()
      if (done) throw new Error(`the oracle ended at "${words.join(' ').slice(0, 100)}"`)
      return JSON.parse(value) as Record<string, unknown> & { result: number }
    })
    this.#turn = answer.catch(() => undefined)
    return answer
  }

  async load(object: string, ...programs: string[]): Promise<LoadAnswer> {
    return (await this.ask('load', object, ...programs)) as unknown as LoadAnswer
  }

  /** Runs a loaded program; a failure of the call itself (not of the program) is thrown. */
  async run(
    program: string,
    { data, context, repeat = 1 }: { data?: Uint8Array; context?: Uint8Array; repeat?: number } = {},
  ): Promise<RunAnswer> {
    const answer = await this.ask('run', program, hex(data), repeat, ...(context ? [hex(context)] : []))
    if (answer.result !== 0) throw new Error(`run ${program}: errno ${-answer.result}`)
    return {
      retval: Number(answer['retval']),
      duration: Number(answer['duration']),
      data: bytes(String(answer['data'])),
      context: bytes(String(answer['context'])),
    }
  }

  /** Bare instructions as a syscall program, run once; a negative errno if the kernel refuses to load or run them. */
  async bare(code: Uint8Array, context: Uint8Array): Promise<{ retval: number; context: Uint8Array } | number> {
    const answer = await this.ask('bare', hex(code), hex(context))
    if (answer.result !== 0) return answer.result
    return { retval: Number(answer['retval']), context: bytes(String(answer['context'])) }
  }

  /** The value or a negative errno. */
  async get(map: string, key: Uint8Array, call: 'get' | 'take' | 'next' = 'get'): Promise<Uint8Array | number> {
    const answer = await this.ask(call, map, hex(key))
    return answer.result === 0 ? bytes(String(answer['value'])) : answer.result
  }

  /** A global variable's bytes. */
  async variable(name: string): Promise<Uint8Array> {
    const answer = await this.ask('variable', name)
    if (answer.result !== 0) throw new Error(`variable ${name}: errno ${-answer.result}`)
    return bytes(String(answer['value']))
  }

  async set(map: string, key: Uint8Array, value: Uint8Array, flags: number): Promise<number> {
    return (await this.ask('set', map, hex(key), hex(value), flags)).result
  }

  async delete(map: string, key: Uint8Array): Promise<number> {
    return (await this.ask('delete', map, hex(key))).result
  }

  /** Ends the process, and with it everything that it had loaded. */
  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.stdin.end()
    await ended
  }
}

/**
 * This machine's kernel, or the reason why it cannot be asked. With `network`, in an empty network namespace in which
 * these lines of a shell have been run; it ends with the kernel's close.
 */
export async function openKernel({ network }: { network?: readonly string[] } = {}): Promise<Kernel | string> {
  if (process.platform !== 'linux') return `no kernel to ask: this is ${process.platform}`
  let program: string
  try {
    program = await build()
  } catch (error) {
    return `no kernel to ask: oracle/ does not build here (cc and libbpf's headers are needed): ${reason(error)}`
  }
  if (network) {
    const script = ['set -e', ...network].join('\n')
    const reached = await promisify(execFile)('unshare', ['--net', 'sh', '-c', script]).catch(reason)
    if (typeof reached === 'string') return `no kernel to ask: no network namespace can be had: ${reached}`
    return usable(new Kernel('unshare', ['--net', 'sh', '-c', `${script}\nexec "$0"`, program]))
  }
  return usable(new Kernel(program))
}

async function usable(kernel: Kernel): Promise<Kernel | string> {
  const info = await kernel.ask('info')
  if (info.result === 0) {
    kernel.release = String(info['release'])
    return kernel
  }
  await kernel.close()
  return `no kernel to ask: bpf() answers errno ${-info.result} here`
}

async function build(): Promise<string> {
  const folder = `${REPOSITORY}test/kernel/oracle/`
  const files = (await readdir(folder)).sort().map((name) => folder + name)
  const hash = createHash('sha256')
  for (const file of files) hash.update(await readFile(file))
  const program = `${FOLDER}/oracle-${hash.digest('hex').slice(0, 12)}`
  if (await stat(program).catch(() => undefined)) return program
  await mkdir(FOLDER, { recursive: true })
  const unfinished = `${program}.${process.pid}`
  await promisify(execFile)('cc', [
    '-O2',
    '-o',
    unfinished,
    ...files.filter((name) => name.endsWith('.c')),
    '-lbpf',
    '-lelf',
    '-lz',
  ])
  await rename(unfinished, program)
  return program
}

function reason(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string }
  return (stderr?.trim() || message).split('\n')[0] ?? ''
}

function hex(data?: Uint8Array): string {
  return data && data.length > 0 ? Buffer.from(data).toString('hex') : '-'
}

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'))
}

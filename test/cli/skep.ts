// Runs the command line as a user does: a process of its own, both outputs captured.
import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))

export interface Answer {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface Conditions {
  env?: NodeJS.ProcessEnv
  /** Called with the process once it runs, for tests that send signals. */
  meanwhile?: (child: ChildProcess, output: () => string) => void
}

/** `skep …args` in the repository's root. */
export function skep(args: readonly string[], { env = {}, meanwhile }: Conditions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], { cwd: root, env: { ...process.env, ...env } })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
    meanwhile?.(child, () => stdout)
  })
}

/** The output of a command that must succeed. */
export async function succeeding(args: readonly string[], conditions?: Conditions): Promise<string> {
  const { code, stdout, stderr } = await skep(args, conditions)
  if (code !== 0) throw new Error(`skep ${args.join(' ')} ended with ${code}\n${stdout}\n${stderr}`)
  return stdout
}

// What the values of options mean, those of `skep run` first. Throws commander's InvalidArgumentError for values that
// no object could make right, which is wrong usage.
import { InvalidArgumentError } from 'commander'
import { SkepError } from '../error.js'
import { parseDuration, parseSize } from '../machine/options/units.js'
import { MAX_CPUS } from '../../core/abi.js'

/** As commander collects them. */
export interface RunCommandOptions {
  prog?: string[]
  data?: string
  ctx?: string
  repeat: number
  cpus: number
  cpu?: number
  clock: 'virtual' | 'real'
  for?: number
  set?: Record<string, unknown>
  btf?: string
  kconfig?: string | Record<string, unknown>
  checks: boolean
  engine?: 'jit' | 'interp'
  /** Bytes. */
  memory?: number
  seed?: number
  maps?: boolean
  record?: Record<string, unknown>
  timers?: boolean
  trace?: boolean
  json?: boolean
}

/** A whole number from `low` on. */
export function whole(low: number, high: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (text.trim() !== '' && Number.isInteger(number) && number >= low && number <= high) return number
    throw new InvalidArgumentError(`Expected a whole number from ${low} to ${high}.`)
  }
}

export const cpuCount = whole(1, MAX_CPUS - 1)
export const cpuIndex = whole(0, MAX_CPUS - 2)
export const repetitions = whole(1, 2 ** 31 - 1)

/** '5s', '10 min', '250ms' as nanoseconds. */
export function duration(text: string): number {
  return measured(() => parseDuration(/^\d+$/.test(text) ? Number(text) : text, '--for'))
}

/** '64 MiB', '1048576' as bytes. */
export function size(text: string): number {
  return measured(() => parseSize(/^\d+$/.test(text) ? Number(text) : text, '--memory'))
}

function measured(parse: () => number): number {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof SkepError)) throw error
    // commander has named the option and the value already.
    throw new InvalidArgumentError(error.message.replace(/^--\w+: e/, 'E').replace(/, got .*$/s, '.'))
  }
}

/** NAME or NAME,NAME: an option that took all the words behind it would take the object file, too. */
export function names(text: string, before: readonly string[] = []): string[] {
  const named = text.split(',').map((name) => name.trim())
  if (named.includes('')) throw new InvalidArgumentError('Expected a name, or names with commas between them.')
  return [...before, ...named]
}

/** NAME=VALUE: JSON, or a whole number of any size, or text. */
export function assignment(text: string, before: Record<string, unknown> = {}): Record<string, unknown> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) throw new InvalidArgumentError('Expected NAME=VALUE.')
  return { ...before, [name]: assigned(value) }
}

/** NAME=VALUE, several of them, or one file. */
export function configuration(
  text: string,
  before?: string | Record<string, unknown>,
): string | Record<string, unknown> {
  if (before === undefined && !text.includes('=')) return text
  if (typeof before === 'string' || !text.includes('='))
    throw new InvalidArgumentError('Expected one file, or NAME=VALUE every time.')
  return assignment(text, before)
}

function assigned(text: string): unknown {
  if (/^-?(\d+|0x[0-9a-f]+)$/i.test(text)) {
    const number = text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text)
    return number <= BigInt(Number.MAX_SAFE_INTEGER) && number >= BigInt(Number.MIN_SAFE_INTEGER)
      ? Number(number)
      : number
  }
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

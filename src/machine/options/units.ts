// Sizes and durations as people write them: '64 MiB', '5 min', '1.5ms'.
import { show, SkepError } from '../../error.js'

/**
 * Bytes as a number, or a string with unit: '4096', '64 KiB', '64 MiB', '1 GiB' (binary), '64 kB', '64 MB' (decimal).
 */
export type Size = number | string
/**
 * Nanoseconds as a number or bigint, or a string with unit: '250 ns', '10us', '5 ms', '1.5 s', '5 min', '2 h', '1 d'.
 */
export type Duration = number | bigint | string

const sizeUnits: Record<string, number> = {
  '': 1,
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
}

const durationUnits: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  sec: 1e9,
  min: 60e9,
  m: 60e9,
  h: 3600e9,
  d: 86400e9,
}

function parse(text: unknown, units: Record<string, number>): number | undefined {
  if (typeof text !== 'string') return undefined
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-zA-Zµ]*)\s*$/.exec(text)
  if (!match) return undefined
  const factor = units[match[2]!] ?? units[match[2]!.toLowerCase()]
  return factor === undefined ? undefined : Number(match[1]) * factor
}

/** Bytes, rounded up to a whole one. Throws BAD_OPTION naming `option`. */
export function parseSize(value: Size, option: string): number {
  const bytes = typeof value === 'number' ? value : parse(value, sizeUnits)
  if (bytes === undefined || !Number.isFinite(bytes) || bytes < 0)
    throw new SkepError(
      'BAD_OPTION',
      `${option}: expected a size such as '64 MiB' or a number of bytes, got ${show(value)}`,
    )
  return Math.ceil(bytes)
}

/** Nanoseconds, rounded to a whole one. Throws BAD_OPTION naming `option`. */
export function parseDuration(value: Duration, option: string): number {
  const nanoseconds =
    typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : parse(value, durationUnits)
  if (nanoseconds === undefined || !Number.isFinite(nanoseconds) || nanoseconds < 0)
    throw new SkepError(
      'BAD_OPTION',
      `${option}: expected a duration such as '5 min', '10ms' or a number of nanoseconds, got ${show(value)}`,
    )
  return Math.round(nanoseconds)
}

// How the command line writes: colours only where a person reads (a terminal, NO_COLOR not set), everything else plain.
import { plain, type Style } from '../report/style.js'

/** Text between two escape sequences: one that begins a look and one that ends it. */
const paint =
  (begin: number, end: number) =>
  (text: string): string =>
    text === '' ? text : `\u001b[${begin}m${text}\u001b[${end}m`

const coloured: Style = {
  heading: paint(1, 22),
  name: paint(36, 39),
  faint: paint(2, 22),
  good: paint(32, 39),
  bad: paint(31, 39),
  source: paint(33, 39),
}

/** The style for a stream: plain unless it is a terminal and NO_COLOR is empty; FORCE_COLOR forces colours. */
export function styleFor(stream: { isTTY?: boolean }, environment: NodeJS.ProcessEnv = process.env): Style {
  const forced = environment['FORCE_COLOR']
  if (forced !== undefined && forced !== '' && forced !== '0') return coloured
  const refused = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb' || forced === '0'
  return stream.isTTY === true && !refused ? coloured : plain
}

/** Writes lines to the standard output. */
export function print(lines: readonly string[]): void {
  process.stdout.write(lines.join('\n') + '\n')
}

/**
 * Writes a value as indented JSON. 64-bit integers (bigint) become decimal strings, bytes become 'hex:…', so that no
 * reader loses digits.
 */
export function printJson(value: unknown): void {
  process.stdout.write(JSON.stringify(value, jsonValue, 2) + '\n')
}

/** The replacer of printJson. */
function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return `hex:${Buffer.from(value).toString('hex')}`
  if (value instanceof Map) return Object.fromEntries(value)
  return value
}

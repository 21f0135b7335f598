// Reads single fields of the network that the host gives at boot: numbers, addresses. Whatever is wrong is a BAD_OPTION
// that names its place. Used by network.ts and sockets.ts.
import { show, SkepError } from '../../error.js'
import { net } from '../../late-modules.js'
import type { RangeAllocator } from '../cpu/ranges.js'
import { refuseUnknown, type OptionNames } from './given-options.js'

export const AF_INET = 2
export const AF_INET6 = 10

export interface Address {
  /** AF_INET or AF_INET6. */
  readonly family: number
  readonly bytes: Uint8Array
}

/** Room for a table; 0 for none. Throws BAD_OPTION if it does not fit, naming the option to raise. */
export function reserve(space: RangeAllocator, bytes: number, what: string, option: 'coreMemory' | 'memory'): number {
  if (bytes === 0) return 0
  const start = space.allocate(bytes)
  if (start === undefined) throw new SkepError('BAD_OPTION', `${what}: ${bytes} bytes do not fit; raise '${option}'`)
  return start
}

/** An array of at most `most`. */
export function list<T>(given: readonly T[] | undefined, name: string, most: number): readonly T[] {
  const all = given ?? []
  if (!Array.isArray(all) || all.length > most)
    throw new SkepError(
      'BAD_OPTION',
      `${name}: expected a list of at most ${most}, got ${Array.isArray(all) ? all.length : show(all)}`,
    )
  return all
}

/** A record that has no other fields than these. */
export function fields<T extends object>(given: T, names: OptionNames<T>, place: string): T {
  refuseUnknown(given, names, place)
  return given
}

/** A number that is written without sign, leading zero or exponent, so that each has one spelling. */
export function wholeNumber(text: string, place: string, low: number, high: number): number {
  return number(/^(0|[1-9][0-9]*)$/.test(text) ? Number(text) : NaN, place, low, high)
}

export function number(value: number, place: string, low: number, high: number): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value
  throw new SkepError('BAD_OPTION', `${place}: expected a whole number from ${low} to ${high}, got ${show(value)}`)
}

export function linkAddress(text: string, place: string): Uint8Array {
  if (typeof text === 'string' && /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text))
    return Uint8Array.from(text.split(':'), (byte) => parseInt(byte, 16))
  throw new SkepError('BAD_OPTION', `${place}: expected six bytes like '02:00:00:00:00:01', got ${show(text)}`)
}

export function addressOf(text: string, place: string): Address {
  if (typeof text !== 'string') return badAddress(text, place)
  const { isIPv4, isIPv6 } = net()
  if (isIPv4(text)) return { family: AF_INET, bytes: Uint8Array.from(text.split('.'), Number) }
  if (isIPv6(text) && !text.includes('%')) return { family: AF_INET6, bytes: ipv6Bytes(text) }
  return badAddress(text, place)
}

function badAddress(given: unknown, place: string): never {
  throw new SkepError('BAD_OPTION', `${place}: expected an address of IPv4 or IPv6, got ${show(given)}`)
}

/** `text` is an address of IPv6; its last four bytes may be written as one of IPv4. */
function ipv6Bytes(text: string): Uint8Array {
  const groups = (part: string): number[] =>
    part === ''
      ? []
      : part.split(':').flatMap((group) => {
          if (group.includes('.')) return group.split('.').map(Number)
          const word = parseInt(group, 16)
          return [word >> 8, word & 0xff]
        })
  const [before = '', after] = text.split('::')
  const first = groups(before)
  const last = groups(after ?? '')
  const bytes = new Uint8Array(16)
  bytes.set(first)
  bytes.set(last, 16 - last.length)
  return bytes
}

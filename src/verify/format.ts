// The format of bpf_snprintf, which the kernel looks at before a program is loaded: it must be a constant of the
// object, and one that bpf_bprintf_prepare takes.
import type { MapSpec } from '../object/spec.js'
import { invalid, type Complaint } from './refusal.js'
import { isConstant } from './scalar.js'
import type { Value } from './value.js'

const SPECIFIER = /^[0+\- ]*(?:[1-9][0-9]*)?(.*)$/s
/** Behind a string or a plain pointer: the end, a space or punctuation, of Latin 1. */
const END = '(?:$|[\\t-\\r !-/:-@\\[-`{-~\\xa0-\\xbf\\xd7\\xf7])'
const POINTER = new RegExp(`^p(?:${END}|[KxsSB]|[iI][46])`)
const STRING = new RegExp(`^(?:s|p[ku]s)${END}`)
const STRING_START = /^(?:s|p[ku]s)/
const NUMBER = /^l{0,2}[iduxX]/

/** True if the kernel takes the format for that many values. */
function isFormat(text: string, values: number): boolean {
  let used = 0
  for (let at = 0; at < text.length; at++) {
    const byte = text.charCodeAt(at)
    if (byte === 127 || (byte < 32 && !(byte >= 9 && byte <= 13))) return false
    if (text[at] !== '%') continue
    at++
    if (text[at] === '%') continue
    if (used === values) return false
    used++
    const rest = SPECIFIER.exec(text.slice(at))?.[1] ?? ''
    if (
      STRING_START.test(rest) ? !STRING.test(rest) : !(POINTER.test(rest) || rest.startsWith('c') || NUMBER.test(rest))
    )
      return false
  }
  return true
}

/** What is wrong with the arguments of bpf_snprintf, as far as they are known: r3 is the format, r5 bytes of values. */
export function formatComplaint(
  maps: ReadonlyMap<string, MapSpec>,
  registers: readonly Value[],
): Complaint | undefined {
  const format = registers[3]
  const bytes = registers[5]
  if (format?.is !== 'value' || format.min !== format.max || bytes?.is !== 'scalar' || !isConstant(bytes))
    return undefined
  const { section, contents } = maps.get(format.map) ?? {}
  if (!section?.startsWith('.rodata') || !contents) return undefined
  const end = contents.indexOf(0, format.min)
  if (format.min < 0 || end < 0) return invalid('string is not zero-terminated')
  const text = Buffer.from(contents.subarray(format.min, end)).toString('latin1')
  return isFormat(text, Math.floor(bytes.min / 8)) ? undefined : invalid('Invalid format string')
}

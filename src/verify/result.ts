// What a callback may return, in the words of the kernel's verifier. A range that is less than the kernel would know is
// an error only if no value in it is allowed.
import { access, invalid, type Complaint } from './refusal.js'
import { LOOSE, waysOf } from './scalar.js'
import type { CallbackRule } from './signatures.js'
import { typeName, type Value } from './value.js'

/** What is wrong with r0 at the end of a callback. */
export function returnComplaint({ kind, most }: CallbackRule, value: Value): Complaint | undefined {
  const asynchronous = kind === 'timer' || kind === 'work'
  const where = asynchronous ? 'At async callback return' : 'At callback return'
  if (value.is === 'unknown') return undefined
  if (value.is !== 'scalar')
    return asynchronous
      ? invalid(`${where} the register R0 is not a known value (${typeName(value)})`)
      : access('R0 not a scalar value')
  const never = value.min > most || value.max < 0
  if (value.precision === LOOSE && !never) return undefined
  const wrong = waysOf(value).find(([min, max]) => min < 0 || max > most)
  if (!wrong) return undefined
  const [min, max] = wrong
  const range = `${min === -Infinity ? '' : ` smin=${min}`}${max === Infinity ? '' : ` smax=${max}`}`
  return invalid(`${where} the register R0 has${range || ' unknown scalar value'} should have been in [0, ${most}]`)
}

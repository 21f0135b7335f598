// Numbers in registers as ranges: a signed 64-bit value between `min` and `max`. Bounds are plain numbers of at most
// 2^53 - 1, where arithmetic is exact; what lies further out is -Infinity or Infinity, read as "anything that way".
// Invariant: the concrete value is always inside. Proofs rest on it; words about returned values rest on `precision`.
import type { Instruction } from '../isa/decode.js'

/**
 * How well a range tells what the kernel would know: exactly (to the kernel each number of it may occur, whatever else
 * is known), joined from several ways or with numbers left out, or less than it.
 */
export const EXACT = 0
const JOINED = 1
export const LOOSE = 2

export interface Scalar {
  readonly is: 'scalar'
  readonly min: number
  readonly max: number
  readonly precision: number
  /** The ranges of the ways that met here, where they are few. */
  readonly ways?: readonly (readonly [min: number, max: number])[]
}

const LIMIT = Number.MAX_SAFE_INTEGER
const U32 = 2 ** 32
const MOST_WAYS = 4

/** A fresh scalar: two registers that share one object are known to hold the same number. */
export function scalar(min = -Infinity, max = Infinity, precision = EXACT): Scalar {
  const low = min < -LIMIT ? -Infinity : min
  const high = max > LIMIT ? Infinity : max
  return { is: 'scalar', min: low, max: high, precision }
}

export function constant(value: number): Scalar {
  return scalar(value, value)
}

/** A 64-bit constant; beyond the exact numbers only that it is a number. */
export function wideConstant(value: bigint): Scalar {
  const signed = Number(BigInt.asIntN(64, value))
  return Math.abs(signed) <= LIMIT ? constant(signed) : scalar(-Infinity, Infinity, LOOSE)
}

/** One of which the kernel may know more, by what it finds out about another number. */
export function joinedScalar(value: Scalar): Scalar {
  return { ...value, precision: Math.max(value.precision, JOINED) }
}

export function isConstant({ min, max }: Scalar): boolean {
  return min === max
}

/** What is left of two ways; `a` itself if `b` adds nothing to it. */
export function joinScalars(a: Scalar, b: Scalar): Scalar {
  const precision = Math.max(a.precision, b.precision)
  if (a.min === b.min && a.max === b.max) return precision === a.precision ? a : { ...a, precision }
  const joined = scalar(Math.min(a.min, b.min), Math.max(a.max, b.max), Math.max(precision, JOINED))
  const ways = [...waysOf(a)]
  for (const way of waysOf(b)) if (!ways.some(([min, max]) => min <= way[0] && max >= way[1])) ways.push(way)
  const isOld = joined.min === a.min && joined.max === a.max && joined.precision === a.precision
  if (isOld && ways.length === waysOf(a).length) return a
  return ways.length <= MOST_WAYS ? { ...joined, ways } : joined
}

export function waysOf(value: Scalar): readonly (readonly [min: number, max: number])[] {
  return value.ways ?? [[value.min, value.max]]
}

/** The value of the lower 32 bits, zero-extended. */
function low32(value: Scalar): Scalar {
  if (value.min >= 0 && value.max < U32) return value
  if (isConstant(value)) return { ...constant(value.min >>> 0), precision: value.precision }
  return scalar(0, U32 - 1, value.min === -Infinity && value.max === Infinity ? value.precision : LOOSE)
}

/** Result of an arithmetic instruction whose operands are numbers; `operand` is the second one. */
export function arithmetic({ form }: Instruction, dst: Scalar, operand: Scalar): Scalar {
  const { operation, width, narrow } = form
  if (operation === 'mov') return width === 64 ? operand : low32(operand)
  if (operation === 'movsx') return signExtended(operand, narrow, width)
  const a = width === 64 ? dst : low32(dst)
  const b = width === 64 ? operand : low32(operand)
  const precision = Math.max(a.precision, b.precision)
  const folded = isConstant(a) && isConstant(b) ? fold(operation, a.min, b.min, width) : undefined
  if (folded) return { ...folded, precision: Math.max(precision, folded.precision) }
  const result = ranged(operation, a, b, width)
  if (width === 64) return { ...result, precision: Math.max(precision, result.precision) }
  return { ...low32(result), precision: Math.max(precision, result.min < 0 ? LOOSE : result.precision) }
}

function signExtended(value: Scalar, bits: number, width: number): Scalar {
  const half = 2 ** (bits - 1)
  const fits = value.min >= -half && value.max < half
  const extended = fits ? value : scalar(-half, half - 1, isUnknown(value) ? value.precision : LOOSE)
  return width === 64 ? extended : low32(extended)
}

function isUnknown({ min, max }: Scalar): boolean {
  return min === -Infinity && max === Infinity
}

/** Both operands known: exactly what the machine computes. */
function fold(operation: string, first: number, second: number, width: number): Scalar | undefined {
  if (width === 64 && (operation === 'add' || operation === 'sub')) {
    const sum = operation === 'add' ? first + second : first - second
    if (Math.abs(sum) <= LIMIT) return constant(sum)
  }
  const a = BigInt.asUintN(width, BigInt(first))
  const b = BigInt.asUintN(width, BigInt(second))
  const shift = b & BigInt(width - 1)
  const signed = (value: bigint): bigint => BigInt.asIntN(width, value)
  const result = ((): bigint | undefined => {
    switch (operation) {
      case 'add':
        return a + b
      case 'sub':
        return a - b
      case 'mul':
        return a * b
      case 'div':
        return b === 0n ? 0n : a / b
      case 'mod':
        return b === 0n ? a : a % b
      case 'sdiv':
        return b === 0n ? 0n : signed(a) / signed(b)
      case 'smod':
        return b === 0n ? a : signed(a) % signed(b)
      case 'or':
        return a | b
      case 'and':
        return a & b
      case 'xor':
        return a ^ b
      case 'lsh':
        return a << shift
      case 'rsh':
        return a >> shift
      case 'arsh':
        return signed(a) >> shift
      case 'neg':
        return -a
      default:
        return undefined
    }
  })()
  return result === undefined ? undefined : wideConstant(BigInt.asUintN(width, result))
}

const bounded = ({ min, max }: Scalar): boolean => min !== -Infinity && max !== Infinity

/** Nothing is known, by the kernel neither. */
export function isAny(value: Scalar): boolean {
  return value.precision === EXACT && (isUnknown(value) || (value.min === 0 && value.max === U32 - 1))
}

/** No claim but that it is a number, of which the kernel knows some bits. */
const SOME_BITS = scalar(-Infinity, Infinity, LOOSE)

/** No claim but that it is a number. Less than the kernel knows if an operand was bounded. */
function lost(a: Scalar, b: Scalar): Scalar {
  return scalar(-Infinity, Infinity, isUnknown(a) && (isUnknown(b) || isConstant(b)) ? EXACT : LOOSE)
}

function ranged(operation: string, a: Scalar, b: Scalar, width: number): Scalar {
  const c = isConstant(b) ? b.min : undefined
  switch (operation) {
    case 'add':
      return bounded(a) && bounded(b) ? within(a.min + b.min, a.max + b.max) : lost(a, b)
    case 'sub':
      return bounded(a) && bounded(b) ? within(a.min - b.max, a.max - b.min) : lost(a, b)
    case 'neg':
      return bounded(a) ? within(-a.max, -a.min) : lost(a, a)
    case 'mul': {
      if (!bounded(a) || !bounded(b)) return SOME_BITS
      const products = [a.min * b.min, a.min * b.max, a.max * b.min, a.max * b.max]
      return joinedScalar(within(Math.min(...products), Math.max(...products)))
    }
    case 'and':
      // The lowest bits of anything are any number of so many bits, to the kernel as well.
      if (c !== undefined && c > 0 && ones(c) === c && isAny(a)) return scalar(0, Math.min(c, a.max))
      // Of anything else the kernel may know which bits are 0.
      if (b.min >= 0 || a.min >= 0) {
        const most = Math.min(b.min >= 0 ? b.max : Infinity, a.min >= 0 ? a.max : Infinity)
        return scalar(0, most, isAny(a) ? JOINED : LOOSE)
      }
      return SOME_BITS
    case 'or':
    case 'xor':
      if (a.min < 0 || b.min < 0 || !bounded(a) || !bounded(b)) return SOME_BITS
      return scalar(operation === 'or' ? Math.max(a.min, b.min) : 0, ones(Math.max(a.max, b.max)), LOOSE)
    case 'lsh':
      if (c === undefined || !bounded(a)) return SOME_BITS
      return joinedScalar(within(a.min * 2 ** (c & (width - 1)), a.max * 2 ** (c & (width - 1))))
    case 'rsh': {
      if (c === undefined) return lost(a, b)
      const shift = c & (width - 1)
      if (shift === 0) return a
      const precision = isAny(a) ? EXACT : JOINED
      if (a.min >= 0) return scalar(Math.floor(a.min / 2 ** shift), Math.floor(a.max / 2 ** shift), precision)
      return scalar(0, 2 ** (width - shift) - 1, precision)
    }
    case 'arsh': {
      if (c === undefined || width !== 64) return scalar(-Infinity, Infinity, LOOSE)
      const shift = c & 63
      const low = a.min === -Infinity ? -(2 ** 63) : a.min
      const high = a.max === Infinity ? 2 ** 63 : a.max
      return scalar(Math.floor(low / 2 ** shift), Math.floor(high / 2 ** shift), JOINED)
    }
    case 'div':
      if (c === undefined || c <= 0 || a.min < 0) return lost(a, b)
      return scalar(Math.floor(a.min / c), Math.floor(a.max / c), JOINED)
    case 'mod':
      if (c === undefined || c <= 0) return lost(a, b)
      return a.min >= 0 && a.max < c ? a : scalar(0, c - 1, JOINED)
    default:
      return scalar(-Infinity, Infinity, LOOSE)
  }
}

/** Sums and products that may leave the exact numbers may have wrapped: then nothing is known. */
function within(min: number, max: number): Scalar {
  return min < -LIMIT || max > LIMIT ? scalar(-Infinity, Infinity, LOOSE) : scalar(min, max)
}

/** The smallest 2^n - 1 that is not below. */
function ones(value: number): number {
  let result = 1
  while (result - 1 < value) result *= 2
  return result - 1
}

/**
 * `value` where the comparison with a constant holds (or does not): undefined if it cannot. `width` 32 compares the
 * lower halves. What cannot be used leaves the range as it is, but loose: the kernel may know more.
 */
export function narrowed(
  value: Scalar,
  comparison: string,
  against: number,
  width: number,
  holds: boolean,
): Scalar | undefined {
  if (isConstant(value)) return compares(value.min, comparison, against, width) === holds ? value : undefined
  const operation = holds ? comparison : (OPPOSITE.get(comparison) ?? comparison)
  const isWhole = value.min >= 0 && value.max < (operation.startsWith('s') ? 2 ** 31 : U32)
  if (width === 32 && !isWhole) return { ...value, precision: LOOSE }
  const c = width === 64 ? against : operation.startsWith('s') ? against | 0 : against >>> 0
  return rangeWhere(value, operation, c)
}

/**
 * `value` where the comparison with some number of a range holds (or does not): undefined if it cannot with any of
 * them. Always loose, for the kernel may know more.
 */
export function narrowedBy(
  value: Scalar,
  comparison: string,
  against: Scalar,
  width: number,
  holds: boolean,
): Scalar | undefined {
  const operation = holds ? comparison : (OPPOSITE.get(comparison) ?? comparison)
  const isWhole = ({ min, max }: Scalar): boolean => min >= 0 && max < (operation.startsWith('s') ? 2 ** 31 : U32)
  const loose = { ...value, precision: LOOSE }
  if (width === 32 && !(isWhole(value) && isWhole(against))) return loose
  const { min, max } = against
  switch (operation) {
    case 'eq':
      return cut(loose, min, max)
    case 'lt':
    case 'le':
      return min >= 0 ? rangeWhere(loose, operation, max) : loose
    case 'slt':
    case 'sle':
      return rangeWhere(loose, operation, max)
    case 'gt':
    case 'ge':
    case 'sgt':
    case 'sge':
      return rangeWhere(loose, operation, min)
    default:
      return loose
  }
}

/** Two constants, compared as the machine does. */
function compares(one: number | bigint, comparison: string, other: number, width: number): boolean {
  const isSigned = /^s[gl]/.test(comparison)
  const bits = isSigned ? BigInt.asIntN : BigInt.asUintN
  const a = bits(width, BigInt(one))
  const b = bits(width, BigInt(other))
  switch (isSigned ? comparison.slice(1) : comparison) {
    case 'eq':
      return a === b
    case 'ne':
      return a !== b
    case 'gt':
      return a > b
    case 'ge':
      return a >= b
    case 'lt':
      return a < b
    case 'le':
      return a <= b
    default:
      return (a & b) !== 0n
  }
}

/** Whether the kernel is as undecided about both ways of a comparison with a constant as narrowed() is. */
export function isUndecidedAlike(value: Scalar, comparison: string, against: number, width: number): boolean {
  const isFollowed = (holds: boolean): boolean =>
    narrowed(value, comparison, against, width, holds)?.precision !== LOOSE
  if (isAny(value)) return mayHoldOrNot(value, comparison, against, width)
  return value.precision === EXACT && isFollowed(true) && isFollowed(false)
}

/** Of a number of 64 bits, or of 32, of which nothing is known: `x > -1`, unsigned, never holds, nor does `x & 0`. */
function mayHoldOrNot(value: Scalar, comparison: string, against: number, width: number): boolean {
  // Nearly all comparisons.
  if (against > 0 && against < 2 ** 31 - 1) return true
  const bits = width === 64 && isUnknown(value) ? 64 : 32
  const ends = [0n, 2n ** BigInt(bits) - 1n, 2n ** BigInt(bits - 1), 2n ** BigInt(bits - 1) - 1n]
  const results = [...ends, BigInt.asUintN(bits, BigInt(against))].map((one) =>
    compares(one, comparison, against, width),
  )
  return results.includes(true) && results.includes(false)
}

/** Negations; `set` (a bit test) has none here. */
const OPPOSITE: ReadonlyMap<string, string> = new Map([
  ['eq', 'ne'],
  ['ne', 'eq'],
  ['gt', 'le'],
  ['le', 'gt'],
  ['ge', 'lt'],
  ['lt', 'ge'],
  ['sgt', 'sle'],
  ['sle', 'sgt'],
  ['sge', 'slt'],
  ['slt', 'sge'],
  ['set', 'clear'],
])

function rangeWhere(value: Scalar, operation: string, c: number): Scalar | undefined {
  const { min, max } = value
  switch (operation) {
    case 'eq':
      return cut(value, c, c)
    case 'ne':
      if (min === c && max === c) return undefined
      if (min === c) return cut(value, c + 1, max)
      return max === c ? cut(value, min, c - 1) : { ...value, precision: Math.max(value.precision, JOINED) }
    case 'sgt':
      return cut(value, c + 1, max)
    case 'sge':
      return cut(value, c, max)
    case 'slt':
      return cut(value, min, c - 1)
    case 'sle':
      return cut(value, min, c)
    case 'lt':
      return c >= 0 ? cut(value, 0, c - 1) : { ...value, precision: LOOSE }
    case 'le':
      return c >= 0 ? cut(value, 0, c) : { ...value, precision: LOOSE }
    case 'gt':
      return c >= 0 && min >= 0 ? cut(value, c + 1, max) : { ...value, precision: LOOSE }
    case 'ge':
      return c >= 0 && min >= 0 ? cut(value, c, max) : { ...value, precision: LOOSE }
    default:
      return { ...value, precision: LOOSE }
  }
}

function cut(value: Scalar, low: number, high: number): Scalar | undefined {
  const min = Math.max(value.min, low)
  const max = Math.min(value.max, high)
  if (min > max) return undefined
  if (min === value.min && max === value.max) return value
  // Of joined ranges nobody knows which numbers in between occur.
  return scalar(min, max, value.precision === EXACT ? EXACT : LOOSE)
}

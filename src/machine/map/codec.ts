// Keys and values between JavaScript and bytes. With BTF: plain objects, bigint only for 64-bit integers. Without: a
// number for 1, 2 and 4 bytes, a bigint for 8, else bytes. Bytes are always accepted.
import { SkepError } from '../../error.js'
import type { Btf } from '../../object/btf.js'
import { shapeOf, type Shape } from '../../object/btf-shape.js'

/** Turns one kind of value (the key or the value of a map, a variable) into bytes and back. */
export interface Codec {
  readonly size: number
  decode(bytes: Uint8Array): unknown
  encode(value: unknown): Uint8Array
}

/** `what` names the value in errors: "key of map 'm'". */
export function codec(btf: Btf | undefined, type: number, size: number, what: string): Codec {
  const typed = btf && type !== 0 ? btf : undefined
  const fit = (bytes: Uint8Array): Uint8Array => {
    if (bytes.length !== size)
      throw new SkepError('BAD_VALUE', `${what} has ${size} bytes, got ${bytes.length}`, { expected: size })
    return bytes
  }
  return {
    size,
    decode: (bytes) => (typed ? typed.decode(type, bytes) : decodePlain(bytes)),
    encode(value) {
      if (value instanceof Uint8Array) return fit(value)
      return fit(typed ? withName(what, () => typed.encode(type, value)) : encodePlain(value, size, what))
    },
  }
}

function withName<T>(what: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof SkepError)) throw error
    throw new SkepError(error.code, `${what}: ${error.message}`, error.details, { cause: error })
  }
}

/** Of what JavaScript type the values are that a codec gives. */
export function decodedShape(btf: Btf | undefined, type: number, size: number): Shape {
  if (btf && type !== 0) return shapeOf(btf, type)
  if (size === 8) return { kind: 'bigint' }
  return { kind: size === 1 || size === 2 || size === 4 ? 'number' : 'bytes' }
}

function decodePlain(bytes: Uint8Array): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  switch (bytes.length) {
    case 1:
      return view.getUint8(0)
    case 2:
      return view.getUint16(0, true)
    case 4:
      return view.getUint32(0, true)
    case 8:
      return view.getBigUint64(0, true)
    default:
      return bytes
  }
}

function encodePlain(value: unknown, size: number, what: string): Uint8Array {
  const scalar = size === 1 || size === 2 || size === 4 || size === 8
  const integer = typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))
  if (!scalar || !integer)
    throw new SkepError(
      'BAD_VALUE',
      `${what} has no type information: pass ${scalar ? 'an integer or ' : ''}${size} bytes`,
    )
  const wide = BigInt(value as number | bigint)
  const bits = BigInt(8 * size)
  if (wide >= 1n << bits || wide < -(1n << (bits - 1n)))
    throw new SkepError('BAD_VALUE', `${what} has ${size} bytes; ${wide} does not fit`)
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, wide), true)
  return bytes.subarray(0, size)
}

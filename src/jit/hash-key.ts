// The key of a lookup in a hash map, read once into locals, and its order word as core/map/record.ts (orderOf, hashOf)
// makes it: the key itself up to 8 bytes, else a hash of its words. Called by hash-lookup.ts.
import { FRAME_BYTES } from '../../core/abi.js'
import { I32, I64, op } from './encoder.js'
import type { FunctionEmitter } from './function.js'
import type { HashShape } from './link.js'
import { checkKey } from './lookups.js'

/** Longest key that is read in place. */
export const LONGEST_KEY = 64

/** The factor of `mix` in core/map/record.ts. */
const FACTOR = BigInt.asIntN(64, 0x9e3779b97f4a7c15n)

/** Local of a word of a long key. */
export function keyWord(f: FunctionEmitter, word: number): number {
  return f.local(`key ${word}`, I64)
}

/** Words of a long key, the last one padded with zeros; 0 for keys that their order word identifies. */
export function longWords({ keyBytes }: HashShape): number {
  return keyBytes > 8 ? Math.ceil(keyBytes / 8) : 0
}

/**
 * Pushes the order word of the key that r2 points to; `frame`: where it lies in the frame, if it does. A long key's
 * words are in keyWord() afterwards. Faults as the helper does if the key is not in the guest window.
 */
export function pushOrder(f: FunctionEmitter, shape: HashShape, frame: number | undefined): void {
  const { keyBytes } = shape
  const inFrame = frame !== undefined && frame >= -FRAME_BYTES && frame + keyBytes <= 0
  const base = inFrame ? f.bottom : f.local('key address', I32)
  const offset = inFrame ? FRAME_BYTES + frame : f.context.guestBase
  if (!inFrame) {
    checkKey(f, keyBytes)
    f.set(base)
  }
  if (keyBytes <= 8) return pushBytes(f, base, offset, keyBytes)
  for (let word = 0; word < longWords(shape); word += 1) {
    pushBytes(f, base, offset + 8 * word, Math.min(8, keyBytes - 8 * word))
    f.set(keyWord(f, word))
  }
  pushHash(f, shape)
}

/** At most 8 bytes of memory as a number. */
function pushBytes(f: FunctionEmitter, base: number, offset: number, bytes: number): void {
  let done = 0
  for (const [width, load] of LOADS)
    while (bytes - done >= width) {
      f.get(base).op(load)
      f.code.u32(0).u32(offset + done)
      if (done > 0) f.const64(8 * done).op(op.i64_shl, op.i64_or)
      done += width
    }
}

const LOADS = [
  [8, op.i64_load],
  [4, op.i64_load32_u],
  [2, op.i64_load16_u],
  [1, op.i64_load8_u],
] as const

/** Two chains side by side: whole words take turns, bytes at the end belong to the second one. */
function pushHash(f: FunctionEmitter, { keyBytes, seed }: HashShape): void {
  const first = (BigInt(seed) << 32n) ^ BigInt(keyBytes)
  const chains = [f.local('chain 0', I64), f.local('chain 1', I64)] as const
  const begun = [false, false]
  for (let word = 0; 8 * word < keyBytes; word += 1) {
    const which = 8 * word + 8 > keyBytes ? 1 : word & 1
    const start = which === 0 ? first : ~first
    if (begun[which]) f.get(chains[which]!)
    else f.const64(BigInt.asIntN(64, start))
    begun[which] = true
    f.get(keyWord(f, word)).op(op.i64_xor)
    pushMixed(f)
    f.set(chains[which]!)
  }
  f.get(chains[0])
  if (begun[1]) f.get(chains[1])
  else f.const64(BigInt.asIntN(64, ~first))
  f.const64(32).op(op.i64_rotl, op.i64_xor)
  pushMixed(f)
}

/** Spreads the bits of the number on the stack. */
function pushMixed(f: FunctionEmitter): void {
  const product = f.local('product', I64)
  f.const64(FACTOR).op(op.i64_mul).tee(product).get(product).const64(32).op(op.i64_shr_u, op.i64_xor)
}

// Lookups in a plain hash map that is known when the program is compiled, with keys of 4 or 8 bytes: the first step of the
// walk in place, as core/map/find.ts (findAtHead) takes it, with the map's own numbers as constants. Four of five
// lookups end there; whatever is not decided by it (a longer walk, a change under way) is left to the helper. Reads only.
// Called by call.ts.
import { FRAME_BYTES } from '../../core/abi.js'
import { RECORD_LINK, RECORD_MARK, RECORD_NEXT, RECORD_ORDER } from '../../core/layout.js'
import { I32, I64, VOID, atomicOp, op } from './encoder.js'
import type { FunctionEmitter } from './function.js'
import type { HashShape } from './link.js'
import { checkKey } from './lookups.js'

/** bpf_map_lookup_elem; `key`: where it lies in the frame, if it does; `helper`: the import that does it all. */
export function emitHashLookup(f: FunctionEmitter, shape: HashShape, key: number | undefined, helper: number): void {
  const wanted = f.local('key', I64)
  const bucket = f.local('bucket', I32)
  const word = f.local('link', I64)
  const at = f.local('at', I32)
  const current = f.local('current', I32)
  const place = f.local('order', I64)
  const its = f.local('record', I64)
  const load = (address: number, offset: number): FunctionEmitter => {
    f.get(address).op(op.atomic, atomicOp.load[64])
    f.code.u32(3).u32(offset)
    return f
  }

  pushKey(f, shape.keyBytes, key)
  f.tee(wanted)
  if (shape.mask === 0) f.op(op.drop).const32(0)
  else
    f.const64(BigInt.asIntN(64, shape.multiplier)).op(op.i64_mul).const64(shape.shift).op(op.i64_shr_u, op.i32_wrap_i64)
  f.const32(3).op(op.i32_shl).set(bucket)
  load(bucket, shape.buckets).tee(word).op(op.i32_wrap_i64).const32(RECORD_NEXT).op(op.i32_and).tee(current)
  // Labels from here: 0 goes to the helper, 1 has the answer.
  f.op(op.i32_eqz, op.if, I64).const64(0).op(op.else, op.block, VOID)
  f.get(current).const32(shape.recordBytes).op(op.i32_mul).set(at)
  const records = shape.records - shape.recordBytes
  load(at, records + RECORD_LINK).set(its)
  load(at, records + RECORD_ORDER).set(place)
  // The same word again: the record was linked here all that time, so it was not another element's meanwhile.
  load(bucket, shape.buckets).get(word).op(op.i64_xor)
  f.get(its).const64(RECORD_MARK).op(op.i64_and, op.i64_or, op.i64_eqz, op.i32_eqz, op.br_if)
  f.code.u32(0)
  f.get(place).get(wanted).op(op.i64_lt_u, op.br_if)
  f.code.u32(0)
  f.get(current).const32(shape.stride).op(op.i32_mul)
  f.const32(shape.values - shape.stride).op(op.i32_add, op.i64_extend_i32_u)
  f.const64(0).get(place).get(wanted).op(op.i64_eq, op.select, op.br)
  f.code.u32(1)
  f.op(op.end)
  f.getRegister(1).getRegister(2).op(op.call)
  f.code.u32(helper)
  f.op(op.end)
  f.setRegister(0)
}

function pushKey(f: FunctionEmitter, bytes: 4 | 8, key: number | undefined): void {
  let offset = f.context.guestBase
  if (key !== undefined && key >= -FRAME_BYTES && key + bytes <= 0) {
    f.get(f.bottom)
    offset = FRAME_BYTES + key
  } else checkKey(f, bytes)
  f.op(bytes === 4 ? op.i64_load32_u : op.i64_load)
  f.code.u32(0).u32(offset)
}

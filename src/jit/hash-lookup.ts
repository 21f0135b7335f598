// Lookups in a hash map that is known when the program is compiled: the walk in place, as core/map/find.ts takes it,
// with the map's own numbers as constants. It makes the very reads of shared memory that `find` makes, in their order,
// and believes what it read on the same grounds. Whatever is rare is left to the helper, which begins anew: a change of
// the list under way, an element that is leaving it, two long keys of one hash, a walk of more than STEPS elements.
// Per-CPU maps answer this CPU's value; maps that evict note the use as core/map/lru.ts does (markReferenced). Called
// by call.ts.
import {
  BUCKET_LINE,
  BUCKET_LINE_BITS,
  RECORD_KEY,
  RECORD_LINK,
  RECORD_MARK,
  RECORD_NEXT,
  RECORD_ORDER,
} from '../../core/layout.js'
import { I32, I64, VOID, atomicOp, op } from './encoder.js'
import type { FunctionEmitter } from './function.js'
import { keyWord, longWords, pushOrder } from './hash-key.js'
import type { HashShape } from './link.js'

/** Elements that the walk looks at before it leaves the rest to the helper. */
const STEPS = 8

/** bpf_map_lookup_elem; `key`: where it lies in the frame, if it does; `helper`: the import that does it all. */
export function emitHashLookup(f: FunctionEmitter, shape: HashShape, key: number | undefined, helper: number): void {
  const wanted = f.local('key', I64)
  const link = f.local('link', I32)
  const word = f.local('word', I64)
  const current = f.local('current', I32)
  const record = f.local('record', I32)
  const its = f.local('its', I64)
  const place = f.local('order', I64)
  const left = f.local('steps', I32)
  const load = (address: number, offset: number): FunctionEmitter => {
    f.get(address).op(op.atomic, atomicOp.load[64])
    f.code.u32(3).u32(offset)
    return f
  }
  const branch = (opcode: number, label: number): void => {
    f.op(opcode)
    f.code.u32(label)
  }

  pushOrder(f, shape, key)
  f.set(wanted)
  pushBucket(f, shape, wanted)
  f.tee(link)
  f.op(op.atomic, atomicOp.load[64])
  f.code.u32(3).u32(RECORD_LINK)
  f.set(word)
  f.const32(STEPS).set(left)
  // Labels within the walk: 0 goes on, 1 has found the key, 2 has found that it is absent, 3 leaves it to the helper.
  f.op(op.block, I64, op.block, VOID, op.block, VOID, op.block, VOID, op.loop, VOID)
  f.get(word).op(op.i32_wrap_i64).const32(RECORD_NEXT).op(op.i32_and).tee(current).op(op.i32_eqz)
  branch(op.br_if, 2)
  f.get(current).const32(shape.recordBytes).op(op.i32_mul)
  f.const32(shape.records - shape.recordBytes)
    .op(op.i32_add)
    .set(record)
  load(record, RECORD_LINK).set(its)
  load(record, RECORD_ORDER).set(place)
  for (let at = 0; at < longWords(shape); at += 1) {
    if (at === 0) f.get(place).get(wanted).op(op.i64_eq, op.if, VOID)
    load(record, RECORD_KEY + 8 * at)
    f.get(keyWord(f, at)).op(op.i64_ne)
    branch(op.br_if, 4)
  }
  if (longWords(shape) > 0) f.op(op.end)
  // The same word again: the record was linked here all that time, so it was not another element's meanwhile.
  load(link, RECORD_LINK).get(word).op(op.i64_xor)
  f.get(its).const64(RECORD_MARK).op(op.i64_and, op.i64_or, op.i64_eqz, op.i32_eqz)
  branch(op.br_if, 3)
  f.get(place).get(wanted).op(op.i64_eq)
  branch(op.br_if, 1)
  f.get(place).get(wanted).op(op.i64_gt_u)
  branch(op.br_if, 2)
  f.get(record).set(link)
  f.get(its).set(word)
  f.get(left).const32(1).op(op.i32_sub).tee(left)
  branch(op.br_if, 0)
  branch(op.br, 3)
  f.op(op.end, op.end)
  if (shape.reference !== undefined) noteUse(f, record, shape.reference)
  pushValue(f, shape, current)
  branch(op.br, 2)
  f.op(op.end).const64(0)
  branch(op.br, 1)
  f.op(op.end)
  f.getRegister(1).getRegister(2).op(op.call)
  f.code.u32(helper)
  f.op(op.end)
  f.setRegister(0)
}

/** Pushes the address of the link of the bucket that keys of an order word belong to. */
function pushBucket(f: FunctionEmitter, { mask, multiplier, shift, buckets }: HashShape, order: number): void {
  if (mask === 0) return void f.const32(buckets)
  f.get(order).const64(BUCKET_LINE_BITS).op(op.i64_shr_u).const64(BigInt.asIntN(64, multiplier)).op(op.i64_mul)
  f.const64(shift).op(op.i64_shr_u, op.i32_wrap_i64)
  f.get(order)
    .op(op.i32_wrap_i64)
    .const32(BUCKET_LINE & mask)
    .op(op.i32_and, op.i32_xor)
  f.const32(3).op(op.i32_shl).const32(buckets).op(op.i32_add)
}

/** Sets the reference mark of a record unless it is set. */
function noteUse(f: FunctionEmitter, record: number, offset: number): void {
  f.get(record).op(op.i32_load, 2)
  f.code.u32(offset)
  f.op(op.i32_eqz, op.if, VOID).get(record).const32(1).op(op.i32_store, 2)
  f.code.u32(offset)
  f.op(op.end)
}

/** Pushes the address of the value of element `current` - 1. */
function pushValue(f: FunctionEmitter, { values, stride, cpuStride }: HashShape, current: number): void {
  f.get(current).const32(stride).op(op.i32_mul)
  f.const32(values - stride).op(op.i32_add)
  if (cpuStride > 0) f.get(f.cpuOffset(cpuStride)).op(op.i32_add)
  f.op(op.i64_extend_i32_u)
}

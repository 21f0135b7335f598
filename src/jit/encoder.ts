// A writer of WebAssembly bytes: numbers in LEB128, names, sized sections. Knows the format, nothing of BPF.

/** Grows by doubling; everything is appended. */
export class ByteWriter {
  #bytes: Uint8Array
  #length = 0

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  #reserve(count: number): void {
    const needed = this.#length + count
    if (needed <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
  }

  byte(value: number): this {
    if (this.#length === this.#bytes.length) this.#reserve(1)
    this.#bytes[this.#length++] = value
    return this
  }

  append(bytes: Uint8Array): this {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  /** Unsigned LEB128, 0 to 2^32 - 1. */
  u32(value: number): this {
    let rest = value >>> 0
    while (rest > 0x7f) {
      this.byte((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    return this.byte(rest)
  }

  /** Signed LEB128 of a 32-bit integer. */
  s32(value: number): this {
    let rest = value | 0
    for (;;) {
      const low = rest & 0x7f
      rest >>= 7
      if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return this.byte(low)
      this.byte(low | 0x80)
    }
  }

  /** Signed LEB128 of a 64-bit integer; the upper half is what counts, so 2^64 - 1 and -1 are the same. */
  s64(value: bigint): this {
    let rest = BigInt.asIntN(64, value)
    if (rest >= -0x80000000n && rest < 0x80000000n) return this.s32(Number(rest))
    for (;;) {
      const low = Number(rest & 0x7fn)
      rest >>= 7n
      if ((rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0)) return this.byte(low)
      this.byte(low | 0x80)
    }
  }

  name(text: string): this {
    const bytes = Buffer.from(text, 'utf8')
    return this.u32(bytes.length).append(bytes)
  }

  /** The declaration of a function's locals behind its parameters. */
  locals(types: readonly ValueType[]): this {
    const runs: { type: ValueType; count: number }[] = []
    for (const type of types) {
      const last = runs[runs.length - 1]
      if (last?.type === type) last.count += 1
      else runs.push({ type, count: 1 })
    }
    this.u32(runs.length)
    for (const { type, count } of runs) this.u32(count).byte(type)
    return this
  }

  /** A section: id, length, contents. Returns the offset of its contents. */
  section(id: number, contents: ByteWriter): number {
    this.byte(id).u32(contents.length)
    const at = this.#length
    this.append(contents.bytes())
    return at
  }

  /** Forgets what was written; the capacity stays. */
  clear(): void {
    this.#length = 0
  }

  /** A view of what was written; valid until the next write. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }
}

/** Value types. */
export const I32 = 0x7f
export const I64 = 0x7e
export type ValueType = typeof I32 | typeof I64
export const FUNCREF = 0x70
/** Block type without a result. */
export const VOID = 0x40

/** Opcodes that the compiler emits, by their names in the WebAssembly specification. */
export const op = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  br_if: 0x0d,
  br_table: 0x0e,
  return: 0x0f,
  call: 0x10,
  call_indirect: 0x11,
  return_call: 0x12,
  return_call_indirect: 0x13,
  drop: 0x1a,
  select: 0x1b,
  local_get: 0x20,
  local_set: 0x21,
  local_tee: 0x22,
  global_get: 0x23,
  i32_load: 0x28,
  i64_load: 0x29,
  i64_load8_s: 0x30,
  i64_load8_u: 0x31,
  i64_load16_s: 0x32,
  i64_load16_u: 0x33,
  i64_load32_s: 0x34,
  i64_load32_u: 0x35,
  i32_store: 0x36,
  i64_store: 0x37,
  i64_store8: 0x3c,
  i64_store16: 0x3d,
  i64_store32: 0x3e,
  i32_const: 0x41,
  i64_const: 0x42,
  i32_eqz: 0x45,
  i32_eq: 0x46,
  i32_ne: 0x47,
  i32_lt_s: 0x48,
  i32_lt_u: 0x49,
  i32_gt_s: 0x4a,
  i32_gt_u: 0x4b,
  i32_le_s: 0x4c,
  i32_le_u: 0x4d,
  i32_ge_s: 0x4e,
  i32_ge_u: 0x4f,
  i64_eqz: 0x50,
  i64_eq: 0x51,
  i64_ne: 0x52,
  i64_lt_s: 0x53,
  i64_lt_u: 0x54,
  i64_gt_s: 0x55,
  i64_gt_u: 0x56,
  i64_le_s: 0x57,
  i64_le_u: 0x58,
  i64_ge_s: 0x59,
  i64_ge_u: 0x5a,
  i32_add: 0x6a,
  i32_sub: 0x6b,
  i32_mul: 0x6c,
  i32_div_s: 0x6d,
  i32_div_u: 0x6e,
  i32_rem_s: 0x6f,
  i32_rem_u: 0x70,
  i32_and: 0x71,
  i32_or: 0x72,
  i32_xor: 0x73,
  i32_shl: 0x74,
  i32_shr_s: 0x75,
  i32_shr_u: 0x76,
  i32_rotl: 0x77,
  i32_rotr: 0x78,
  i64_add: 0x7c,
  i64_sub: 0x7d,
  i64_mul: 0x7e,
  i64_div_s: 0x7f,
  i64_div_u: 0x80,
  i64_rem_s: 0x81,
  i64_rem_u: 0x82,
  i64_and: 0x83,
  i64_or: 0x84,
  i64_xor: 0x85,
  i64_shl: 0x86,
  i64_shr_s: 0x87,
  i64_shr_u: 0x88,
  i64_rotl: 0x89,
  i32_wrap_i64: 0xa7,
  i64_extend_i32_s: 0xac,
  i64_extend_i32_u: 0xad,
  i32_extend8_s: 0xc0,
  i32_extend16_s: 0xc1,
  i64_extend8_s: 0xc2,
  i64_extend16_s: 0xc3,
  i64_extend32_s: 0xc4,
  /** Prefix of the atomic instructions. */
  atomic: 0xfe,
} as const

/** Second bytes after `op.atomic`, for i64 values of each width (those below 64 bits zero-extend). */
export const atomicOp = {
  load: { 8: 0x14, 16: 0x15, 32: 0x16, 64: 0x11 },
  store: { 8: 0x1b, 16: 0x1c, 32: 0x1d, 64: 0x18 },
  add: { 32: 0x24, 64: 0x1f },
  and: { 32: 0x32, 64: 0x2d },
  or: { 32: 0x39, 64: 0x34 },
  xor: { 32: 0x40, 64: 0x3b },
  xchg: { 32: 0x47, 64: 0x42 },
  cmpxchg: { 32: 0x4e, 64: 0x49 },
} as const

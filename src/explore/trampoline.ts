// A tiny module whose exported functions have the type of guest functions and call back into JavaScript: function
// tables hold wasm functions only. Its bytes are written here; used where a subject plays programs and callbacks.

/** What a guest function does in a model: its table index, and r1 to r3. */
export type GuestFunction = (index: number, r1: bigint, r2: bigint, r3: bigint) => bigint

const I32 = 0x7f
const I64 = 0x7e

const text = (value: string): number[] => [value.length, ...Buffer.from(value)]
const section = (id: number, bytes: number[]): number[] => [id, ...unsigned(bytes.length), ...bytes]

function unsigned(value: number): number[] {
  const bytes: number[] = []
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128)
  return [...bytes, value]
}

function signed(value: number): number[] {
  const bytes: number[] = []
  for (; value > 63; value >>>= 7) bytes.push((value & 127) | 128)
  return [...bytes, value]
}

/** Functions of type (i64, i64, i64, i64, i64, i32) -> i64; number i calls `call(first + i, r1, r2, r3)`. */
export function trampolines(count: number, first: number, call: GuestFunction): unknown[] {
  const guestType = [0x60, 6, I64, I64, I64, I64, I64, I32, 1, I64]
  const callType = [0x60, 4, I32, I64, I64, I64, 1, I64]
  const bodies: number[] = []
  const exported: number[] = []
  for (let i = 0; i < count; i++) {
    const code = [0, 0x41, ...signed(first + i), 0x20, 0, 0x20, 1, 0x20, 2, 0x10, 0, 0x0b]
    bodies.push(...unsigned(code.length), ...code)
    exported.push(...text(`f${i}`), 0, ...unsigned(i + 1))
  }
  const bytes = new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [2, ...guestType, ...callType]),
    ...section(2, [1, ...text('js'), ...text('call'), 0, 1]),
    ...section(3, [...unsigned(count), ...Array.from({ length: count }, () => 0)]),
    ...section(7, [...unsigned(count), ...exported]),
    ...section(10, [...unsigned(count), ...bodies]),
  ])
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { js: { call } })
  return Array.from({ length: count }, (_, i) => exports[`f${i}`] as unknown)
}

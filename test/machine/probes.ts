// The object of small programs that the tests of this folder load, and what its syscall programs are asked with.
import { readFileSync } from 'node:fs'

/** dist/test/machine → test/machine. */
export const probes = readFileSync(new URL('../../../test/machine/probes.bpf.o', import.meta.url))

/** Some of them are wrong on purpose, to see what happens when they run. */
export const unchecked = { checks: false } as const

/** struct request: slot, flags, nanoseconds, result. */
export function request(slot: number, nanoseconds: number | bigint, flags = 0): Uint8Array {
  const bytes = new Uint8Array(24)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, slot, true)
  view.setUint32(4, flags, true)
  view.setBigUint64(8, BigInt(nanoseconds), true)
  return bytes
}

/** The `result` that a program left in its request. */
export function resultOf(ctx: unknown): bigint {
  const bytes = ctx as Uint8Array
  return new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(16, true)
}

export const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer)
export const u64 = (value: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(value).buffer)

/** The fields of struct slot that tests look at. */
export interface Slot {
  fired: bigint
  fired_on: bigint
  fired_at: bigint
}

/** Resolves when `condition` holds; fails after ten seconds. */
export async function eventually(condition: () => Promise<boolean> | boolean, what: string): Promise<void> {
  const end = Date.now() + 10_000
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`never happened: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** For assert.throws and assert.rejects: a SkepError with this code, its message matching. */
export function coded(code: string, message = /./): (error: unknown) => boolean {
  return (error) => {
    const { code: found, message: text } = error as { code?: string; message: string }
    if (found !== code || !message.test(text)) throw new Error(`expected ${code} ${message}, got ${found}: ${text}`)
    return true
  }
}

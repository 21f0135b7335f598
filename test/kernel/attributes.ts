// What a map may be created with: asked of this package's core and of the machine's own kernel.
import assert from 'node:assert/strict'
import { Machine } from '../map/harness.js'
import type { Kernel } from './oracle.js'

/** Type, key size, value size, entries, flags, map_extra. */
export type Attributes = readonly [number, number, number, number, number, number]

/** Both accept each, or answer the same errno. */
export async function createdAlike(kernel: Kernel, all: Iterable<Attributes>): Promise<void> {
  const machine = new Machine({ cpus: 1 })
  const differ: string[] = []
  for (const asked of all) {
    const [type, keySize, valueSize, maxEntries, flags, extra] = asked
    const ours = machine.create({ type, keySize, valueSize, maxEntries, flags, extra })
    const { result } = await kernel.ask('create', ...asked)
    if (Math.min(ours, 0) !== result) differ.push(`${asked.join(' ')}: ${ours}, the kernel says ${result}`)
  }
  assert.deepEqual(differ, [])
}

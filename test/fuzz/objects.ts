// Real object files, damaged: from single bytes up to section headers, symbols, relocations and BTF. Reading and loading
// must end soon, in a loaded object or in an error of ours that says where.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { boot, SkepError } from '../../src/index.js'
import { parseObject } from '../../src/object/read.js'

const MOST_MILLISECONDS = 1000
const HEADER = 64
const root = new URL('../../../', import.meta.url)

interface Range {
  readonly start: number
  readonly end: number
}

interface Original {
  readonly bytes: Uint8Array
  /** The ELF header, every section header and every section's contents. */
  readonly ranges: readonly Range[]
}

function original(path: URL): Original {
  const bytes = new Uint8Array(readFileSync(path))
  const view = new DataView(bytes.buffer)
  const table = Number(view.getBigUint64(0x28, true))
  const ranges: Range[] = [{ start: 0, end: HEADER }]
  for (let index = 0; index < view.getUint16(0x3c, true); index += 1) {
    const at = table + index * HEADER
    ranges.push({ start: at, end: at + HEADER })
    const start = Number(view.getBigUint64(at + 0x18, true))
    const size = Number(view.getBigUint64(at + 0x20, true))
    if (size > 0 && start + size <= bytes.length) ranges.push({ start, end: start + size })
  }
  return { bytes, ranges }
}

const originals: readonly Original[] = ['test/fixtures/', 'test/golden/']
  .flatMap((folder) =>
    readdirSync(new URL(folder, root))
      // A big-endian object is refused by its header, whatever else is in it.
      .filter((name) => name.endsWith('.bpf.o') && name !== 'calls.big.bpf.o')
      .map((name) => new URL(folder + name, root)),
  )
  .map(original)

const damage = fc.record({
  range: fc.nat(),
  at: fc.nat(),
  what: fc.constantFrom('byte', 'byte', 'word', 'word', 'long', 'flip', 'cut', 'zero', 'copy'),
  value: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff), fc.nat(64), fc.nat()),
})

type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never

function apply({ bytes, ranges }: Original, list: readonly Damage[]): Uint8Array {
  let copy = bytes.slice()
  for (const { range, at, what, value } of list) {
    const { start, end } = ranges[range % ranges.length]!
    const place = Math.min(start + (at % (end - start)), copy.length - 1)
    const aligned = place - ((place - start) % 4)
    const view = new DataView(copy.buffer)
    if (what === 'byte') copy[place] = value
    else if (what === 'flip') copy[place]! ^= 1 << (value & 7)
    else if (what === 'word' && aligned + 4 <= copy.length) view.setUint32(aligned, value >>> 0, true)
    else if (what === 'long' && aligned + 8 <= copy.length) view.setBigUint64(aligned, BigInt(value) * 0x10001n, true)
    else if (what === 'zero') copy.fill(0, place, place + (value & 63))
    else if (what === 'copy') copy.copyWithin(place, value % copy.length, (value % copy.length) + 16)
    else if (what === 'cut') copy = copy.slice(0, Math.max(1, place))
  }
  return copy
}

/** How many objects could be read, and loaded, in spite of the damage. */
export const survived = { read: 0, loaded: 0 }

const PLACE = /damaged\.bpf\.o|object '|section|function|map|symbol|program|offset|instruction|type/

function attempt(what: string, work: () => void): boolean {
  const start = performance.now()
  try {
    work()
    return true
  } catch (error) {
    assert.ok(error instanceof SkepError, `${what}: ${error instanceof Error ? error.stack : String(error)}`)
    assert.match(error.message, PLACE, `${what}: an error without a place: ${error.message}`)
    return false
  } finally {
    const took = performance.now() - start
    assert.ok(took < MOST_MILLISECONDS, `${what} took ${Math.round(took)} ms`)
  }
}

/** One damaged object, read and loaded. */
export const objectsAreContained = fc.property(
  fc.nat(originals.length - 1),
  fc.array(damage, { minLength: 1, maxLength: 6 }),
  (which, list) => {
    const bytes = apply(originals[which]!, list)
    let spec: ReturnType<typeof parseObject> | undefined
    if (!attempt('reading', () => (spec = parseObject(bytes, 'damaged.bpf.o')))) return
    survived.read += 1
    using machine = boot.virtual({ memory: '8 MiB' })
    if (attempt('loading', () => void machine.load(spec!))) survived.loaded += 1
  },
)

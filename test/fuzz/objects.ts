// Real object files, damaged: from single bytes up to section headers, symbols, relocations and BTF. Reading and
// loading must end soon, in a loaded object or in an error of ours that says where.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { boot, SkepError, type LocalMachine } from '../../src/index.js'
import { parseObject } from '../../src/object/read.js'
import { structureOf, type Structure } from './structure.js'

/** Of the processor: waiting for it does not count. */
const MOST_MILLISECONDS = 1000
/** What one object may cost in memory of the process, beside the machine. */
const MOST_BYTES = 128 * 1024 * 1024
/**
 * What takes longer is done once more and measured: so much memory takes longer, and the first time may pay for others.
 */
const SUSPICIOUS_MILLISECONDS = 30
/** Objects that one machine sees before the next one: what is closed or refused must leave the machine usable. */
const MACHINE_USES = 200
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
  readonly structure: Structure
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
  return { bytes, ranges, structure: structureOf(bytes) }
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
  what: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('byte', 'byte', 'word', 'word', 'long', 'flip', 'cut', 'zero', 'copy') },
    { weight: 6, arbitrary: fc.constantFrom('field', 'field', 'field', 'near', 'swap', 'cycle') },
  ),
  value: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff), fc.nat(64), fc.nat()),
})

type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never

// One field of a table: another value, a value close to the old one, another field's value; or a cycle of BTF types.
function damageStructure(
  copy: Uint8Array,
  { groups, references }: Structure,
  { range, at, what, value }: Damage,
): void {
  const view = new DataView(copy.buffer)
  if (what === 'cycle') {
    if (references.length === 0) return
    const one = references[range % references.length]!
    const other = references[at % references.length]!
    if (one.at + 4 <= copy.length) view.setUint32(one.at, other.id, true)
    if (value % 2 === 0 && other.at + 4 <= copy.length) view.setUint32(other.at, one.id, true)
    return
  }
  const { fields } = groups[range % groups.length]!
  const field = fields[at % fields.length]!
  const other = fields[value % fields.length]!
  if (Math.max(field.at + field.bytes, other.at + other.bytes) > copy.length) return
  const read = (place: number, bytes: number): bigint => {
    let number = 0n
    for (let byte = 0; byte < bytes; byte += 1) number |= BigInt(copy[place + byte]!) << BigInt(8 * byte)
    return number
  }
  const old = read(field.at, field.bytes)
  const next =
    what === 'near' ? old + BigInt((value % 33) - 16) : what === 'swap' ? read(other.at, other.bytes) : BigInt(value)
  // Small negative numbers as often as big ones: -1 is what many a bound is compared with.
  const written = what === 'field' && value % 7 === 3 ? -next : next
  for (let byte = 0; byte < field.bytes; byte += 1)
    copy[field.at + byte] = Number((written >> BigInt(8 * byte)) & 0xffn)
}

function apply({ bytes, ranges, structure }: Original, list: readonly Damage[]): Uint8Array {
  let copy = bytes.slice()
  for (const one of list) {
    const { range, at, what, value } = one
    if (what === 'field' || what === 'near' || what === 'swap' || what === 'cycle') {
      damageStructure(copy, structure, one)
      continue
    }
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

// True if it worked, false for an error of ours that says where.
function contained(what: string, work: () => void): boolean {
  try {
    work()
    return true
  } catch (error) {
    // Nearly every object comes by here: what a failure says costs more than the case, and is made for one only.
    if (!(error instanceof SkepError)) assert.fail(`${what}: ${error instanceof Error ? error.stack : String(error)}`)
    if (!PLACE.test(error.message)) assert.fail(`${what}: an error without a place: ${error.message}`)
    return false
  }
}

/** CPU time of this process, in ms. */
function spent(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function attempt(what: string, work: () => void): boolean {
  const first = spent()
  const worked = contained(what, work)
  if (spent() - first < SUSPICIOUS_MILLISECONDS) return worked
  const before = process.memoryUsage.rss()
  const start = spent()
  contained(what, work)
  const took = spent() - start
  const grown = process.memoryUsage.rss() - before
  assert.ok(took < MOST_MILLISECONDS, `${what} took ${Math.round(took)} ms`)
  assert.ok(grown < MOST_BYTES, `${what} took ${Math.round(grown / 1024 / 1024)} MiB`)
  return worked
}

let machine: LocalMachine | undefined
let uses = 0

function sharedMachine(): LocalMachine {
  if (machine === undefined || uses >= MACHINE_USES) {
    machine?.close()
    machine = boot.virtual({ memory: '8 MiB' })
    uses = 0
  }
  uses += 1
  return machine
}

/** One damaged object, read, loaded and closed again. */
export const objectsAreContained = fc.property(
  fc.nat(originals.length - 1),
  fc.array(damage, { minLength: 1, maxLength: 6 }),
  (which, list) => {
    const bytes = apply(originals[which]!, list)
    let spec: ReturnType<typeof parseObject> | undefined
    if (!attempt('reading', () => (spec = parseObject(bytes, 'damaged.bpf.o')))) return
    survived.read += 1
    const here = sharedMachine()
    try {
      if (attempt('loading', () => here.load(spec!).close())) survived.loaded += 1
    } catch (error) {
      // The next case starts clean, so that a failure shrinks alone.
      uses = MACHINE_USES
      throw error
    }
  },
)

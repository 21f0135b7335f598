// Scenes (scenes.ts) run on both engines: every run's answer or the place of its fault, and what all maps hold at the
// end.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { boot, SkepError, type LoadedObject, type MapHandle } from '../../src/index.js'
import type { Engine } from '../../src/machine/load/code.js'
import { objectOf } from './scene-code.js'
import { scenes, type Run, type Scene } from './scenes.js'

const BUDGET = 100_000
export const PACKET = Uint8Array.from({ length: 64 }, (_, at) => 0x90 + 3 * at)
const hex = (bytes: unknown): unknown =>
  bytes instanceof Uint8Array ? Buffer.from(bytes).toString('hex') : Array.isArray(bytes) ? bytes.map(hex) : bytes
const word = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer)

/** What came of a scene; `cut`: not all of it can be compared, after a fault or a loop without end. */
export interface Outcome {
  /** Before each run what the host was answered, then the run's answer. */
  runs: unknown[]
  maps?: { others: [name: string, entries: unknown[]][]; [kind: string]: unknown }
  cut: boolean
}

/** What a shared map may be called. */
const handles = ({ maps }: LoadedObject): Record<string, MapHandle> => maps as Record<string, MapHandle>

function before({ host, place, value }: Run, [first, second]: readonly LoadedObject[], programs: number): unknown {
  const { programs: places, cells, ring } = handles(first!)
  switch (host) {
    case 'nothing':
      return undefined
    case 'stand':
      places!.set(place, [first!, second!][value & 1]!.programs[`program ${value % programs}`])
      return undefined
    case 'clear':
      return places!.delete(place)
    case 'cell': {
      cells!.set(word(0), withByte(cells!.getBytes(word(0))!, place, value))
      return undefined
    }
    case 'drain':
      return hex(ring!.drain())
  }
}

/** A key or value as bytes, in hexadecimal; what has no type and at most 8 bytes is a number. */
function raw(what: unknown, size: number): unknown {
  if (Array.isArray(what)) return what.map((one) => raw(one, size))
  if (what instanceof Uint8Array) return hex(what)
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(what as number | bigint)), true)
  return hex(bytes.subarray(0, size))
}

/** The cells with another low byte in one of them. */
export function withByte(cells: Uint8Array, cell: number, value: number): Uint8Array {
  return Uint8Array.from(cells, (byte, at) => (at === 8 * cell ? value : byte))
}

/** All that the maps hold, in one order. */
function contents(object: LoadedObject): NonNullable<Outcome['maps']> {
  const { ring, queue, programs, ...others } = handles(object)
  const values = []
  for (let value = queue!.pop(); value !== undefined; value = queue!.pop()) values.push(hex(value))
  return {
    ring: hex(ring!.drain()),
    queue: values,
    programs: programs!.entries(),
    others: Object.entries(others).map(([name, handle]) => [
      name,
      handle
        .entries()
        .map(([key, value]) => [raw(key, handle.keySize), raw(value, handle.valueSize)])
        .sort(),
    ]),
  }
}

/** Runs a scene on a machine of its own. */
export function outcomeOf(scene: Scene, engine: Engine): Outcome {
  using machine = boot.virtual({ memory: '8 MiB', loopBudget: BUDGET, cpus: 2 })
  const outcome: Outcome = { runs: [], cut: false }
  const options = { engine, checks: false } as const
  const first = machine.load(objectOf(scene), options)
  const objects = [first, machine.load(objectOf(scene), { ...options, maps: handles(first) })]
  for (const run of scene.runs) {
    const { program, second, cpu } = run
    const count = scene.programs.length
    try {
      outcome.runs.push(before(run, objects, count))
      const { retval } = objects[second ? 1 : 0]!.programs[`program ${program % count}`]!.run({ data: PACKET, cpu })
      outcome.runs.push(retval)
    } catch (error) {
      if (!(error instanceof SkepError)) throw error
      const { code, details } = error
      if (!code.startsWith('FAULT_')) throw error
      outcome.runs.push(code === 'FAULT_LOOP_BUDGET' ? [code] : [code, details['function'], details['instruction']])
      // Of the stores before a fault compiled code has left out some: several accesses have one check.
      outcome.cut = true
      return outcome
    }
  }
  outcome.maps = contents(first)
  return outcome
}

/** What the kernel can be asked, too: the answers of the runs, and what these maps hold. */
export function comparable({ runs, maps }: Outcome, names: readonly string[]): unknown {
  return {
    runs: runs.filter((_, at) => at % 2 === 1),
    maps: maps?.others.filter(([name]) => names.includes(name)).map(([name, held]) => [name, held.map(String).sort()]),
  }
}

const ranOut = ({ runs }: Outcome): boolean => (runs.at(-1) as unknown[] | undefined)?.[0] === 'FAULT_LOOP_BUDGET'

/** Scenes so far, and how many of them ended in a fault. */
export const played = { all: 0, faults: 0 }

/** The same answers, places of faults, and contents of all maps at the end. */
export const scenesAgree = fc.property(scenes(), (scene) => {
  const [interpreted, compiled] = [outcomeOf(scene, 'interp'), outcomeOf(scene, 'jit')]
  played.all += 1
  if (interpreted.cut) played.faults += 1
  // The engines count iterations at different places of a loop: which comes first, the budget or another end, may
  // differ.
  if (ranOut(interpreted) || ranOut(compiled)) return
  assert.deepEqual(compiled, interpreted)
})

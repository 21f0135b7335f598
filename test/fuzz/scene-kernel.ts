// Tame scenes (scenes.ts) on the machine's own kernel: lookups, updates, deletes, loops, calls and tail calls must come
// to the same answers and contents of maps as on both engines here.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import * as asm from '../../src/isa/assemble.js'
import type { Kernel } from '../kernel/oracle.js'
import { functionsOf, mapsOf } from './scene-code.js'
import { comparable, outcomeOf, PACKET, withByte } from './scene-runs.js'
import { scenes, type Scene } from './scenes.js'

/** Maps that are compared; the kernel has no others of a tame scene, but for the program array. */
const COMPARED = ['m0', 'm1', 'm2', 'cells']
const SOURCE_MAP = 1
const SOURCE_FUNCTION = 1
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const word = (value: number): string => hex(new Uint8Array(Uint32Array.of(value).buffer))

/** A program with the functions that it calls behind it, maps by their descriptors. */
function linked(scene: Scene, program: string, maps: ReadonlyMap<string, number>): Uint8Array {
  const functions = functionsOf(scene)
  const starts = new Map<string, number>()
  const parts: { start: number; code: Uint8Array; relocations: ReturnType<typeof asm.assemble>['relocations'] }[] = []
  let end = 0
  const place = (name: string): void => {
    if (starts.has(name)) return
    const { code, relocations } = asm.assemble(functions.get(name)!)
    starts.set(name, end)
    parts.push({ start: end, code, relocations })
    end += code.length / 8
    for (const relocation of relocations) if (relocation.kind === 'call') place(relocation.function)
  }
  place(program)
  const all = new Uint8Array(end * 8)
  const view = new DataView(all.buffer)
  for (const { start, code, relocations } of parts) {
    all.set(code, start * 8)
    for (const relocation of relocations) {
      const at = start + relocation.instruction
      const reference = (source: number, value: number): void => {
        all[at * 8 + 1] = (all[at * 8 + 1]! & 15) | (source << 4)
        view.setInt32(at * 8 + 4, value, true)
      }
      if (relocation.kind === 'map') reference(SOURCE_MAP, maps.get(relocation.map)!)
      if (relocation.kind === 'call') reference(SOURCE_FUNCTION, starts.get(relocation.function)! - at - 1)
    }
  }
  return all
}

/**
 * The same as outcomeOf: answers of the runs, then what the maps hold; or the errno of a program that is not let in.
 */
async function onKernel(kernel: Kernel, scene: Scene): Promise<unknown> {
  const ask = (...words: (string | number)[]) => kernel.ask('scene', ...words)
  const maps = new Map<string, number>()
  const contents = async (name: string): Promise<[string, string][]> =>
    (await ask('dump', maps.get(name)!))['entries'] as [string, string][]
  try {
    for (const [name, { type, keySize, valueSize, maxEntries, initial }] of mapsOf(scene)) {
      if (!COMPARED.includes(name) && initial === undefined) continue
      const { result } = await ask('map', type, keySize, valueSize, maxEntries)
      if (result < 0) throw new Error(`map ${name}: errno ${-result}`)
      maps.set(name, result)
    }
    const programs: number[] = []
    for (let at = 0; at < scene.programs.length; at++) {
      const { result } = await ask('program', hex(linked(scene, `program ${at}`, maps)))
      if (result < 0) return result
      programs.push(result)
    }
    for (const [place, program] of scene.standing.entries())
      if (program < programs.length) await ask('set', maps.get('programs')!, word(place), word(programs[program]!))
    const runs: unknown[] = []
    for (const { program, host, place, value } of scene.runs) {
      if (host === 'cell') {
        const [[, cells]] = (await contents('cells')) as [[string, string]]
        await ask('set', maps.get('cells')!, word(0), hex(withByte(Buffer.from(cells, 'hex'), place, value)))
      }
      const answer = await ask('run', programs[program % programs.length]!, hex(PACKET))
      assert.equal(answer.result, 0)
      runs.push(answer['retval'])
    }
    const held = await Promise.all(COMPARED.map(async (name) => [name, (await contents(name)).map(String).sort()]))
    return { runs, maps: held }
  } finally {
    await ask('end')
  }
}

/** Scenes that the kernel was asked, and those whose programs it did not let in. */
export const askedScenes = { accepted: 0, refused: 0 }

export const kernelPlays = (kernel: Kernel): fc.IAsyncPropertyWithHooks<[Scene]> =>
  fc.asyncProperty(scenes(true), async (scene) => {
    const answer = await onKernel(kernel, scene)
    if (typeof answer === 'number') {
      askedScenes.refused += 1
      return
    }
    askedScenes.accepted += 1
    for (const engine of ['jit', 'interp'] as const)
      assert.deepEqual(comparable(outcomeOf(scene, engine), COMPARED), answer, engine)
  })

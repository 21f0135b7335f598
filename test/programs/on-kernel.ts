// The scenarios on this machine's own kernel.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setVariables, type ObjectSpec } from '../../src/index.js'
import { readElf } from '../../src/object/elf.js'
import { parseObject } from '../../src/object/read.js'
import type { Kernel } from '../kernel/oracle.js'
import type { Scenario, Step } from './scenarios.js'
import { FOLDER, hex, mapLines, mapsToShow, runLine, variablesToShow } from './transcript.js'

/** As much of the verifier's log as a message has room for: its end. */
const LOG = 800

/** What a scenario answers on the kernel. Throws if it refuses the object. */
export async function kernelTranscript(kernel: Kernel, scenario: Scenario, file: string): Promise<string[]> {
  const bytes = new Uint8Array(readFileSync(new URL(file, FOLDER)))
  const spec = parseObject(bytes, file)
  setVariables(spec, scenario.variables ?? {})
  // libbpf takes initial values from the file: what was set is written back into its sections.
  for (const { name, bytes: section } of readElf(bytes, file).sections) {
    const contents = [...spec.maps.values()].find((map) => map.section === name)?.contents
    if (contents && section.length > 0) section.data.set(contents.subarray(0, section.length))
  }
  const folder = mkdtempSync(join(tmpdir(), 'programs-'))
  try {
    writeFileSync(join(folder, file), bytes)
    const { result, log, library } = await kernel.load(join(folder, file))
    if (result !== 0)
      throw new Error(`the kernel does not load ${file}: errno ${-result}\n${library}${log.slice(-LOG)}`)
    return await linesOf(kernel, scenario, spec)
  } finally {
    rmSync(folder, { recursive: true })
    await kernel.ask('unload')
  }
}

async function linesOf(kernel: Kernel, scenario: Scenario, spec: ObjectSpec): Promise<string[]> {
  const lines: string[] = []
  for (const step of scenario.steps) lines.push(...(await stepLines(kernel, step)))
  for (const map of mapsToShow(spec)) lines.push(...mapLines(scenario, map, await entries(kernel, map)))
  for (const name of variablesToShow(spec)) lines.push(`${name} = ${hex(await kernel.variable(name))}`)
  return lines
}

async function stepLines(kernel: Kernel, step: Step): Promise<string[]> {
  const lines: string[] = []
  if ('run' in step) {
    await kernel.ask('cpu', step.cpu ?? 0)
    for (const data of step.data ?? [undefined]) {
      const run = await kernel.run(step.run, { ...(data && { data }), ...(step.ctx && { context: step.ctx }) })
      lines.push(runLine(step, data, { retval: run.retval, data: run.data, ctx: run.context }))
    }
  } else if ('set' in step) done(await kernel.set(step.set, step.key, step.value, 0), step)
  else if ('push' in step) done((await kernel.ask('push', step.push, hex(step.value), 0)).result, step)
  else if ('pop' in step) {
    const { result, value } = await kernel.ask('pop', step.pop)
    lines.push(`${step.pop}: ${result === 0 ? String(value) : 'empty'}`)
  } else {
    const { records } = await kernel.ask('records', step.records)
    for (const record of records as string[]) lines.push(`${step.records}: ${record}`)
  }
  return lines
}

function done(result: number, step: Step): void {
  if (result !== 0) throw new Error(`errno ${-result}: ${JSON.stringify(step)}`)
}

async function entries(kernel: Kernel, map: string): Promise<[Uint8Array, Uint8Array][]> {
  const found: [Uint8Array, Uint8Array][] = []
  let key = await kernel.get(map, new Uint8Array(), 'next')
  while (typeof key !== 'number') {
    const value = await kernel.get(map, key)
    if (typeof value !== 'number') found.push([key, value])
    key = await kernel.get(map, key, 'next')
  }
  return found
}

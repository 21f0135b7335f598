// What a figure was taken on, without anything that names a machine or a person.
import { execFileSync } from 'node:child_process'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { readFileSync } from 'node:fs'

export interface MachineDescription {
  cpu: string
  cpus: number
  memoryGiB: number
  system: string
  node: string
  v8: string
  /** First line of `cc --version`. */
  compiler?: string
  governor?: string
  /** Processes that wanted to run in the minute before, this one included. */
  loadBefore: number
  loadAfter?: number
}

export function describeMachine(): MachineDescription {
  const compiler = said('cc', '--version')?.split('\n')[0]
  const governor = read('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor')
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    v8: process.versions.v8,
    ...(compiler ? { compiler } : {}),
    ...(governor ? { governor } : {}),
    loadBefore: loadNow(),
  }
}

export function loadNow(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100
}

/** In one sentence. */
export function machineText(machine: MachineDescription): string {
  const { cpu, cpus, memoryGiB, system, node, v8, compiler, governor, loadBefore, loadAfter } = machine
  return (
    `${cpus} × ${cpu}, ${memoryGiB} GiB, ${system}, Node ${node} (V8 ${v8})` +
    `${compiler ? `, ${compiler}` : ''}${governor ? `, governor ${governor}` : ''}; ` +
    `load ${loadBefore} before${loadAfter === undefined ? '' : `, ${loadAfter} after`} the run`
  )
}

function said(command: string, ...words: string[]): string | undefined {
  try {
    return execFileSync(command, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return undefined
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}

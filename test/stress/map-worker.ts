// One CPU of the hash maps' stress test: random operations on a few keys, which all lie in one bucket. Each round is about one
// map, so that operations meet.
import { parentPort, workerData } from 'node:worker_threads'
import { BPF_ANY, BPF_EXIST, BPF_NOEXIST } from '../../core/abi.js'
import * as layout from '../../core/layout.js'
import { atRest, check, elements } from '../../src/explore/subjects/map-stage.js'
import type { OneBucketMap } from '../../src/explore/subjects/map-stage.js'
import type { View } from '../../src/explore/subject.js'
import { attachCpu } from '../core/harness.js'
import { Thread } from './rounds.js'
import type { Meeting, Report, Rest } from './rounds.js'

export interface MapTask extends Meeting {
  /** A check build of the core, for threads that meet at any access; none: the shipped core. */
  checked?: WebAssembly.Module
  maps: OneBucketMap[]
}

/** Keys 0 to 4: more than the maps hold. */
const KEYS = 5

const task = workerData as MapTask
const { maps } = task
const thread = new Thread(task)
const build = task.checked && { module: task.checked, before: () => thread.pause() }
const cpu = attachCpu(task.memory, task.cpu, () => 0, build)
const key = cpu.u32(cpu.area + layout.CPU_RUN_BUFFER)
const rests: Rest<readonly number[]>[][] = []
const problems: string[] = []

const mapOf = (round: number): number => round % maps.length

function operate(number: number): void {
  const { map } = maps[number]!
  const chosen = thread.below(KEYS)
  cpu.setU32(key, chosen)
  // As the model of the explorer has it: a key's value is always the same.
  cpu.setU32(key + 64, 100 + chosen)
  const did = (kind: string, args: Record<string, number>, body: () => number | boolean): void =>
    thread.record(number, kind, { key: chosen, ...args }, thread.timed(body))
  const update = (flags: number): void =>
    did('update', { flags }, () => cpu.helper('bpf_map_update_elem', map, key, key + 64, flags))
  thread.pick([
    () => update(BPF_ANY),
    () => update(thread.pick([BPF_ANY, BPF_NOEXIST, BPF_EXIST])),
    () => did('delete', {}, () => cpu.helper('bpf_map_delete_elem', map, key)),
    () => did('lookup', {}, () => cpu.helper('bpf_map_lookup_elem', map, key) !== 0),
  ])()
}

function rest(): void {
  const load64 = (address: number): bigint => (BigInt(cpu.u32(address + 4)) << 32n) | BigInt(cpu.u32(address))
  const view = { load32: cpu.u32, load64, stopped: -1 } as Partial<View> as View
  rests.push(
    maps.map((map) => {
      const wrong = check(map)(view) ?? atRest(map)(view)
      if (wrong !== undefined && problems.length < 5) problems.push(`after round ${thread.rounded - 1}: ${wrong}`)
      const state = elements(map, view)
        .map((element) => element.key)
        .sort()
      return { state, final: state.join() }
    }),
  )
}

thread.rounds(() => {
  for (let turns = 3 + thread.below(4); turns > 0; turns--) operate(mapOf(thread.round))
}, rest)
const report: Report<readonly number[]> = { lines: thread.lines, rests, problems }
parentPort!.postMessage(report)

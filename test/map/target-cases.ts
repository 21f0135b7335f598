// Maps of devices, CPUs and sockets as user space writes them and programs redirect to them: steps, whose answers
// on Linux 6.18 are in targets.answers.json (test/kernel/record-targets.ts). The one interface that every network
// namespace has is 1, the one CPU of every machine is 0.
import { readFileSync } from 'node:fs'

/** dist/test/map → test/map. */
export const TARGETS = new URL('../../../test/map/targets.bpf.o', import.meta.url)
export const ANSWERS = new URL('../../../test/map/targets.answers.json', import.meta.url)
export const targetsObject = readFileSync(TARGETS)

export const TARGET_MAPS = ['devices', 'plain_devices', 'device_hash', 'cpus', 'sockets'] as const
export type TargetMap = (typeof TARGET_MAPS)[number]

/** A value: interface, size of a queue or socket, and the number of a program. */
export type Target = readonly [target: number, program: number]

export type TargetStep =
  | readonly ['set', TargetMap, number, Target, 0 | 1 | 2]
  | readonly ['get' | 'delete' | 'take', TargetMap, number]
  | readonly ['next', TargetMap, number?]
  /** A run: key and flags of bpf_redirect_map. */
  | readonly ['run', TargetMap, bigint | number, number]

/**
 * '' or the name of an errno; words of a value or a key; of a run what the lookup found (-1 nothing) and what the
 * program returned.
 */
export type TargetAnswer = string | readonly number[]

const none: Target = [0, 0]
const loopback: Target = [1, 0]

/** Two words fit in the values of all maps but these. */
export const hasProgram = (map: TargetMap): boolean => map !== 'plain_devices' && map !== 'sockets'

/** The packet of a run. */
export function targetRequest(map: TargetMap, key: bigint | number, flags: number): Uint8Array {
  const bytes = new Uint8Array(32)
  const view = new DataView(bytes.buffer)
  view.setUint16(14, TARGET_MAPS.indexOf(map), true)
  view.setBigUint64(16, BigInt.asUintN(64, BigInt(key)), true)
  view.setBigUint64(24, BigInt(flags), true)
  return bytes
}

export const targetSteps: readonly TargetStep[] = [
  // Nothing is there: the action that the flags say, which must be one.
  ...TARGET_MAPS.flatMap((map) =>
    [0, 1, 2, 3, 4, 5, 7, 32, 2 ** 32].map((flags): TargetStep => ['run', map, 0, flags]),
  ),
  // To all interfaces of a map of devices, also of an empty one; the kinds of array know no others.
  ...TARGET_MAPS.flatMap((map) => [8, 24, 26, 16].map((flags): TargetStep => ['run', map, 0, flags])),
  ...(['devices', 'plain_devices', 'device_hash'] as const).flatMap((map): TargetStep[] => [
    ['get', map, 1],
    ['delete', map, 1],
    ['set', map, 1, loopback, 1],
    ['set', map, 1, loopback, 2],
    ['get', map, 1],
    ['set', map, 1, loopback, 0],
    ['set', map, 1, loopback, 1],
    ['get', map, 1],
    ['run', map, 1, 2],
    ['run', map, 1n + (1n << 32n), 0],
    ['run', map, 0, 2],
    ['run', map, 4, 3],
    ['take', map, 1],
    ['next', map],
    ['next', map, 1],
    // A hash goes on behind a key that is not there, where the kernel's begins again.
    ...(map === 'device_hash' ? [] : ([['next', map, 77]] as const)),
    ['set', map, 1, none, 0],
    ['get', map, 1],
    ['set', map, 4, loopback, 0],
    ['set', map, 5, loopback, 0],
    ['delete', map, 1],
    ['delete', map, 1],
    ['delete', map, 77],
    ['run', map, 1, 1],
  ]),
  ['set', 'devices', 0, [0, 1], 0],
  ['set', 'cpus', 0, [16385, 0], 0],
  ['set', 'cpus', 0, [16384, 0], 1],
  ['set', 'cpus', 2, [1, 0], 0],
  ['set', 'cpus', 0, [16, 0], 2],
  ['get', 'cpus', 0],
  ['get', 'cpus', 1],
  ['run', 'cpus', 0, 2],
  ['run', 'cpus', 0, 8],
  ['run', 'cpus', 1, 2],
  ['set', 'cpus', 0, none, 0],
  ['run', 'cpus', 0, 3],
  ['set', 'cpus', 0, [16, 0], 0],
  ['delete', 'cpus', 0],
  ['delete', 'cpus', 2],
  ['take', 'cpus', 0],
  ['next', 'cpus', 0],
  ['get', 'sockets', 1],
  ['set', 'sockets', 4, none, 0],
  ['set', 'sockets', 1, none, 0],
  ['delete', 'sockets', 1],
  ['delete', 'sockets', 4],
  ['take', 'sockets', 1],
  ['next', 'sockets', 3],
]

/** What Linux answered, step by step. */
export function targetAnswers(): TargetAnswer[] {
  return JSON.parse(readFileSync(ANSWERS, 'utf8')) as TargetAnswer[]
}

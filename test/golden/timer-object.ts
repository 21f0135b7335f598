// The commands that timer-cases.bpf.c and wq-cases.bpf.c understand, the records they write, and what a subject (skep,
// a kernel) must be able to do so that the same steps can be taken on both. Offsets are those of the structures in
// timer-cases.bpf.c.
import { constants } from 'node:os'

export const KINDS = ['arr', 'hash', 'hashnp', 'lru'] as const
export type Kind = (typeof KINDS)[number]

export const OPERATIONS = {
  init: 1,
  callback: 2,
  start: 3,
  cancel: 4,
  get: 5,
  update: 6,
  delete: 7,
  act: 8,
  'start-thrice': 9,
} as const

export const ACTIONS = {
  restart: 1,
  'cancel-self': 2,
  'delete-self,start,cancel': 3,
  'cancel-other-twice': 4,
  'start-other': 5,
  'delete-other,start': 6,
  'update-self,start': 7,
  'delete-self,cancel': 8,
  'delete-self,start': 9,
} as const

export interface Command {
  operation: keyof typeof OPERATIONS
  key: number
  nsecs?: bigint
  flags?: bigint
  /** Clock whose now is added to nsecs (absolute starts). */
  fromNow?: number
  action?: keyof typeof ACTIONS
  other?: number
  count?: number
}

export interface Firing {
  kind: Kind
  key: number
  callback: 'a' | 'b'
  cpu: number
  results: bigint[]
  /** Nanoseconds after the expiry that the program asked for. */
  late: bigint
}

/** What takes the steps of a case: one instance of the object, freshly loaded. */
export interface Subject {
  /** Run what follows on that CPU. */
  onCpu(cpu: number): Promise<void>
  /** One run of the program of that map kind. */
  run(kind: Kind, command: Uint8Array): Promise<Uint8Array>
  userUpdate(kind: Kind, key: number, value: Uint8Array, flags: number): Promise<number>
  userDelete(kind: Kind, key: number): Promise<number>
  /** The value's bytes or a negative errno. */
  userGet(kind: Kind, key: number): Promise<Uint8Array | number>
  userTake(kind: Kind, key: number): Promise<Uint8Array | number>
  /** Lets that much time pass. */
  wait(milliseconds: number): Promise<void>
  /** Bytes of a global variable: `fired` and `firings`. */
  variable(name: string): Promise<Uint8Array>
  /** Whether time passes by itself, so that a firing may still be on its way. */
  readonly realTime: boolean
  closeMap(kind: Kind): Promise<void>
  reopenMap(kind: Kind): Promise<void>
  closePrograms(): Promise<void>
  /** For subjects that have pins without changing the machine that they run on. */
  pinMap?(kind: Kind): Promise<void>
  unpinMap?(kind: Kind): Promise<void>
  close(): Promise<void>
}

export const COMMAND_BYTES = 56
export const VALUE_BYTES = 64
const TIMER_OFFSET = 8
const FIRINGS = 64
const FIRING_BYTES = 48

export function encodeCommand(command: Command): Uint8Array {
  const bytes = new Uint8Array(COMMAND_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, OPERATIONS[command.operation], true)
  view.setUint32(4, command.key, true)
  view.setBigUint64(8, command.nsecs ?? 0n, true)
  view.setBigUint64(16, command.flags ?? 0n, true)
  view.setBigUint64(24, command.fromNow === undefined ? 0n : BigInt(command.fromNow) + 1n, true)
  view.setUint32(32, command.action === undefined ? 0 : ACTIONS[command.action], true)
  view.setUint32(36, command.other ?? 0, true)
  view.setBigUint64(40, BigInt(command.count ?? 0), true)
  return bytes
}

export function commandResult(packet: Uint8Array): bigint {
  return view(packet).getBigInt64(48, true)
}

/** An element's bytes with the given mark; `fill` is what every other byte is (the timer's must be ignored). */
export function encodeValue(mark: bigint, fill = 0): Uint8Array {
  const bytes = new Uint8Array(VALUE_BYTES).fill(fill)
  view(bytes).setBigUint64(0, mark, true)
  return bytes
}

export function markOf(value: Uint8Array): bigint {
  return view(value).getBigUint64(0, true)
}

export function timerBytes(value: Uint8Array): Uint8Array {
  return value.subarray(TIMER_OFFSET, TIMER_OFFSET + 16)
}

/** The records of all kinds, oldest first. The object keeps 64, and a case may not have more. */
export async function firings(subject: Subject): Promise<Firing[]> {
  const count = Number(view(await subject.variable('fired')).getBigUint64(0, true))
  if (count > FIRINGS) throw new Error(`${count} callbacks ran; the object keeps ${FIRINGS} records`)
  const records = await subject.variable('firings')
  return Array.from({ length: count }, (_, i) => {
    const record = view(records.subarray(i * FIRING_BYTES, (i + 1) * FIRING_BYTES))
    return {
      kind: KINDS[record.getUint32(0, true)] ?? 'arr',
      key: record.getUint32(4, true),
      callback: record.getUint32(8, true) === 2 ? 'b' : 'a',
      cpu: record.getUint32(12, true),
      results: [16, 24, 32].map((offset) => record.getBigInt64(offset, true)),
      late: record.getBigInt64(40, true),
    }
  })
}

const names = new Map<number, string>([[524, 'ENOTSUPP']])
for (const [name, value] of Object.entries(constants.errno)) if (!names.has(value)) names.set(value, name)
names.set(constants.errno.EAGAIN, 'EAGAIN').set(constants.errno.EOPNOTSUPP, 'EOPNOTSUPP').set(35, 'EDEADLK')

/** A result as the notation writes it: a number, or the name of an errno. */
export function resultName(result: bigint | number): string {
  const name = result < 0 ? names.get(-Number(result)) : undefined
  return name ? `-${name}` : String(result)
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

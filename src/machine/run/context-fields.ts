// The fields of xdp_md and __sk_buff that a caller may set and reads back, as BPF_PROG_TEST_RUN allows. All other
// fields must be zero when bytes are passed; addresses and lengths are the machine's to fill in.

import { show } from '../../error.js'
import type { Fail } from '../options/given-options.js'

type Word = number | bigint | undefined

/**
 * Fields of the context of a packet program: the first two are those of xdp_md, all but the second those of __sk_buff.
 */
export interface ContextFields {
  /** The interface that the packet came in by. */
  ingress_ifindex?: Word
  /** The receive queue of that interface. */
  rx_queue_index?: Word
  mark?: Word
  priority?: Word
  /** The interface that the packet is at; as for the kernel, 1 (loopback) if it is left out. */
  ifindex?: Word
  /** At most five words of 32 bits for the program's own use. */
  cb?: readonly number[] | undefined
  /** Nanoseconds. */
  tstamp?: Word
  /** Bytes of the packet on the wire, its header included. */
  wire_len?: Word
  gso_segs?: Word
  gso_size?: Word
  /** Nanoseconds, by the interface's clock. */
  hwtstamp?: Word
}

/** Those fields as a run has left them: all of the program's struct, none of the other. */
export interface ContextFieldsAfter extends ContextFields {
  ingress_ifindex: number
  rx_queue_index?: number
  mark?: number
  priority?: number
  ifindex?: number
  cb?: number[]
  tstamp?: bigint
  wire_len?: number
  gso_segs?: number
  gso_size?: number
  hwtstamp?: bigint
}

interface Field {
  readonly offset: number
  readonly bytes: 4 | 8
  /** Elements of an array field. */
  readonly count?: number
}

export interface FieldTable {
  readonly name: string
  readonly size: number
  readonly fields: Readonly<Record<string, Field>>
  /** The same in a row, for whoever reads them after every run. */
  readonly list: readonly (Field & { readonly name: string })[]
}

function fieldTable(name: string, size: number, fields: Readonly<Record<string, Field>>): FieldTable {
  const list = Object.entries(fields).map(([field, place]) => ({ name: field, ...place }))
  return { name, size, fields, list }
}

/** struct xdp_md. */
export const xdpFields: FieldTable = fieldTable('xdp_md', 24, {
  ingress_ifindex: { offset: 12, bytes: 4 },
  rx_queue_index: { offset: 16, bytes: 4 },
})

/** struct __sk_buff. */
export const skbFields: FieldTable = fieldTable('__sk_buff', 192, {
  mark: { offset: 8, bytes: 4 },
  priority: { offset: 32, bytes: 4 },
  ingress_ifindex: { offset: 36, bytes: 4 },
  ifindex: { offset: 40, bytes: 4 },
  cb: { offset: 48, bytes: 4, count: 5 },
  tstamp: { offset: 152, bytes: 8 },
  wire_len: { offset: 160, bytes: 4 },
  gso_segs: { offset: 164, bytes: 4 },
  gso_size: { offset: 176, bytes: 4 },
  hwtstamp: { offset: 184, bytes: 8 },
})

/** The settable fields as plain values. */
export function readFields(table: FieldTable, view: DataView): ContextFieldsAfter {
  const values: Record<string, number | bigint | number[]> = {}
  for (const { name, offset, bytes, count } of table.list)
    values[name] =
      bytes === 8
        ? view.getBigUint64(offset, true)
        : count === undefined
          ? view.getUint32(offset, true)
          : Array.from({ length: count }, (_, index) => view.getUint32(offset + 4 * index, true))
  return values as unknown as ContextFieldsAfter
}

/** Writes the given fields; calls `fail` for a name that cannot be set or a value of the wrong kind. */
export function writeFields(table: FieldTable, view: DataView, values: ContextFields | undefined, fail: Fail): void {
  if (values === undefined) return
  for (const [name, value] of Object.entries(values) as [string, unknown][]) {
    const field = Object.hasOwn(table.fields, name) ? table.fields[name] : undefined
    if (!field) return fail(`${table.name}.${name} cannot be set; settable are ${Object.keys(table.fields).join(', ')}`)
    if (value === undefined) continue
    if (field.count !== undefined) {
      if (!Array.isArray(value) || value.length > field.count)
        return fail(`${table.name}.${name} must be an array of at most ${field.count} numbers`)
      value.forEach((word: unknown, index) =>
        writeWord(view, { offset: field.offset + 4 * index, bytes: 4 }, word, `${table.name}.${name}[${index}]`, fail),
      )
    } else writeWord(view, field, value, `${table.name}.${name}`, fail)
  }
}

// A negative number is what C makes of it in an unsigned field.
function writeWord(view: DataView, { offset, bytes }: Field, word: unknown, path: string, fail: Fail): void {
  const bits = 8 * bytes
  const given = typeof word === 'bigint' ? word : Number.isSafeInteger(word) ? BigInt(word as number) : undefined
  if (given === undefined || given >= 1n << BigInt(bits) || given < -(1n << BigInt(bits - 1)))
    return fail(`${path} must be a whole number of ${bits} bits (a bigint beyond 2^53), got ${show(word)}`)
  if (bytes === 8) view.setBigUint64(offset, BigInt.asUintN(64, given), true)
  else view.setUint32(offset, Number(BigInt.asUintN(32, given)), true)
}

// Where a program sent its packet, as a redirect helper recorded it (core/run-record.ts). The record lies in the guest
// window, so nothing in it is believed: a map counts only if it is one. Called by packet.ts.
import {
  BPF_F_BROADCAST,
  MAP_TYPE_CPUMAP,
  MAP_TYPE_DEVMAP,
  MAP_TYPE_DEVMAP_HASH,
  MAP_TYPE_XSKMAP,
} from '../../../core/abi.js'
import * as record from '../../../core/run-record.js'
import { helperById } from '../helpers.js'

/** Where a program sent its packet: to an interface, a CPU or a socket, or to every interface of a map. */
export interface Redirect {
  /** The helper that said so, by its kernel name. */
  readonly helper: string
  /** Not there for maps of CPUs and sockets, and for BPF_F_BROADCAST (8), which means all interfaces of the map. */
  readonly ifindex?: number
  /** A CPU map's key. */
  readonly cpu?: number
  /** What the host has set in a socket map. */
  readonly socket?: number
  /** As given to the helper. */
  readonly flags: number
  /** bpf_redirect_map: name of the map. */
  readonly map?: string
  /** bpf_redirect_map: the key. */
  readonly key?: number
  /** bpf_redirect_map: the number that the value names as its program (`bpf_prog.fd`), if it is not 0. */
  readonly program?: number
  /** bpf_redirect_neigh with parameters: the next hop. */
  readonly neighbor?: { readonly family: number; readonly address: Uint8Array }
}

/** The map at an address of the core; undefined if that is none. */
export type MapAt = (address: number) => { readonly name: string; readonly type: number } | undefined

const AF_INET = 2

/** What a redirect helper recorded in a run buffer; undefined if none did. */
export function redirectOf(view: DataView, mapAt: MapAt): Redirect | undefined {
  const word = (field: number): number => view.getUint32(record.RUN_RECORD + field, true)
  const helper = helperById(word(record.RECORD_REDIRECT))
  if (!helper) return undefined
  const flags = word(record.RECORD_REDIRECT_FLAGS)
  const index = word(record.RECORD_REDIRECT_INDEX)
  const address = word(record.RECORD_REDIRECT_MAP)
  if (address !== 0) {
    const map = mapAt(address)
    const target = targetIn(map?.type, index, flags, word(record.RECORD_TARGET))
    if (!map || !target) return undefined
    const program = word(record.RECORD_TARGET + 4)
    const broadcast = (flags & BPF_F_BROADCAST) !== 0
    return {
      helper: helper.name,
      ...target,
      flags,
      map: map.name,
      key: index,
      ...(program && !broadcast && { program }),
    }
  }
  const redirect = { helper: helper.name, ifindex: index, flags }
  if (word(record.RECORD_NEIGHBOR_GIVEN) === 0) return redirect
  const family = word(record.RECORD_NEIGHBOR)
  const at = view.byteOffset + record.RUN_RECORD + record.RECORD_NEIGHBOR + 4
  return {
    ...redirect,
    neighbor: { family, address: new Uint8Array(view.buffer, at, family === AF_INET ? 4 : 16).slice() },
  }
}

function targetIn(type: number | undefined, key: number, flags: number, value: number): Partial<Redirect> | undefined {
  switch (type) {
    case MAP_TYPE_DEVMAP:
    case MAP_TYPE_DEVMAP_HASH:
      return (flags & BPF_F_BROADCAST) !== 0 ? {} : { ifindex: value }
    case MAP_TYPE_CPUMAP:
      return { cpu: key }
    case MAP_TYPE_XSKMAP:
      return { socket: value }
    default:
      return undefined
  }
}

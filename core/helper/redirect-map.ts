// bpf_redirect_map: sends the packet of an XDP program to what stands under a key of a device, CPU or socket map. There
// is no network: it is recorded for the host, as by the other redirect helpers. Exported to guest programs, inside a
// section.
import { BPF_F_BROADCAST, BPF_F_EXCLUDE_INGRESS, FAULT_BAD_ACCESS, XDP_ABORTED, XDP_REDIRECT } from '../abi'
import { note32, peek32 } from '../door'
import { fault } from '../host'
import { MAP_TYPE } from '../layout'
import { mapAddress } from '../map/map'
import { isDeviceMap, isTarget } from '../map/shape'
import { targetWord } from '../map/target'
import { scratchCell } from './scratch-cell'
import { recordRedirect } from './redirect'

const REDIRECT_MAP: u32 = 51
/** In the flags: the action for a key that is not there, XDP_ABORTED to XDP_TX. */
const ACTIONS: u64 = 3

/**
 * XDP_REDIRECT; the flags' low bits if the key is not there, and then an earlier redirect of the run counts no more;
 * XDP_ABORTED for other flags. With BPF_F_BROADCAST, which device maps allow, the key does not matter.
 */
export function bpf_redirect_map(mapPointer: u64, key: u64, flags: u64): i64 {
  const map = mapAddress(mapPointer)
  const type = peek32(map + MAP_TYPE)
  if (!isTarget(type)) fault(FAULT_BAD_ACCESS, mapPointer)
  const known = isDeviceMap(type) ? ACTIONS | BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS : ACTIONS
  if (flags & ~known) return XDP_ABORTED
  const cell = scratchCell()
  note32(cell, <u32>key)
  const target = targetWord(map, cell)
  if (!target && !(flags & BPF_F_BROADCAST)) {
    recordRedirect(0, 0, 0, 0, 0)
    return <i64>(flags & ACTIONS)
  }
  recordRedirect(REDIRECT_MAP, <u32>key, flags, map, target)
  return XDP_REDIRECT
}

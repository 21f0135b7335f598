// The interfaces of the network, as the host has set them. Written before anything runs; read by mtu.ts and route.ts.
import { peek32 } from '../door'
import { HEADER, HEADER_INTERFACES } from '../layout'
import { INTERFACE_BYTES, INTERFACE_INDEX, MAX_INTERFACES } from '../network-record'

/** The interface of that index, 0 if there is none. */
export function interfaceAt(ifindex: u32): usize {
  if (ifindex === 0) return 0
  const table = <usize>peek32(HEADER + HEADER_INTERFACES)
  for (let at: u32 = 0; at < <u32>MAX_INTERFACES; at++) {
    const entry = table + <usize>at * INTERFACE_BYTES
    if (peek32(entry + INTERFACE_INDEX) === ifindex) return entry
  }
  return 0
}

// Pointers that guest programs hand to helpers. A guest pointer is 64 bits wide; only [GUEST_BASE, GUEST_END) is the
// guest's. Every helper that takes a pointer passes it through here before it reads or writes a byte behind it.
// Called by map/ and helper/.
import { FAULT_BAD_ACCESS } from './abi'
import { peek32 } from './door'
import { fault } from './host'
import { HEADER, HEADER_GUEST_BASE, HEADER_GUEST_END } from './layout'

/** True if all of `bytes` from `pointer` on lie in the guest window; the upper half of the pointer counts too. */
export function inGuestWindow(pointer: u64, bytes: u32): bool {
  const base = <u64>peek32(HEADER + HEADER_GUEST_BASE)
  const end = <u64>peek32(HEADER + HEADER_GUEST_END)
  return pointer >= base && pointer < end && <u64>bytes <= end - pointer
}

/** The address behind a guest pointer to `bytes` bytes; a fault (which never returns) if it leaves the window. */
export function guestAddress(pointer: u64, bytes: u32): usize {
  if (!inGuestWindow(pointer, bytes)) fault(FAULT_BAD_ACCESS, pointer)
  return <usize>pointer
}

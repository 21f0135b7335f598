// probe_read and its kin: reading where nothing may be. Kernel and user memory are the same here, the guest window; what
// lies outside cannot be read, and then the destination is zeroed. Exported to guest programs.
import { EFAULT } from '../abi'
import { copy, fill, peek8, poke8 } from '../door'
import { guestAddress, inGuestWindow } from '../guest'

function read(to: u64, size: u64, from: u64): i64 {
  const bytes = <u32>size
  if (bytes === 0) return 0
  const target = guestAddress(to, bytes)
  if (inGuestWindow(from, bytes)) {
    copy(target, <usize>from, bytes)
    return 0
  }
  fill(target, 0, bytes)
  return -EFAULT
}

/** Copies up to the closing 0, at most `size` bytes with it; the bytes written. What follows the 0 stays as it is. */
function readString(to: u64, size: u64, from: u64): i64 {
  const bytes = <u32>size
  if (bytes === 0) return 0
  const target = guestAddress(to, bytes)
  let length: u32 = 0
  while (length < bytes) {
    if (!inGuestWindow(from + length, 1)) {
      fill(target, 0, bytes)
      return -EFAULT
    }
    const byte = peek8(<usize>from + length)
    poke8(target + length, byte)
    length++
    if (byte === 0) return length
  }
  poke8(target + bytes - 1, 0)
  return bytes
}

/** 0, or -EFAULT with `to` zeroed. */
export function bpf_probe_read(to: u64, size: u64, from: u64): i64 {
  return read(to, size, from)
}

/** As bpf_probe_read. */
export function bpf_probe_read_user(to: u64, size: u64, from: u64): i64 {
  return read(to, size, from)
}

/** As bpf_probe_read. */
export function bpf_probe_read_kernel(to: u64, size: u64, from: u64): i64 {
  return read(to, size, from)
}

/** As bpf_probe_read; the kernel lets only sleepable programs call it. */
export function bpf_copy_from_user(to: u64, size: u64, from: u64): i64 {
  return read(to, size, from)
}

/** Length of the string with its 0, or -EFAULT with `to` zeroed. */
export function bpf_probe_read_str(to: u64, size: u64, from: u64): i64 {
  return readString(to, size, from)
}

/** As bpf_probe_read_str. */
export function bpf_probe_read_user_str(to: u64, size: u64, from: u64): i64 {
  return readString(to, size, from)
}

/** As bpf_probe_read_str. */
export function bpf_probe_read_kernel_str(to: u64, size: u64, from: u64): i64 {
  return readString(to, size, from)
}

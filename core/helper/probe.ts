// probe_read and its kin: reading where nothing may be. Kernel and user memory are the same here, the guest window;
// what lies outside cannot be read, and then the destination is zeroed. -EFAULT says so; those that read the kernel's
// memory say -ERANGE of an address that could only be the user's, as on x86-64. Exported to guest programs.
import { EFAULT, EINVAL, ERANGE } from '../abi'
import { copy, fill, peek8, poke8 } from '../door'
import { guestAddress, inGuestWindow } from '../guest'

/** Where the kernel's half of the addresses begins. */
const KERNEL: u64 = 0xffff800000000000

/** What to say of a place that cannot be read. */
export function unreadable(from: u64, kernel: bool): i64 {
  return kernel && from < KERNEL && !inGuestWindow(from, 1) ? -ERANGE : -EFAULT
}

function read(to: u64, size: u64, from: u64, kernel: bool): i64 {
  const bytes = <u32>size
  if (bytes === 0) return 0
  const target = guestAddress(to, bytes)
  if (inGuestWindow(from, bytes)) {
    copy(target, <usize>from, bytes)
    return 0
  }
  fill(target, 0, bytes)
  return unreadable(from, kernel)
}

/** Copies up to the closing 0, at most `size` bytes with it; the bytes written. What follows the 0 stays as it is. */
function readString(to: u64, size: u64, from: u64, kernel: bool): i64 {
  const bytes = <u32>size
  if (bytes === 0) return 0
  const target = guestAddress(to, bytes)
  let length: u32 = 0
  while (length < bytes) {
    if (!inGuestWindow(from + length, 1)) {
      fill(target, 0, bytes)
      return unreadable(from, kernel)
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
  return read(to, size, from, false)
}

/** As bpf_probe_read. */
export function bpf_probe_read_user(to: u64, size: u64, from: u64): i64 {
  return read(to, size, from, false)
}

/** As bpf_probe_read. */
export function bpf_probe_read_kernel(to: u64, size: u64, from: u64): i64 {
  return read(to, size, from, true)
}

/** As bpf_probe_read; the kernel lets only sleepable programs call it. */
export function bpf_copy_from_user(to: u64, size: u64, from: u64): i64 {
  return read(to, size, from, false)
}

/** Length of the string with its 0, or -EFAULT with `to` zeroed. */
export function bpf_probe_read_str(to: u64, size: u64, from: u64): i64 {
  return readString(to, size, from, false)
}

/** As bpf_probe_read_str. */
export function bpf_probe_read_user_str(to: u64, size: u64, from: u64): i64 {
  return readString(to, size, from, false)
}

/** As bpf_probe_read_str. */
export function bpf_probe_read_kernel_str(to: u64, size: u64, from: u64): i64 {
  return readString(to, size, from, true)
}

const BPF_F_PAD_ZEROS: u64 = 1

/** Copies a string of at most size - 1 bytes and closes it; its length with the 0. -EINVAL for flags, -EFAULT. */
export function bpf_copy_from_user_str(to: u64, size: u64, from: u64, flags: u64): i64 {
  const bytes = <u32>size
  if ((flags & ~BPF_F_PAD_ZEROS) !== 0) return -EINVAL
  if (bytes === 0) return 0
  const target = guestAddress(to, bytes)
  const pads = flags !== 0
  let length: u32 = 0
  while (length < bytes - 1) {
    if (!inGuestWindow(from + length, 1)) {
      if (pads) fill(target, 0, bytes)
      return -EFAULT
    }
    const byte = peek8(<usize>from + length)
    if (byte === 0) break
    poke8(target + length, byte)
    length++
  }
  fill(target + length, 0, pads ? bytes - length : 1)
  return length + 1
}

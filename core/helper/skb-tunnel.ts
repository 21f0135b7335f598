// Tunnel metadata of a socket buffer: what the host gave or the program set. Exported to guest programs.
import { EINVAL, ENOENT, ENOMEM, EPROTO } from '../abi'
import { copy, fill, peek16, peek32, peek8, poke16, poke32, poke8 } from '../door'
import { guestAddress } from '../guest'
import {
  RECORD_TUNNEL_DESTINATION,
  RECORD_TUNNEL_FLAGS,
  RECORD_TUNNEL_ID,
  RECORD_TUNNEL_LABEL,
  RECORD_TUNNEL_MODE,
  RECORD_TUNNEL_OPTIONS,
  RECORD_TUNNEL_OPTION_BYTES,
  RECORD_TUNNEL_SOURCE,
  RECORD_TUNNEL_TOS,
  RECORD_TUNNEL_TTL,
  TUNNEL_IPV6,
  TUNNEL_PRESENT,
  TUNNEL_TRANSMIT,
} from '../run-record'
import { recordOf } from './skb'

// struct bpf_tunnel_key.
const KEY_REMOTE: usize = 4
const KEY_TOS: usize = 20
const KEY_TTL: usize = 21
const KEY_EXT: usize = 22
const KEY_LABEL: usize = 24
const KEY_LOCAL: usize = 28
const KEY_BYTES: u32 = 44

const BPF_F_TUNINFO_IPV6: u64 = 1
const BPF_F_ZERO_CSUM_TX: u64 = 2
const BPF_F_DONT_FRAGMENT: u64 = 4
const BPF_F_SEQ_NUMBER: u64 = 8
const BPF_F_TUNINFO_FLAGS: u64 = 16
const BPF_F_NO_TUNNEL_KEY: u64 = 16
const SET_FLAGS: u64 = 31
/** tunnel_flags, which a key has in the order of the network. */
const TUNNEL_CSUM: u32 = 0x01
const TUNNEL_KEY: u32 = 0x04
const TUNNEL_SEQ: u32 = 0x08
const TUNNEL_DONT_FRAGMENT: u32 = 0x0100
const TUNNEL_NOCACHE: u32 = 0x2000
/** Options of Geneve, VXLAN, ERSPAN or GTP: nobody knows which. */
const TUNNEL_OPTIONS_PRESENT: u32 = 0xd800
const MOST_OPTIONS: u32 = 255

/** Sizes of older versions of the structure. */
function isOlder(size: u32): bool {
  return size === 28 || size === 24 || size === 22 || size === 8
}

/** The word in the other byte order: the kernel keeps IPv4 addresses in the network's. */
function swapped(word: u32): u32 {
  return bswap<u32>(word)
}

function putAddress(to: usize, from: usize, ipv6: bool): void {
  if (ipv6) return copy(to, from, 16)
  poke32(to, swapped(peek32(from)))
  fill(to + 4, 0, 12)
}

/** 0; -EINVAL without metadata, for flags or a size, -EPROTO for the other version of IP: then the key is zeroed. */
export function bpf_skb_get_tunnel_key(context: u64, key: u64, size: u64, flags: u64): i64 {
  const record = recordOf(context)
  const bytes = <u32>size
  const target = guestAddress(key, bytes)
  fill(target, 0, bytes)
  const mode = peek32(record + RECORD_TUNNEL_MODE)
  if (mode === 0 || (flags & ~(BPF_F_TUNINFO_IPV6 | BPF_F_TUNINFO_FLAGS)) !== 0) return -EINVAL
  const ipv6 = (mode & TUNNEL_IPV6) !== 0
  if (ipv6 !== ((flags & BPF_F_TUNINFO_IPV6) !== 0)) return -EPROTO
  if (bytes !== KEY_BYTES && (!isOlder(bytes) || (bytes === 8 && ipv6))) return -EINVAL
  // Laid out from its end to its start, as far as the caller's structure reaches.
  if (bytes === KEY_BYTES) putAddress(target + KEY_LOCAL, record + RECORD_TUNNEL_DESTINATION, ipv6)
  if (bytes >= <u32>KEY_LOCAL && ipv6) poke32(target + KEY_LABEL, peek32(record + RECORD_TUNNEL_LABEL))
  if (bytes >= <u32>KEY_LABEL && (flags & BPF_F_TUNINFO_FLAGS) !== 0)
    poke16(target + KEY_EXT, bswap<u16>(<u16>peek32(record + RECORD_TUNNEL_FLAGS)))
  if (bytes > 8) {
    poke8(target + KEY_TOS, <u8>peek32(record + RECORD_TUNNEL_TOS))
    poke8(target + KEY_TTL, <u8>peek32(record + RECORD_TUNNEL_TTL))
    putAddress(target + KEY_REMOTE, record + RECORD_TUNNEL_SOURCE, ipv6)
  } else poke32(target + KEY_REMOTE, swapped(peek32(record + RECORD_TUNNEL_SOURCE)))
  poke32(target, peek32(record + RECORD_TUNNEL_ID))
  return 0
}

/** Says through which tunnel the packet is to be sent. 0, or -EINVAL. */
export function bpf_skb_set_tunnel_key(context: u64, key: u64, size: u64, flags: u64): i64 {
  const record = recordOf(context)
  const bytes = <u32>size
  const from = guestAddress(key, bytes)
  if ((flags & ~SET_FLAGS) !== 0 || (bytes !== KEY_BYTES && !isOlder(bytes))) return -EINVAL
  const ipv6 = (flags & BPF_F_TUNINFO_IPV6) !== 0
  const label: u32 = bytes >= <u32>KEY_LOCAL ? peek32(from + KEY_LABEL) : 0
  const extension: u32 = bytes >= <u32>KEY_LABEL ? peek16(from + KEY_EXT) : 0
  if ((!ipv6 && label !== 0) || extension !== 0) return -EINVAL
  fill(record + RECORD_TUNNEL_MODE, 0, RECORD_TUNNEL_OPTIONS - RECORD_TUNNEL_MODE)
  poke32(record + RECORD_TUNNEL_MODE, TUNNEL_PRESENT | TUNNEL_TRANSMIT | (ipv6 ? TUNNEL_IPV6 : 0))
  poke32(record + RECORD_TUNNEL_ID, peek32(from))
  poke32(
    record + RECORD_TUNNEL_FLAGS,
    TUNNEL_NOCACHE |
      ((flags & BPF_F_NO_TUNNEL_KEY) !== 0 ? 0 : TUNNEL_KEY) |
      ((flags & BPF_F_DONT_FRAGMENT) !== 0 ? TUNNEL_DONT_FRAGMENT : 0) |
      ((flags & BPF_F_ZERO_CSUM_TX) !== 0 ? 0 : TUNNEL_CSUM) |
      ((flags & BPF_F_SEQ_NUMBER) !== 0 ? TUNNEL_SEQ : 0),
  )
  if (bytes > 8) {
    poke32(record + RECORD_TUNNEL_TOS, peek8(from + KEY_TOS))
    poke32(record + RECORD_TUNNEL_TTL, peek8(from + KEY_TTL))
  }
  if (ipv6) {
    poke32(record + RECORD_TUNNEL_LABEL, label & 0xfffff)
    copy(record + RECORD_TUNNEL_DESTINATION, from + KEY_REMOTE, bytes > 8 ? 16 : 4)
    if (bytes === KEY_BYTES) copy(record + RECORD_TUNNEL_SOURCE, from + KEY_LOCAL, 16)
    return 0
  }
  poke32(record + RECORD_TUNNEL_DESTINATION, swapped(peek32(from + KEY_REMOTE)))
  if (bytes === KEY_BYTES) poke32(record + RECORD_TUNNEL_SOURCE, swapped(peek32(from + KEY_LOCAL)))
  return 0
}

/** Copies the tunnel's options: their bytes; -ENOENT without any, -ENOMEM for less room, and then `to` is zeroed. */
export function bpf_skb_get_tunnel_opt(context: u64, to: u64, size: u64): i64 {
  const record = recordOf(context)
  const target = guestAddress(to, <u32>size)
  fill(target, 0, <u32>size)
  const bytes = peek32(record + RECORD_TUNNEL_OPTION_BYTES)
  const present = (peek32(record + RECORD_TUNNEL_FLAGS) & TUNNEL_OPTIONS_PRESENT) !== 0
  if (peek32(record + RECORD_TUNNEL_MODE) === 0 || !present || bytes > MOST_OPTIONS) return -ENOENT
  if (<u32>size < bytes) return -ENOMEM
  copy(target, record + RECORD_TUNNEL_OPTIONS, bytes)
  return bytes
}

/** Options of the tunnel that bpf_skb_set_tunnel_key has said. 0; -EINVAL without one or for a size, -ENOMEM. */
export function bpf_skb_set_tunnel_opt(context: u64, from: u64, size: u64): i64 {
  const record = recordOf(context)
  const bytes = <u32>size
  const source = guestAddress(from, bytes)
  if ((peek32(record + RECORD_TUNNEL_MODE) & TUNNEL_TRANSMIT) === 0 || (bytes & 3) !== 0) return -EINVAL
  if (bytes > MOST_OPTIONS) return -ENOMEM
  copy(record + RECORD_TUNNEL_OPTIONS, source, bytes)
  poke32(record + RECORD_TUNNEL_OPTION_BYTES, bytes)
  poke32(record + RECORD_TUNNEL_FLAGS, peek32(record + RECORD_TUNNEL_FLAGS) | TUNNEL_OPTIONS_PRESENT)
  return 0
}

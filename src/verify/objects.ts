// Pointers to sockets, samples of rings and slices of dynptrs: which loads and stores through them are allowed, and
// which of them a helper takes. In the words of the kernel's verifier. Used by the step over one instruction and by
// calls.
import { access, invalid, type Complaint } from './refusal.js'
import { LOOSE } from './scalar.js'
import { typeName, type ObjectPointer, type ObjectType, type Value } from './value.js'

// struct bpf_sock.
const SOCK_BYTES = 80
const DST_PORT = 48
/** Fields of 4 bytes of which the first bytes can be read alone. */
const PARTED = new Set([4, 8, 12, 44, 72, 76])
const TCP_SOCK_BYTES = 112
/** struct bpf_tcp_sock: its two fields of 8 bytes. */
const TCP_LONGS = new Set([80, 88])

/** A load or store of `bytes` at `offset` from the pointer, through `register`. */
export function objectAccessComplaint(
  pointer: ObjectPointer,
  offset: number,
  bytes: number,
  register: number,
  stores: boolean,
): Complaint | undefined {
  if (pointer.nullable) {
    // The kernel first goes the way on which an iterator has come to its end, and gave the number 0.
    const type = pointer.type === 'mem' ? 'scalar' : typeName(pointer)
    return access(`R${register} invalid mem access '${type}'`)
  }
  const low = pointer.min + offset
  const high = pointer.max + offset
  if (stores && pointer.type === 'rdonly_slice') return access(`R${register} cannot write into rdonly_mem`)
  if (isMemory(pointer.type))
    return low + bytes > pointer.size || high < 0
      ? access(`R${register} min value is outside of the allowed memory range`)
      : undefined
  if (stores) return access(`R${register} cannot write into ${pointer.type}`)
  if (low !== high || isReadable(pointer.type, low, bytes)) return undefined
  return access(`R${register} invalid ${pointer.type} access off=${low} size=${bytes}`)
}

/** Memory, with bytes that are counted; not a structure of the kernel. */
export function isMemory(type: ObjectType): boolean {
  return type === 'ringbuf_mem' || type === 'mem' || type === 'slice' || type === 'rdonly_slice'
}

function isReadable(type: ObjectType, offset: number, bytes: number): boolean {
  if (offset < 0 || offset % bytes !== 0) return false
  if (type === 'tcp_sock') return offset < TCP_SOCK_BYTES && bytes === (TCP_LONGS.has(offset) ? 8 : 4)
  if (offset + bytes > SOCK_BYTES || bytes > 4) return false
  // Type, protocol, mark and priority are of whole sockets only.
  if (type === 'sock_common' && offset >= 8 && offset < 24) return false
  if (offset >= DST_PORT && offset < DST_PORT + 4) return offset < DST_PORT + 2
  const isAddress = (offset >= 24 && offset < 44) || (offset >= 52 && offset < 72)
  return bytes === 4 || isAddress || PARTED.has(offset)
}

const SOCKETS: readonly ObjectType[] = ['sock_common', 'sock', 'tcp_sock']

/** What is wrong with the argument of a helper that takes a socket or a sample; `releases`: and gets it back. */
export function objectArgumentComplaint(
  value: Value,
  register: number,
  type: 'sock' | 'ringbuf_mem',
  releases: boolean,
): Complaint | undefined {
  if (value.is === 'unknown' || (value.is === 'scalar' && value.precision === LOOSE)) return undefined
  const types = type === 'sock' ? SOCKETS : [type]
  if (value.is !== 'object' || value.nullable || !types.includes(value.type)) {
    const more = type === 'sock' ? `, xdp_sock${releases ? ', ptr_, trusted_ptr_' : ''}` : ''
    return access(`R${register} type=${typeName(value)} expected=${types.join(', ')}${more}`)
  }
  if (!releases) return undefined
  if (value.min !== 0 || value.max !== 0)
    return invalid(`R${register} must have zero offset when passed to release func or trusted arg to kfunc`)
  return value.reference === undefined
    ? invalid(`R${register} must be referenced when passed to release function`)
    : undefined
}

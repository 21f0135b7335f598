// What a run on a packet has besides its context: the record, RUN_RECORD bytes behind the context in the CPU's run buffer.
// Plain constants for both languages. The host writes it before a run and reads it afterwards (src/machine/packet-run.ts),
// the packet helpers in between. It lies in the guest window, so nothing in it is believed: a program that writes there can
// only lie about its own run.

/** From the start of the context to the record. */
export const RUN_RECORD = 512

/** Where the program sent the packet: number of the helper that said so (0 none), interface or key, u64 flags. */
export const RECORD_REDIRECT = 0
export const RECORD_REDIRECT_INDEX = 4
export const RECORD_REDIRECT_FLAGS = 8
/** bpf_redirect_map: address of the map. */
export const RECORD_REDIRECT_MAP = 16
/** bpf_redirect_neigh: 1 if it said a next hop, and its struct bpf_redir_neigh. */
export const RECORD_NEIGHBOR_GIVEN = 20
export const RECORD_NEIGHBOR = 24
export const NEIGHBOR_BYTES = 20
/** Clones of the packet that were sent: bytes that they take at the end of the run buffer, the last one first. */
export const RECORD_CLONES = 44

/** A clone: u32 bytes of the packet, u32 interface, u64 flags, the packet, padded to 8. */
export const CLONE_BYTES = 0
export const CLONE_IFINDEX = 4
export const CLONE_FLAGS = 8
export const CLONE_PACKET = 16

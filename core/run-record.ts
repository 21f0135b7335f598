// What a run on a packet has besides its context: the record, RUN_RECORD bytes behind the context in the CPU's run
// buffer.
// Plain constants for both languages. The host writes it before a run and reads it afterwards
// (src/machine/run/packet.ts), the packet helpers in between. It lies in the guest window, so nothing in it is
// believed: a program that writes there can only lie about its own run.

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

/** Socket buffers: addresses of the link, network and transport header (0 not set). */
export const RECORD_MAC = 48
export const RECORD_NETWORK = 52
export const RECORD_TRANSPORT = 56
/** 0 no checksum was verified, else the kernel's csum_level + 1. */
export const RECORD_CHECKSUM = 60
/** 1: the hash of the context holds. */
export const RECORD_HASH_SET = 64
/** 1: bpf_skb_adjust_room has put a tunnel's headers around the packet. */
export const RECORD_ENCAPSULATED = 68

/**
 * Metadata of a tunnel: TUNNEL_*, 0 none; then number, flags (as tunnel_flags says them), tos, ttl, label, addresses.
 */
export const RECORD_TUNNEL_MODE = 72
export const RECORD_TUNNEL_OPTION_BYTES = 76
export const RECORD_TUNNEL_ID = 80
export const RECORD_TUNNEL_FLAGS = 84
export const RECORD_TUNNEL_TOS = 88
export const RECORD_TUNNEL_TTL = 92
export const RECORD_TUNNEL_LABEL = 96
export const RECORD_TUNNEL_SOURCE = 100
export const RECORD_TUNNEL_DESTINATION = 116
export const RECORD_TUNNEL_OPTIONS = 132
export const TUNNEL_OPTION_BYTES = 256
export const TUNNEL_PRESENT = 1
export const TUNNEL_IPV6 = 2
export const TUNNEL_TRANSMIT = 4

/** What the host says of the packet's socket and device, as the helpers answer it. */
export const RECORD_SOCKET_COOKIE = 392
export const RECORD_NETNS_COOKIE = 400
export const RECORD_CGROUP_ID = 408
export const RECORD_SOCKET_UID = 416
export const RECORD_CLASSID = 420
export const RECORD_ROUTE_REALM = 424
/** u64 for each level of the hierarchy of cgroups, from the root (1) on; 0 behind the last. */
export const RECORD_CGROUP_ANCESTORS = 432
export const CGROUP_LEVELS = 8
/** bpf_redirect_map: what stood under the key, 8 bytes as they lie; 0 none. */
export const RECORD_TARGET = 496
/** Socket buffers: pkt_type as it was at the start of the run. */
export const RECORD_TYPE_BEFORE = 504
/** tc: number of the socket that bpf_sk_assign gave the packet to, + 1; 0 none. */
export const RECORD_SOCKET = 508
export const RECORD_BYTES = 512

/** A clone: u32 bytes of the packet, u32 interface, u64 flags, the packet, padded to 8. */
export const CLONE_BYTES = 0
export const CLONE_IFINDEX = 4
export const CLONE_FLAGS = 8
export const CLONE_PACKET = 16

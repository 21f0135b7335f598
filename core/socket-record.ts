// The table of sockets that the host sets: in the core heap, written before anything runs
// (src/machine/options/sockets.ts), read by the helpers that look sockets up. And what programs see of a socket, one
// view each, in the guest window: the core reads nothing there, so a program that writes into a view changes no lookup.
// Plain constants for both languages.
// HEADER_SOCKETS says where the table lies, 0 if there are no sockets.

export const MAX_SOCKETS = 4096

/** Of the table: number of records, guest address of the first view. Records follow. */
export const SOCKETS_COUNT = 0
export const SOCKETS_VIEWS = 4
export const SOCKETS_FIRST = 8

/** IPPROTO_TCP or IPPROTO_UDP. */
export const SOCKET_PROTOCOL = 0
/** As in the view: TCP_ESTABLISHED and so on. */
export const SOCKET_STATE = 4
/** AF_INET or AF_INET6. */
export const SOCKET_FAMILY = 8
/** 1: a socket of IPv6 that takes nothing of IPv4. */
export const SOCKET_V6ONLY = 12
/** Interface that it is bound to; 0 none. */
export const SOCKET_INTERFACE = 16
/** In the order of the host; 0 none. */
export const SOCKET_LOCAL_PORT = 20
export const SOCKET_REMOTE_PORT = 24
/** 16 bytes each in the order of the network; those of IPv4 as IPv6 maps them, 0.0.0.0 as ::. */
export const SOCKET_LOCAL = 28
export const SOCKET_REMOTE = 44
export const SOCKET_BYTES = 60

/** A view: struct bpf_sock, and behind it struct bpf_tcp_sock. */
export const VIEW_TCP = 80
export const VIEW_BYTES = 192
// struct bpf_sock.
export const VIEW_BOUND_DEV_IF = 0
export const VIEW_FAMILY = 4
export const VIEW_TYPE = 8
export const VIEW_PROTOCOL = 12
export const VIEW_MARK = 16
export const VIEW_PRIORITY = 20
export const VIEW_SRC_IP4 = 24
export const VIEW_SRC_IP6 = 28
export const VIEW_SRC_PORT = 44
export const VIEW_DST_PORT = 48
export const VIEW_DST_IP4 = 52
export const VIEW_DST_IP6 = 56
export const VIEW_STATE = 72
export const VIEW_RX_QUEUE = 76

export const TCP_ESTABLISHED = 1
export const TCP_TIME_WAIT = 6
export const TCP_CLOSE = 7
export const TCP_LISTEN = 10
export const TCP_NEW_SYN_RECV = 12
export const IPPROTO_TCP = 6
export const IPPROTO_UDP = 17

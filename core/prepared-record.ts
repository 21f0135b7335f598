// What the host tells the core of a run that it has prepared: a structure in the core heap, which the host writes
// (src/machine/run/prepared.ts) and the core reads at each run (run/prepared.ts). Plain constants for both languages.

/**
 * Program, run buffer and its bytes, CONTEXT_*, the address that the program gets as its context, PREPARED_XDP or
 * _SOCKET_BUFFER if it has a packet, 1 if the run before has used its headroom or recorded a redirect, 1 if the CPU has
 * freed what waits for a grace period (the core writes it at the end of each run, so that the host need not ask).
 */
export const PREPARED_PROGRAM = 0
export const PREPARED_BUFFER = 4
export const PREPARED_BUFFER_BYTES = 8
export const PREPARED_CONTEXT = 12
export const PREPARED_CONTEXT_ADDRESS = 16
export const PREPARED_PACKET = 20
export const PREPARED_BUFFER_USED = 24
export const PREPARED_RECLAIM = 28
/** With a packet: context and record as the next run begins with them, RUN_RECORD + RECORD_BYTES bytes. */
export const PREPARED_BEGIN = 64
export const PREPARED_BYTES = 1088
export const PREPARED_XDP = 1
export const PREPARED_SOCKET_BUFFER = 2

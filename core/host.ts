// The imports of both builds: what only the host can do. Called by door.ts (clock) and run/ (fault).

/**
 * Writes the nanoseconds since the machine's epoch, never decreasing on one CPU, as a u64 at address `at`. A number
 * that JavaScript returned would be an object there: garbage that falls out of the cache, and is collected while a CPU
 * waits.
 */
export declare function clock(at: usize): void
/** Ends the running program: the host throws, the wasm frames unwind, run/unwind.ts repairs. Never returns. */
export declare function fault(kind: u32, detail: u64): void

// The imports of both builds: what only the host can do. Called by door.ts (clock) and run/ (fault).

/** Nanoseconds since the machine's epoch, never decreasing on one CPU. */
export declare function clock(): f64
/** Ends the running program: the host throws, the wasm frames unwind, run/unwind.ts repairs. Never returns. */
export declare function fault(kind: u32, detail: u64): void

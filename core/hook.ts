// The imports of the check build: every access to shared memory becomes one of these calls (docs/explorer-hook.md).
// Called by door.ts only. 64-bit operands and results travel as two 32-bit halves: a BigInt per step would be slow.

/** An access of at most 32 bits; returns what was in memory before (loads: what is there). */
export declare function access32(operation: u32, address: usize, a: u32, b: u32): u32
/** An access of 64 bits; returns the low half of what was there, `high` then gives the other. */
export declare function access64(operation: u32, address: usize, aLow: u32, aHigh: u32, bLow: u32, bHigh: u32): u32
/** The high half of the last access64. */
export declare function high(): u32

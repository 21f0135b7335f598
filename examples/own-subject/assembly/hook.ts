// The explorer's hook, as any AssemblyScript module imports it (docs/explorer-hook.md). asc takes the name of the file
// for the name of the imported module: `hook.access32`.

/** An access of at most 32 bits to the model's memory; returns what was there before. */
export declare function access32(operation: u32, address: u32, a: u32, b: u32): u32
/** An access of 64 bits in halves; returns the low half of what was there, `high` then gives the other. */
export declare function access64(operation: u32, address: u32, aLow: u32, aHigh: u32, bLow: u32, bHigh: u32): u32
export declare function high(): u32

// What the driver calls of a specimen, under the names that all three designs share. AssemblyScript, as core.ts.
export declare function set_callback(slot: usize, program: usize, text: usize): i32
export declare function start(slot: usize, nanoseconds: u64, flags: u64): i32
export declare function cancel(slot: usize): i32
export declare function specimen_enter(): bool
export declare function specimen_leave(section: bool): void
export declare function specimen_poll(): bool

// What the driver calls of the shipped core. AssemblyScript: the imports are linked by threads/instance.ts.
export declare function bpf_timer_set_callback(timer: u64, callback: u64): i64
export declare function bpf_timer_start(timer: u64, nanoseconds: u64, flags: u64): i64
export declare function bpf_timer_cancel(timer: u64): i64
export declare function section_enter(): bool
export declare function section_exit(outermost: bool): void
export declare function cpu_poll(): i32

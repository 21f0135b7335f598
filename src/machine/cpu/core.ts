// An instance of the core, one per CPU over the machine's memory. Typed exports; the two imports that only the host can
// provide. The module: core-module.ts.
import type { Clock } from './clock.js'
import { GuestFault } from './fault.js'

/** Exports of the core that the host calls. Addresses and indices are u32, shown by wasm as signed i32. */
export interface CoreExports {
  readonly table: WebAssembly.Table
  machine_boot(memoryBytes: number, cpus: number, controlBlocks: number, coreBytes: number): number
  cpu_attach(cpu: number): void
  cpu_poll(): number
  cpu_next_expiry(): number
  cpu_loop(): number
  cpu_unwind(): void
  cpu_offline(dead: number): number
  program_create(entry: number, tableFirst: number, tableEnd: number): number
  program_get(program: number): number
  program_put(program: number): void
  program_close(program: number): void
  program_release(program: number): void
  program_run_repeat(program: number, ctx: number, context: number, repeat: number): number
  run_prepare(area: number, bytes: number): void
  prepared_run(prepared: number): number
  cpu_reclaim_pending(): number
  cpu_idle(): number
  realtime_set(low: number, high: number): void
  control_blocks_total(): number
  control_blocks_free(): number
  control_blocks_lost(): number
  program_references(program: number): number
  program_run(program: number, ctx: number, context: number): number
  map_bytes_core(
    type: number,
    keySize: number,
    valueSize: number,
    maxEntries: number,
    flags: number,
    hasTimer: number,
    hasWork: number,
    extra: number,
  ): number
  map_bytes_guest(
    type: number,
    keySize: number,
    valueSize: number,
    maxEntries: number,
    flags: number,
    hasTimer: number,
    hasWork: number,
    extra: number,
  ): number
  map_create(
    type: number,
    keySize: number,
    valueSize: number,
    maxEntries: number,
    flags: number,
    timerOffset: number,
    workOffset: number,
    lockOffset: number,
    guestAddress: number,
    coreAddress: number,
    extra: number,
  ): number
  map_update(map: number, key: number, value: number, flags: number): number
  map_delete(map: number, key: number): number
  map_push(map: number, value: number, flags: number): number
  map_pop(map: number, value: number): number
  map_peek(map: number, value: number): number
  map_next(map: number, cursor: number): number
  map_lookup_copy(map: number, key: number, into: number, flags: number): number
  map_lookup_and_delete(map: number, key: number, into: number): number
  map_update_cpu(map: number, key: number, value: number, flags: number, cpu: number): number
  map_next_key(map: number, key: number, next: number): number
  map_element_key(map: number, index: number): number
  map_element_value(map: number, index: number): number
  perf_event_open(map: number, index: number, ring: number, cpu: number): number
  perf_event_close(map: number, index: number, ring: number): void
  ring_next(map: number): bigint
  ring_sample(map: number, position: number): number
  ring_release(map: number, position: number): number
  user_ring_reserve(map: number, size: number): number
  user_ring_end(map: number, sample: number, submit: number): void
  map_user_get(map: number): void
  map_user_put(map: number): void
  map_get(map: number): number
  map_put(map: number): void
  section_enter(): number
  section_exit(outermost: number): void
}

/** One CPU's instance of the core. `module` is passed on to worker threads so that none compiles it again. */
export function instantiateCore(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  clock: Clock,
): WebAssembly.Instance {
  return new WebAssembly.Instance(module, {
    env: { memory },
    host: {
      clock: clock.onto(memory),
      fault(kind: number, detail: bigint): never {
        throw new GuestFault(kind, BigInt.asUintN(64, detail))
      },
    },
  })
}

/** The exports with their types. */
export function coreExports(instance: WebAssembly.Instance): CoreExports {
  return instance.exports as unknown as CoreExports
}

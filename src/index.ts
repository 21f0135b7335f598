// The public API of skep. Re-exports only.
export { SkepError, type ErrorDetails } from './error.js'
export { boot, type InlineOptions } from './machine/boot.js'
export type { RunContext, RunOptions, RunResult, Stacks } from './machine/context.js'
export type { TimerInfo } from './machine/control-blocks.js'
export { InlineMachine } from './machine/inline.js'
export type { MachineEvents } from './machine/kernel.js'
export type { LifecycleEvent, LifecycleKind } from './machine/lifecycle.js'
export type { LoadOptions, LoadOptionsOf, ObjectSource } from './machine/load.js'
export { LocalMachine } from './machine/local.js'
export type { OpenOptions } from './machine/machine-base.js'
export type { Clone } from './machine/packet-run.js'
export type { Neighbor, NetworkInterface, Route } from './machine/network.js'
export type { Socket, TcpState } from './machine/sockets.js'
export type { Redirect } from './machine/redirect.js'
export { MapHandle } from './machine/map-handle.js'
export { MapMemory, type MemoryOptions } from './machine/map-memory.js'
export { PerfBuffer, type PerfBufferOptions, type PerfRecord } from './machine/perf-buffer.js'
export { UserRing, UserSample } from './machine/user-ring.js'
export type {
  Batch,
  BatchCursor,
  BatchOptions,
  LookupOptions,
  UpdateFlag,
  UpdateOptions,
} from './machine/map-options.js'
export type { PacketAfter, PacketState, PacketTunnel } from './machine/packet-state.js'
export { LoadedObject, Program } from './machine/object.js'
export type { Given, MapTypes, ObjectTypes } from './machine/object-types.js'
export { PreparedRun, type PrepareOptions } from './machine/prepared-run.js'
export type { BootOptions } from './machine/options.js'
export type { FaultDetails } from './machine/report.js'
export { join, JoinedCpu, JoinedObject, type JoinedProgram, type MachineShare } from './machine/share.js'
export type { CpuStatistics, MachineStatistics, ProgramStatistics } from './machine/statistics.js'
export { Machine, type ThreadOptions } from './machine/threads.js'
export type { Attachment, TaskIdentity } from './machine/task.js'
export type { TraceLine } from './machine/trace.js'
export type { Duration, Size } from './machine/units.js'
export { VariableHandle } from './machine/variables.js'
export { VirtualClock, VirtualMachine, type VirtualOptions } from './machine/virtual.js'
export { readObject } from './object/read.js'
export { getVariable, setKeySize, setMaxEntries, setValueSize, setVariable, setVariables } from './object/edit.js'
export type { FunctionSpec, MapSpec, ObjectSpec, ProgramSpec, ProgramType, VariableSpec } from './object/spec.js'

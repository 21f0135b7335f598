/// <reference lib="esnext.disposable" preserve="true" />
// The public API of skep. Re-exports only. The reference is for whoever has no @types/node: declarations name Symbol.dispose.
export { SkepError, type ErrorDetails } from './error.js'

// Machines: boot() makes one; what each kind has of its own; threads that join.
export { boot, type InlineOptions } from './machine/boot.js'
export type { BootOptions } from './machine/options.js'
export { MachineBase, type OpenOptions } from './machine/machine-base.js'
export { LocalMachine } from './machine/local.js'
export { InlineMachine } from './machine/inline.js'
export { VirtualClock, VirtualMachine, type VirtualOptions } from './machine/virtual.js'
export { Machine, type ThreadOptions } from './machine/threads.js'
export { join, JoinedCpu, JoinedObject, type JoinedProgram, type MachineShare } from './machine/share.js'
export type { Answer, Mode } from './machine/answer.js'
export type { Duration, Size } from './machine/units.js'
export type { Attachment, TaskIdentity } from './machine/task.js'
export type { Neighbor, NetworkInterface, Route } from './machine/network.js'
export type { Socket, TcpState } from './machine/sockets.js'

// What a machine tells of itself.
export type { MachineEvents } from './machine/kernel.js'
export type { FaultDetails } from './machine/report.js'
export type { TraceLine } from './machine/trace.js'
export type { LifecycleEvent, LifecycleKind } from './machine/lifecycle.js'
export type { TimerInfo } from './machine/control-blocks.js'
export type { CpuStatistics, MachineStatistics, ProgramStatistics } from './machine/statistics.js'

// Loaded objects and runs of their programs.
export type { LoadOptions, LoadOptionsOf, ObjectSource } from './machine/load.js'
export type { ReuseOptions } from './machine/map-reuse.js'
export type { Engine } from './machine/code.js'
export { LoadedObject, Program } from './machine/object.js'
export type { RunContext, RunOptions, RunResult, Stacks } from './machine/context.js'
export type { ContextFields } from './machine/context-fields.js'
export type { PacketAfter, PacketState, PacketTunnel } from './machine/packet-state.js'
export type { Clone } from './machine/packet-run.js'
export type { Redirect } from './machine/redirect.js'
export { PreparedRun, type PrepareOptions } from './machine/prepared-run.js'

// Maps and global variables.
export { MapHandle } from './machine/map-handle.js'
export type {
  Batch,
  BatchCursor,
  BatchOptions,
  LookupOptions,
  UpdateFlag,
  UpdateOptions,
} from './machine/map-options.js'
export { MapMemory, type MemoryOptions, type TypedArray } from './machine/map-memory.js'
export type { Consumer, ConsumeOptions } from './machine/ring-reader.js'
export { PerfBuffer, type PerfBufferOptions, type PerfRecord } from './machine/perf-buffer.js'
export { UserRing, UserSample } from './machine/user-ring.js'
export { VariableHandle } from './machine/variables.js'
export type { Given, GivenValue, MapTypes, ObjectTypes, OneValue } from './machine/object-types.js'

// Object files, read and edited before they are loaded.
export { readObject } from './object/read.js'
export { getVariable, setKeySize, setMaxEntries, setValueSize, setVariable, setVariables } from './object/edit.js'
export type {
  BtfTypeId,
  CoreRelocation,
  FunctionSpec,
  KconfigExtern,
  LineInfo,
  MapSpec,
  ObjectSpec,
  ProgramSpec,
  ProgramType,
  Relocation,
  VariableSpec,
} from './object/spec.js'
export type { Btf, BtfKind, BtfType, BtfValue, DecodeOptions } from './object/btf.js'
export type { BtfSource } from './object/kernel-btf.js'
export type { KconfigValue } from './object/kconfig.js'

/// <reference lib="esnext.disposable" preserve="true" />
// The public API of skep. Re-exports only. The reference is for whoever has no @types/node: declarations name
// Symbol.dispose.
export { SkepError, type ErrorDetails } from './error.js'

// Machines: boot() makes one; what each kind has of its own; threads that join.
export { boot, type InlineOptions } from './machine/boot/boot.js'
export type { BootOptions } from './machine/options/boot-options.js'
export { MachineBase, type OpenOptions } from './machine/boot/machine-base.js'
export { LocalMachine } from './machine/boot/local.js'
export { InlineMachine } from './machine/boot/inline.js'
export { VirtualClock, VirtualMachine, type VirtualOptions } from './machine/boot/virtual.js'
export { Machine, type ThreadOptions } from './machine/boot/threads.js'
export { join, JoinedCpu, JoinedObject, type JoinedProgram, type MachineShare } from './machine/boot/share.js'
export type { Answer, Mode } from './machine/answer.js'
export type { Duration, Size } from './machine/options/units.js'
export type { Attachment, TaskIdentity } from './machine/options/task.js'
export type { Neighbor, NetworkInterface, Route } from './machine/options/network.js'
export type { Socket, TcpState } from './machine/options/sockets.js'

// What a machine tells of itself.
export type { MachineEvents } from './machine/boot/kernel.js'
export type { FaultDetails } from './machine/observe/fault-report.js'
export type { TraceLine } from './machine/observe/trace.js'
export type { LifecycleEvent, LifecycleKind } from './machine/observe/lifecycle.js'
export type { TimerInfo } from './machine/observe/control-blocks.js'
export type { CpuStatistics, MachineStatistics, ProgramStatistics } from './machine/observe/statistics.js'

// Loaded objects and runs of their programs.
export type { LoadOptions, LoadOptionsOf, ObjectSource } from './machine/load/load.js'
export type { ReuseOptions } from './machine/load/map-reuse.js'
export type { Engine } from './machine/load/code.js'
export { LoadedObject } from './machine/load/object.js'
export { Program } from './machine/run/program.js'
export type {
  RunContext,
  RunOptions,
  RunResult,
  RunResultBytes,
  RunResultFields,
  RunResultPlain,
  Stacks,
} from './machine/run/context.js'
export type { ContextFields, ContextFieldsAfter } from './machine/run/context-fields.js'
export type { PacketAfter, PacketState, PacketTunnel } from './machine/run/packet-state.js'
export type { Clone } from './machine/run/packet.js'
export type { Redirect } from './machine/run/redirect.js'
export { PreparedRun, type PrepareOptions } from './machine/run/prepared.js'

// Maps and global variables.
export { MapHandle } from './machine/map/handle.js'
export type {
  Batch,
  BatchCursor,
  BatchOptions,
  LookupOptions,
  UpdateFlag,
  UpdateOptions,
} from './machine/map/options.js'
export { MapMemory, type MemoryOptions, type TypedArray } from './machine/map/memory.js'
export type { Consumer, ConsumeOptions } from './machine/map/ring-reader.js'
export { PerfBuffer, type PerfBufferOptions, type PerfRecord } from './machine/map/perf-buffer.js'
export { UserRing, UserSample, type ReserveOptions } from './machine/map/user-ring.js'
export { VariableHandle } from './machine/load/variables.js'
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

// Loads through the address of a structure of the kernel, which the kernel's verifier makes BPF_PROBE_MEM: where the
// address is null or nothing is mapped, they read 0 and do not fault. Such an address is an argument of what a tracing
// program traces, the task of bpf_get_current_task_btf, or was loaded through one. The analysis knows only that a
// register may hold one (KERNEL_POINTER in value.ts), which is enough: a load through anything else that it may hold,
// the kernel refuses. For analyse.ts; both engines ask it.
import type { Instruction } from '../isa/decode.js'
import { helperCalls } from '../object/check.js'
import type { ObjectSpec, ProgramType } from '../object/spec.js'
import type { State } from './state.js'
import { mayBeKernelPointer } from './value.js'

/** By name of the function: indices of the loads that read 0 outside of guest memory. */
export type Probes = ReadonlyMap<string, ReadonlySet<number>>

export const NO_PROBES: Probes = new Map()

/** True for programs whose context holds the arguments, with their types, of what they trace. */
export function hasTypedArguments(type: ProgramType): boolean {
  return type === 'tracing'
}

/** True if programs of the object may come by the address of a structure of the kernel. */
export function hasKernelPointers({ programs, functions }: ObjectSpec): boolean {
  return (
    [...programs.values()].some(({ type }) => hasTypedArguments(type)) ||
    [...functions.values()].some((fn) => helperCalls(fn).some(({ helper }) => helper === CURRENT_TASK))
  )
}

const CURRENT_TASK = 158

export function isProbe({ form, src }: Instruction, { registers }: State): boolean {
  return form.kind === 'load' && mayBeKernelPointer(registers[src])
}

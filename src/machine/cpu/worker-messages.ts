// What the host thread and a worker CPU say to each other. Runs do not go this way: they use the mailbox in shared
// memory (CPU_REQUEST), so that a run costs no message unless it faults.
import type { RealEpoch } from './clock.js'
import type { ObjectCode } from './cpu.js'
import type { RawFault } from './fault.js'

/** `workerData` of a worker CPU: 1 once its task has been sent. */
export type TaskSent = Int32Array

/** The first message to a worker CPU. */
export interface WorkerTask {
  readonly module: WebAssembly.Module
  readonly memory: WebAssembly.Memory
  readonly epoch: RealEpoch
  readonly cpu: number
}

/** From the host; sent before CPU_CONTROL is set and the CPU's bell is rung. */
export type HostMessage =
  | { readonly kind: 'install'; readonly id: number; readonly code: ObjectCode }
  | { readonly kind: 'uninstall'; readonly id: number; readonly tableFirst: number; readonly count: number }
  | { readonly kind: 'close'; readonly id: number }

/** From the worker. */
export type WorkerMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly id: number; readonly error?: string }
  /** A fault in a callback, or in the run that the mailbox asked for. */
  | { readonly kind: 'fault'; readonly raw: RawFault; readonly run: boolean }

/** CPU_REQUEST: the run ended by a fault; its message was posted before. */
export const REQUEST_FAULTED = 3

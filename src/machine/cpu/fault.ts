// A fault ends a run of a guest program: it is thrown through the wasm frames and caught where the CPU was entered.
// Here: what is caught (GuestFault, or a trap of the engine), and its plain form, which can travel between threads.
// Making it readable (program, C line, what lies at the address) is observe/fault-report.ts's work.
import {
  FAULT_BAD_ACCESS,
  FAULT_BAD_CALLBACK,
  FAULT_CALLBACK_RESULT,
  FAULT_CLOCK_RANGE,
  FAULT_LOOP_BUDGET,
  FAULT_MISALIGNED_ATOMIC,
  FAULT_SPIN_LOCK,
  FAULT_STACK_OVERFLOW,
  FAULT_UNREACHABLE,
} from '../../../core/abi.js'

/** Deep enough for eight guest frames, helpers between them included. */
const STACK_FRAMES = 60

/** Thrown by the imports `host.fault` and `host.fault_at`; never leaves src/machine. */
export class GuestFault extends Error {
  readonly kind: number
  readonly detail: bigint

  constructor(kind: number, detail: bigint) {
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = STACK_FRAMES
    super('guest fault')
    Error.stackTraceLimit = limit
    this.kind = kind
    this.detail = detail
  }
}

/** What a CPU was doing when a fault was caught. */
export interface FaultPlace {
  readonly cpu: number
  /** The core's address of the program that ran; 0 unknown. */
  readonly program: number
  /** Address of the interpreter's last instruction; means something only if the program is interpreted. */
  readonly instruction: number
  /** True if a timer or work callback ran, false for a program run. */
  readonly callback: boolean
}

/** A fault as plain data (structured-cloneable). */
export interface RawFault extends FaultPlace {
  readonly kind: number
  /** Address, callback result … by kind. */
  readonly detail: bigint
  /** The engine's stack trace: where in the compiled code it happened. */
  readonly stack: string
  /** The engine's words, for traps. */
  readonly trap?: string
}

function trapKind(error: unknown): number | undefined {
  if (error instanceof RangeError && /call stack/i.test(error.message)) return FAULT_STACK_OVERFLOW
  if (!(error instanceof WebAssembly.RuntimeError)) return undefined
  if (/unaligned/.test(error.message)) return FAULT_MISALIGNED_ATOMIC
  if (/memory access out of bounds/.test(error.message)) return FAULT_BAD_ACCESS
  if (/table index|null function|signature/.test(error.message)) return FAULT_BAD_CALLBACK
  return FAULT_UNREACHABLE
}

/** The fault behind something that a guest run threw; undefined if it is none (then it is a bug of ours: rethrow). */
export function rawFault(error: unknown, where: FaultPlace): RawFault | undefined {
  if (error instanceof GuestFault) return { kind: error.kind, detail: error.detail, stack: error.stack ?? '', ...where }
  const kind = trapKind(error)
  if (kind === undefined) return undefined
  const { stack, message } = error as Error
  return { kind, detail: 0n, stack: stack ?? '', ...where, trap: message }
}

/** Stable code of a fault kind, as in SkepError.code. */
export function faultCode(kind: number): string {
  switch (kind) {
    case FAULT_BAD_ACCESS:
      return 'FAULT_BAD_ACCESS'
    case FAULT_STACK_OVERFLOW:
      return 'FAULT_STACK_OVERFLOW'
    case FAULT_LOOP_BUDGET:
      return 'FAULT_LOOP_BUDGET'
    case FAULT_CALLBACK_RESULT:
      return 'FAULT_CALLBACK_RESULT'
    case FAULT_BAD_CALLBACK:
      return 'FAULT_BAD_CALLBACK'
    case FAULT_SPIN_LOCK:
      return 'FAULT_SPIN_LOCK'
    case FAULT_MISALIGNED_ATOMIC:
      return 'FAULT_MISALIGNED_ATOMIC'
    case FAULT_CLOCK_RANGE:
      return 'FAULT_CLOCK_RANGE'
    case FAULT_UNREACHABLE:
    default:
      return 'FAULT_UNREACHABLE'
  }
}

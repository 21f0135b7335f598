// What a run needs in guest memory, by program type: context and data laid out in the CPU's run buffer as
// BPF_PROG_TEST_RUN lays them out, and read back afterwards. Packets: packet.ts.
import {
  CONTEXT_NMI,
  CONTEXT_SOFTIRQ,
  CONTEXT_TASK,
  CONTEXT_WORKQUEUE,
  DEEPEST_STACK,
  RUN_CONTEXT_BYTES as CONTEXT_AREA,
  STACKS_BYTES,
  STACK_AREA_BYTES,
} from '../../../core/abi.js'
import { TASK_KERNEL_DEPTH, TASK_PACKET_BYTES, TASK_USER_DEPTH } from '../../../core/task-record.js'
import { show, SkepError } from '../../error.js'
import type { ProgramSpec } from '../../object/spec.js'
import type { ContextFields, ContextFieldsAfter } from './context-fields.js'
import { refuseUnknown, unknownOption, type Fail, type OptionNames } from '../options/given-options.js'
import { PACKET_AT, placePacket, type Clone } from './packet.js'
import type { MapAt, Redirect } from './redirect.js'
import type { PacketAfter, PacketState } from './packet-state.js'
import { PACKET_TYPES, SOCKET_BUFFER_TYPES } from '../program-types.js'
import type { RunBuffer } from '../cpu/run-buffer.js'
import { placeTask, type Attachment, type TaskIdentity } from '../options/task.js'

/** Where a program believes to run; 'nmi' is the default for perf_event programs, 'task' for all others. */
export type RunContext = 'task' | 'softirq' | 'workqueue' | 'nmi'

/** What a caller may pass to run(). */
export interface RunOptions {
  /**
   * Packet bytes for xdp, tc and socket programs (at least 14: an Ethernet header). Tracing programs: the packet of the
   * sk_buff or xdp_buff that they hand to bpf_skb_output, bpf_dynptr_from_skb, bpf_xdp_output or bpf_xdp_get_buff_len;
   * the structure itself is not made.
   */
  data?: Uint8Array
  /**
   * The context. xdp and tc/socket: an object of fields (`{ mark: 1 }`) or the bytes of xdp_md or __sk_buff. raw_tp,
   * tp_btf, fentry: an array of up to 12 numbers or bigints, or their bytes. Others: bytes; zeros if absent.
   */
  ctx?: Uint8Array | ContextFields | readonly (number | bigint)[]
  /** CPU to run on; default 0. */
  cpu?: number
  /** Runs in a row on the same buffers; default 1. The result is the last run's, `duration` the mean. */
  repeat?: number
  /** Where the program believes to run; see RunContext. */
  context?: RunContext
  /** What this run's task is, besides what the machine's is. */
  task?: TaskIdentity
  /** What the program is attached to, for bpf_get_attach_cookie and bpf_get_func_ip. */
  attach?: Attachment
  /**
   * Return addresses of the kernel's and the user's stack, innermost first, at most 127 each: bpf_get_stack,
   * bpf_get_stackid.
   */
  stack?: Stacks
  /** What a tc or socket program's packet has besides its bytes and its context. */
  packet?: PacketState
}

const runOptions = {
  data: true,
  ctx: true,
  cpu: true,
  repeat: true,
  context: true,
  task: true,
  attach: true,
  stack: true,
  packet: true,
} satisfies OptionNames<RunOptions>

/** The stacks that a program is told it runs on. */
export interface Stacks {
  /** Return addresses, innermost first, at most 127. */
  kernel?: readonly (number | bigint)[]
  /** The same. */
  user?: readonly (number | bigint)[]
}

const stackFields = { kernel: true, user: true } satisfies OptionNames<Stacks>

/** What run() answers. What is of no use for the program's type is absent. */
export interface RunResult {
  /** The program's r0, as u32 (`retval | 0` for a negative one). */
  retval: number
  /** xdp, tc, socket, cgroup_skb: the packet between data and data_end afterwards, from the Ethernet header on. */
  data?: Uint8Array
  /**
   * The context afterwards: bytes where bytes or words were given; else fields, of a packet program, and nothing, of
   * any other.
   */
  ctx?: Uint8Array | ContextFieldsAfter
  /** xdp: the bytes that bpf_xdp_adjust_meta left in front of the packet, if there are any. */
  metadata?: Uint8Array
  /**
   * xdp, tc: where the packet goes, if the program answered XDP_REDIRECT or TC_ACT_REDIRECT and a helper said where.
   */
  redirect?: Redirect
  /** tc, socket: what the packet has at the end besides its bytes and its context. */
  packet?: PacketAfter
  /** tc: copies of the packet that bpf_clone_redirect sent, if there are any, oldest first. */
  clones?: Clone[]
  /** Mean nanoseconds of one run by the machine's clock (0 on a virtual machine). */
  duration: number
}

/** Of a run that was given its context as bytes, or as words. */
export interface RunResultBytes extends RunResult {
  /** So many bytes as were given. */
  ctx: Uint8Array
}

/** Of a run of a packet program that was given fields. */
export interface RunResultFields extends RunResult {
  ctx: ContextFieldsAfter
}

/** Of a run that was given no context. */
export interface RunResultPlain extends RunResult {
  /** Packet programs only. */
  ctx?: ContextFieldsAfter
}

/** A run placed in memory. */
export interface PlacedRun {
  /** Guest address of the context; 0 = none. */
  readonly contextAddress: number
  /** CONTEXT_*. */
  readonly context: number
  /** Bytes of the context. */
  readonly contextBytes: number
  /** What the caller says of the packet's length on the wire; 0 nothing. */
  readonly wireLength: number
  /** Reads back what the run left, which returned `retval` and took `duration`. */
  readonly finish: (retval: number, duration: number) => RunResult
}

const contextNumbers: Record<RunContext, number> = {
  task: CONTEXT_TASK,
  softirq: CONTEXT_SOFTIRQ,
  workqueue: CONTEXT_WORKQUEUE,
  nmi: CONTEXT_NMI,
}

/** Bytes of context for types that take plain bytes: [default, most]. */
const plainSizes: Partial<Record<ProgramSpec['type'], readonly [number, number]>> = {
  syscall: [0, 65535],
  raw_tracepoint: [96, 96],
  tracing: [96, 96],
  kprobe: [168, 512],
  tracepoint: [256, CONTEXT_AREA],
  perf_event: [256, CONTEXT_AREA],
}

/** How often the program is run. Throws BAD_RUN. */
export function repeatOf(options: RunOptions): number {
  const repeat = options.repeat ?? 1
  if (!Number.isInteger(repeat) || repeat < 1)
    throw new SkepError('BAD_RUN', `repeat: expected a whole number from 1, got ${show(repeat)}`)
  return repeat
}

/** Checks what the caller passed and writes it into the run buffer. Throws BAD_RUN naming the program. */
export function placeRun(program: ProgramSpec, options: RunOptions, buffer: RunBuffer, mapAt: MapAt): PlacedRun {
  const fail: Fail = failing(program)
  const unknown = unknownOption(options, runOptions)
  if (unknown !== undefined) fail(unknown)
  const name = options.context ?? (program.type === 'perf_event' ? 'nmi' : 'task')
  if (typeof name !== 'string' || !Object.hasOwn(contextNumbers, name))
    fail(`context ${show(name)} is none of task, softirq, workqueue, nmi`)
  const context = contextNumbers[name]
  if (options.packet !== undefined && !SOCKET_BUFFER_TYPES.includes(program.type))
    fail('programs of this type have no socket buffer: packet is for tc, socket and cgroup_skb programs')
  if (options.stack !== undefined && PACKET_TYPES.includes(program.type))
    fail('programs of this type cannot ask for a stack: stack is for tracing and syscall programs')
  const placed = PACKET_TYPES.includes(program.type)
    ? placePacket(program, options, buffer, context, mapAt, fail)
    : placePlain(program, options, buffer, context, fail)
  placeSurroundings(program, options, buffer, placed.contextBytes, fail)
  return placed
}

/**
 * Sets the task of a CPU and the stacks again to what the options of a run say of them, which have been placed before.
 */
export function placeTaskAgain(program: ProgramSpec, options: RunOptions, buffer: RunBuffer): void {
  buffer.prepare(0)
  placeSurroundings(program, options, buffer, 0, failing(program))
}

// What a run has besides its context of `used` bytes and its packet.
function placeSurroundings(
  program: ProgramSpec,
  options: RunOptions,
  buffer: RunBuffer,
  used: number,
  fail: Fail,
): void {
  placeTask(buffer.bytes, buffer.task, options, tracedFunction(program, options.ctx), fail)
  const packet = program.type === 'tracing' ? options.data : undefined
  if (packet) placeTracedPacket(buffer, packet, fail)
  if (options.stack !== undefined) placeStacks(buffer, packet ? PACKET_AT + packet.length : used, options.stack, fail)
}

function failing(program: ProgramSpec): Fail {
  return (what) => {
    throw new SkepError('BAD_RUN', `program '${program.name}' (${program.section}): ${what}`)
  }
}

/** How many arguments the function has that a fentry or fexit program traces: its context says. */
function tracedFunction(
  program: ProgramSpec,
  ctx: RunOptions['ctx'],
): { arguments: number; returns: boolean } | undefined {
  if (program.type !== 'tracing') return undefined
  const returns = program.attachType === 'trace_fexit'
  const words = Array.isArray(ctx) ? ctx.length : ctx instanceof Uint8Array ? ctx.length >>> 3 : 0
  return { arguments: Math.max(0, returns ? words - 1 : words), returns }
}

function placePlain(
  program: ProgramSpec,
  options: RunOptions,
  buffer: RunBuffer,
  context: number,
  fail: Fail,
): PlacedRun {
  if (options.data !== undefined && program.type !== 'tracing') fail(`programs of this type take no data`)
  const [usual, most] = plainSizes[program.type] ?? fail('programs of this type cannot be run')
  const given = plainBytes(options.ctx, fail)
  const limit = Math.min(most, buffer.size)
  if (given && given.length > limit) fail(`ctx has ${given.length} bytes; at most ${limit} are possible`)
  const size = program.type === 'syscall' ? (given?.length ?? 0) : Math.max(usual, given?.length ?? 0)
  buffer.prepare(size)
  if (given) buffer.bytes.set(given, buffer.address)
  return {
    contextAddress: size === 0 ? 0 : buffer.address,
    contextBytes: size,
    context,
    wireLength: 0,
    finish: (retval, duration) =>
      given
        ? { retval, ctx: buffer.bytes.slice(buffer.address, buffer.address + given.length), duration }
        : { retval, duration },
  }
}

/** The packet of what is traced, where core/helper/perf-event.ts looks for it. */
function placeTracedPacket(buffer: RunBuffer, packet: unknown, fail: Fail): void {
  if (!(packet instanceof Uint8Array)) return fail('data must be a Uint8Array')
  const room = buffer.size - PACKET_AT
  if (packet.length > room) fail(`data has ${packet.length} bytes; the run buffer holds ${room}`)
  buffer.bytes.set(packet, buffer.address + PACKET_AT)
  taskView(buffer).setUint32(TASK_PACKET_BYTES, packet.length, true)
}

function taskView({ bytes, task }: RunBuffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset + task)
}

/** At the end of the run buffer, where core/helper/stack-trace.ts looks for them. */
function placeStacks(buffer: RunBuffer, used: number, stack: Stacks, fail: Fail): void {
  refuseUnknown(stack, stackFields, 'stack', fail)
  const start = buffer.size - STACKS_BYTES
  if (used > start) fail(`ctx and data take ${used} bytes; with stacks at most ${start} are possible`)
  buffer.bytes.fill(0, buffer.address + start, buffer.address + buffer.size)
  for (const [name, at, depth] of [
    ['kernel', start, TASK_KERNEL_DEPTH],
    ['user', start + STACK_AREA_BYTES, TASK_USER_DEPTH],
  ] as const) {
    const addresses = stack[name] ?? []
    if (!Array.isArray(addresses) || addresses.length > DEEPEST_STACK)
      fail(`stack.${name}: expected at most ${DEEPEST_STACK} addresses, got ${show(addresses)}`)
    addresses.forEach((address: unknown, index) =>
      buffer.view.setBigUint64(at + 8 * index, wholeWord(address, `stack.${name}[${index}]`, fail), true),
    )
    taskView(buffer).setUint32(depth, addresses.length, true)
  }
}

function wholeWord(word: unknown, name: string, fail: Fail): bigint {
  if (typeof word !== 'bigint' && !Number.isInteger(word))
    fail(`${name} must be a whole number or a bigint, got ${show(word)}`)
  return BigInt.asUintN(64, BigInt(word as number | bigint))
}

function plainBytes(ctx: RunOptions['ctx'], fail: Fail): Uint8Array | undefined {
  if (ctx === undefined || ctx instanceof Uint8Array) return ctx
  if (!Array.isArray(ctx)) return fail('ctx must be bytes, or an array of numbers')
  const words = (ctx as readonly unknown[]).map((word, index) => wholeWord(word, `ctx[${index}]`, fail))
  return new Uint8Array(BigUint64Array.from(words).buffer)
}

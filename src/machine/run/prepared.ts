// A run that is made ready once and then repeated, for hot loops on the calling thread: no object for options or
// answer, no copy, no reading of the clock but the program's own. Made by LocalMachine (boot/local.ts) for
// Program.prepare().
// Invariant: its run buffer and its structure in the core heap are its own until close().
import {
  PREPARED_BEGIN,
  PREPARED_BUFFER,
  PREPARED_BUFFER_BYTES,
  PREPARED_BYTES,
  PREPARED_CONTEXT,
  PREPARED_CONTEXT_ADDRESS,
  PREPARED_PACKET,
  PREPARED_PROGRAM,
  PREPARED_RECLAIM,
  PREPARED_SOCKET_BUFFER,
  PREPARED_XDP,
} from '../../../core/prepared-record.js'
import { RECORD_BYTES, RUN_RECORD } from '../../../core/run-record.js'
import { SkepError } from '../../error.js'
import { placeRun, placeTaskAgain, type PlacedRun, type RunOptions, type RunResult } from './context.js'
import type { Cpu } from '../cpu/cpu.js'
import type { Kernel } from '../boot/kernel.js'
import type { LiveProgram } from '../load/object-table.js'
import { ETHERNET_HEADER, packetRoom, PACKET_AT, SKB_WIRE_LEN, writePacketPlace, XDP_DATA_END } from './packet.js'
import { PACKET_TYPES } from '../program-types.js'
import type { RunBuffer } from '../cpu/run-buffer.js'
import { allocateBoth } from '../cpu/ranges.js'

/** What a caller may pass to prepare(): what run() takes, but `repeat`. Without `data` the packet has 14 zero bytes. */
export type PrepareOptions = Omit<RunOptions, 'repeat'>

/** What a machine does for its prepared runs. */
export interface PreparedRunHost {
  /** What a CPU's run has thrown becomes the error that run() throws. */
  fault(error: unknown): never
  /** What follows every run. `pending`: whether the host's CPU has freed what waits, if that is known. */
  after(pending: boolean | undefined): void
}

/** The task of a CPU whose last run said nothing of its task, nor of its stacks. */
const MACHINE_TASK = {}

/** A program with its context and its packet, ready to run as often as wanted: Program.prepare(). */
export class PreparedRun {
  /**
   * The packet, in the memory of the machine: fill it, set `length`, run. As long as the longest packet that is
   * possible; programs change it in place. Empty for programs without a packet. Not to be used after close().
   */
  readonly data: Uint8Array
  /**
   * Programs without a packet: their context, in the memory of the machine; programs change it in place. Empty for
   * those with a packet, whose runs all begin with the context that was prepared. Not to be used after close().
   */
  readonly ctx: Uint8Array
  readonly #cpu: Cpu
  readonly #program: LiveProgram
  readonly #host: PreparedRunHost
  readonly #options: PrepareOptions
  readonly #buffer: RunBuffer
  readonly #placed: PlacedRun
  readonly #kernel: Kernel
  /** Its structure in the core, and the address. */
  readonly #record: DataView
  readonly #address: number
  /** The context that its next run begins with. */
  readonly #begin: DataView
  /** What the CPU's task is while this run's is there. */
  readonly #task: object
  readonly #socketBuffer: boolean
  readonly #giveBack: () => void
  #length = 0
  #retval = 0
  #open = true

  /** @internal */
  constructor(kernel: Kernel, cpu: Cpu, program: LiveProgram, options: PrepareOptions, host: PreparedRunHost) {
    const { memory } = kernel
    const { spec } = program
    const hasPacket = PACKET_TYPES.includes(spec.type)
    const given: PrepareOptions = hasPacket ? { data: new Uint8Array(ETHERNET_HEADER), ...options } : { ...options }
    const size = cpu.runBuffer.size
    const { buffer, address, giveBack } = allocate(kernel, cpu, program, size)
    try {
      cpu.taskOf = undefined
      this.#placed = placeRun(spec, given, buffer, kernel.maps.named)
    } catch (error) {
      giveBack()
      throw error
    }
    const { contextAddress, context, contextBytes } = this.#placed
    memory.setWord(address + PREPARED_PROGRAM, program.address)
    memory.setWord(address + PREPARED_BUFFER, buffer.address)
    memory.setWord(address + PREPARED_BUFFER_BYTES, buffer.size)
    memory.setWord(address + PREPARED_CONTEXT, context)
    memory.setWord(address + PREPARED_CONTEXT_ADDRESS, contextAddress)
    const packet = spec.type === 'xdp' ? PREPARED_XDP : PREPARED_SOCKET_BUFFER
    memory.setWord(address + PREPARED_PACKET, hasPacket ? packet : 0)
    memory.bytes.copyWithin(address + PREPARED_BEGIN, buffer.address, buffer.address + RUN_RECORD + RECORD_BYTES)
    this.#begin = new DataView(memory.bytes.buffer, address + PREPARED_BEGIN, RUN_RECORD + RECORD_BYTES)
    const at = buffer.address + PACKET_AT
    this.data = memory.bytes.subarray(at, hasPacket ? at + packetRoom(buffer) : at)
    this.ctx = memory.bytes.subarray(buffer.address, hasPacket ? buffer.address : buffer.address + contextBytes)
    this.#kernel = kernel
    this.#record = new DataView(memory.bytes.buffer, address, PREPARED_BYTES)
    this.#cpu = cpu
    this.#program = program
    this.#host = host
    this.#options = given
    this.#buffer = buffer
    this.#address = address
    this.#giveBack = giveBack
    this.#socketBuffer = hasPacket && spec.type !== 'xdp'
    const says = given.task !== undefined || given.attach !== undefined || given.stack !== undefined
    this.#task = says || spec.type === 'tracing' ? this : MACHINE_TASK
    cpu.taskOf = this.#task
    program.object.prepared.add(this)
    if (hasPacket) this.#length = given.data!.length
  }

  /** Bytes of the next run's packet, from the start of `data`; at least 14. 0 for programs without a packet. */
  get length(): number {
    return this.#length
  }

  /** Throws BAD_RUN for what is no length of a packet here, CLOSED. */
  set length(bytes: number) {
    // Loops over packets set it before each run.
    if (bytes === this.#length && bytes > 0 && this.#open) return
    this.#check()
    if (!Number.isInteger(bytes) || bytes < ETHERNET_HEADER || bytes > this.data.length)
      throw new SkepError(
        'BAD_RUN',
        this.data.length === 0
          ? `program '${this.#program.spec.name}': programs of this type have no packet, so it has no length`
          : `length: expected a whole number from ${ETHERNET_HEADER} to ${this.data.length}, got ${String(bytes)}`,
      )
    this.#length = bytes
    if (!this.#socketBuffer) this.#begin.setUint32(XDP_DATA_END, this.#buffer.address + PACKET_AT + bytes, true)
  }

  /**
   * Runs the program once, as Program.run() would with these options and this packet: the same return value (r0 as
   * u32), effects and errors, and the same follows (printed lines, freed memory; timers fire when the machine is
   * polled).
   * `machine.stats()` counts the run, but not its time.
   */
  run(): number {
    this.#check()
    const kernel = this.#kernel
    kernel.check()
    const cpu = this.#cpu
    if (cpu.taskOf !== this.#task) this.#placeTask()
    if (this.#socketBuffer) this.#placePacket()
    let retval: number
    try {
      retval = cpu.runPrepared(this.#address)
    } catch (error) {
      return this.#host.fault(error)
    }
    this.#retval = retval
    this.#host.after(cpu === kernel.host ? this.#record.getUint32(PREPARED_RECLAIM, true) !== 0 : undefined)
    return retval
  }

  /**
   * What the last run left, as run() answers it: a copy of packet and context. `duration` is 0: nobody took the time.
   */
  result(): RunResult {
    this.#check()
    return this.#placed.finish(this.#retval, 0)
  }

  /** Gives its memory back. So does closing the object. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#program.object.prepared.delete(this)
    this.#giveBack()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #check(): void {
    if (!this.#open) throw new SkepError('CLOSED', 'the prepared run is closed')
  }

  #placeTask(): void {
    placeTaskAgain(this.#program.spec, this.#options, this.#buffer)
    this.#cpu.taskOf = this.#task
  }

  // Of a socket buffer its first bytes decide too, and these the caller has just written.
  #placePacket(): void {
    const start = this.#buffer.address + PACKET_AT
    this.#begin.setUint32(SKB_WIRE_LEN, this.#placed.wireLength, true)
    writePacketPlace(this.#begin, this.#program.spec.type, start, this.data, this.#length)
  }
}

/** A run buffer and a place in the core heap; throws NO_MEMORY. */
function allocate(kernel: Kernel, cpu: Cpu, program: LiveProgram, size: number) {
  const { memory, guest, heap } = kernel
  const name = program.spec.name
  const room = kernel.withRoom(() => allocateBoth(guest, size, heap, PREPARED_BYTES))
  if (!room) throw new SkepError('NO_MEMORY', `program '${name}': a prepared run needs ${size} bytes of guest memory`)
  const [buffer, address] = room
  const range = { start: buffer, end: buffer + size, what: `context or packet of a prepared run of '${name}'` }
  const giveBack = (): void => {
    guest.release(buffer, size)
    heap.release(address, PREPARED_BYTES)
    kernel.places.delete(range)
  }
  memory.fill(buffer, size)
  kernel.places.add(range)
  const own: RunBuffer = {
    bytes: memory.bytes,
    view: new DataView(memory.bytes.buffer, buffer, size),
    address: buffer,
    size,
    task: cpu.runBuffer.task,
    // It is new: all 0.
    prepare: () => cpu.runBuffer.prepare(0),
  }
  return { buffer: own, address, giveBack }
}

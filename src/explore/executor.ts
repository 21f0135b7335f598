// Runs compiled operations over hook closures: one wasm instance per CPU, each access answered from a log until the log
// ends, then the frames are unwound. Also runs set-up natively, straight on the model's memory. Owns the instances and
// the JavaScript door that subjects see as `Cpu`. Called by stage.ts (set-up) and log.ts (operations).
import * as abi from '../../core/abi.js'
import { checkRange, operationOf, perform, result, Violation, widthOf } from './access.js'
import type { Words } from './words.js'

/** Thrown through the wasm frames when the log has ended. Subjects must let it pass. */
export const UNWOUND = Symbol('unwound')

/** `host.fault` of the core: the kind and the detail, as the result of the operation that it ended. */
export class GuestFault extends Error {
  constructor(
    readonly kind: number,
    readonly detail: bigint,
  ) {
    super(`fault ${kind}`)
  }
}

/** Door operations of the explorer itself, beyond those of core/abi.ts. */
export const DOOR_POISON = 64
export const DOOR_CLEANSE = 65
export const DOOR_SET_CLOCK = 66
export const DOOR_STOPPED = 67

/** The exports of an instance, loosely typed: subjects know what they call. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Exports = Record<string, any>

export type WasmImports = Record<string, Record<string, unknown>>

// The call stack from the operation's own code inwards. Read through the structured interface: source maps, which make
// the textual one slow, are not consulted.
function callSite(): string {
  const { prepareStackTrace, stackTraceLimit } = Error
  try {
    Error.stackTraceLimit = 100
    Error.prepareStackTrace = (_error, frames) => {
      const caller = frames.findIndex((frame) => /explore\/log\.js$/.test(frame.getFileName() ?? ''))
      return frames
        .slice(0, caller)
        .filter((frame) => !/explore\/executor\.js$/.test(frame.getFileName() ?? ''))
        .map(
          (frame) =>
            `${frame.getFunctionName() ?? ''} ${frame.getFileName() ?? frame.getEvalOrigin() ?? ''}:${frame.getLineNumber()}:${frame.getColumnNumber()}`,
        )
        .join('\n')
    }
    return String(new Error().stack)
  } finally {
    Object.assign(Error, { prepareStackTrace, stackTraceLimit })
  }
}

/** How the executor behaves at the next access. */
const NATIVE = 0
const REPLAY = 1

export class Executor {
  /** The log being replayed: low and high halves of the answers, and the accesses that they answered. */
  log = new Int32Array(256)
  codes = new Int32Array(128)
  addresses = new Int32Array(128)
  operands = new Int32Array(512)
  length = 0
  /** The access at which the operation was unwound. */
  code = 0
  address = 0
  aLow = 0
  aHigh = 0
  bLow = 0
  bHigh = 0
  /** Asked at each access beyond the log: true if `run ahead` has an answer in `result`, so that the run goes on. */
  beyond: () => boolean = () => false
  /** The call stack at that access, if `wantStack`. */
  stack = ''
  wantStack = false
  private mode = NATIVE
  private position = 0
  private unwinding = false
  private highHalf = 0

  /**
   * `limit` is where addresses end; `hidden` is the word index of the model's own words: [clock low, clock high,
   * stopped CPU + 1].
   */
  constructor(
    private readonly memory: Words,
    private readonly limit: number,
    private readonly hidden: number,
  ) {}

  readonly access32 = (code: number, address: number, a: number, b: number): number =>
    this.access(code, address, a, 0, b, 0)

  readonly access64 = (code: number, address: number, aLow: number, aHigh: number, bLow: number, bHigh: number) =>
    this.access(code, address, aLow, aHigh, bLow, bHigh)

  readonly high = (): number => this.highHalf

  /** Makes room for a log of `length` answers and makes that the log to replay. */
  replayLength(length: number): void {
    if (length > this.codes.length) {
      this.log = new Int32Array(length * 4)
      this.codes = new Int32Array(length * 2)
      this.addresses = new Int32Array(length * 2)
      this.operands = new Int32Array(length * 8)
    }
    this.length = length
  }

  /** Replays the log through `run`; returns its result, or UNWOUND when an access beyond the log was reached. */
  replay(run: () => unknown): unknown {
    this.mode = REPLAY
    this.position = 0
    this.unwinding = false
    try {
      return run()
    } catch (thrown) {
      if (thrown === UNWOUND) return UNWOUND
      throw thrown
    } finally {
      this.mode = NATIVE
    }
  }

  private access(code: number, address: number, aLow: number, aHigh: number, bLow: number, bHigh: number): number {
    if (this.mode === NATIVE) return this.native(code, address, aLow, aHigh, bLow, bHigh)
    const position = this.position++
    if (position < this.length) {
      if (!this.repeats(position, code, address, aLow, aHigh, bLow, bHigh))
        throw new Violation(
          `an operation did not repeat itself: its access ${position + 1} is not what it was; it depends on something beyond its arguments and the results of its accesses`,
        )
      this.highHalf = this.log[position * 2 + 1]!
      return this.log[position * 2]!
    }
    if (this.unwinding) throw UNWOUND
    this.code = code
    this.address = address
    this.aLow = aLow
    this.aHigh = aHigh
    this.bLow = bLow
    this.bHigh = bHigh
    if (this.wantStack || operationOf(code) === abi.DOOR_RETRY) {
      this.stack = callSite()
    }
    if (this.beyond()) {
      this.highHalf = result.high
      return result.low
    }
    this.unwinding = true
    throw UNWOUND
  }

  // Whether an access of the log is made again, of the same operands.
  private repeats(
    position: number,
    code: number,
    address: number,
    aLow: number,
    aHigh: number,
    bLow: number,
    bHigh: number,
  ): boolean {
    const { operands } = this
    const at = position * 4
    return (
      this.codes[position] === code &&
      this.addresses[position] === address &&
      operands[at] === (aLow | 0) &&
      operands[at + 1] === (aHigh | 0) &&
      operands[at + 2] === (bLow | 0) &&
      operands[at + 3] === (bHigh | 0)
    )
  }

  private native(code: number, address: number, aLow: number, aHigh: number, bLow: number, bHigh: number): number {
    const operation = operationOf(code)
    const { memory } = this
    switch (operation) {
      case abi.DOOR_NOW:
        this.highHalf = memory.words[this.hidden + 1]!
        return memory.words[this.hidden]!
      case DOOR_SET_CLOCK:
        memory.put(this.hidden, aLow)
        memory.put(this.hidden + 1, aHigh)
        return 0
      case DOOR_STOPPED:
        return memory.words[this.hidden + 2]!
      case abi.DOOR_SLEEP:
        return memory.words[address >>> 2] === aLow ? 2 : 1
      case abi.DOOR_WAIT_WHILE:
        if (memory.words[address >>> 2] === aLow) throw new Violation('set-up waits for ever')
        return 0
      case abi.DOOR_WAKE:
      case abi.DOOR_RETRY:
      case abi.DOOR_MAY_FAIL:
      case DOOR_POISON:
      case DOOR_CLEANSE:
        return 0
      case abi.DOOR_FILL:
        checkRange(address, bLow >>> 0, 1, this.limit)
        break
      case abi.DOOR_COPY:
        checkRange(address, bLow >>> 0, 1, this.limit)
        checkRange(aLow, bLow >>> 0, 1, this.limit)
        break
      default:
        checkRange(address, widthOf(code), widthOf(code), this.limit)
    }
    perform(memory, code, address, aLow, aHigh, bLow, bHigh)
    this.highHalf = result.high
    return result.low
  }
}

/** One CPU's instance and the door for operations written in TypeScript. Everything here is an access, as in wasm. */
export class Cpu {
  /** Exports of this CPU's instance of the subject's module; empty without a module. */
  exports: Exports = {}
  private saved: { global: WebAssembly.Global; value: number | bigint }[] = []

  constructor(
    readonly index: number,
    /** For a subject that answers some accesses of its module itself. */
    readonly executor: Executor,
    private readonly ghostBase: number,
  ) {}

  /** Remembers the instance's exported mutable globals, so that an unwound run cannot leave a trace in them. */
  saveGlobals(): void {
    this.saved = []
    for (const value of Object.values(this.exports)) {
      if (!(value instanceof WebAssembly.Global)) continue
      try {
        const held = value.value
        value.value = held
        this.saved.push({ global: value, value: held })
      } catch {
        continue // immutable
      }
    }
  }

  restoreGlobals(): void {
    for (const { global, value } of this.saved) global.value = value
  }

  /** Address of a word that the explorer adds for the subject's own book-keeping; use it with the door. */
  ghost(word: number): number {
    return this.ghostBase + word * 4
  }

  load32(address: number): number {
    return this.executor.access32(abi.DOOR_LOAD | (4 << 8), address, 0, 0) >>> 0
  }
  store32(address: number, value: number): void {
    this.executor.access32(abi.DOOR_STORE | (4 << 8), address, value | 0, 0)
  }
  exchange32(address: number, value: number): number {
    return this.executor.access32(abi.DOOR_EXCHANGE | (4 << 8), address, value | 0, 0) >>> 0
  }
  compareExchange32(address: number, expected: number, replacement: number): number {
    return this.executor.access32(abi.DOOR_COMPARE_EXCHANGE | (4 << 8), address, expected | 0, replacement | 0) >>> 0
  }
  add32(address: number, value: number): number {
    return this.executor.access32(abi.DOOR_ADD | (4 << 8), address, value | 0, 0) >>> 0
  }
  or32(address: number, value: number): number {
    return this.executor.access32(abi.DOOR_OR | (4 << 8), address, value | 0, 0) >>> 0
  }
  and32(address: number, value: number): number {
    return this.executor.access32(abi.DOOR_AND | (4 << 8), address, value | 0, 0) >>> 0
  }
  peek32(address: number): number {
    return this.executor.access32(abi.DOOR_PEEK | (4 << 8), address, 0, 0) >>> 0
  }
  poke32(address: number, value: number): void {
    this.executor.access32(abi.DOOR_POKE | (4 << 8), address, value | 0, 0)
  }
  /** Fills a range with a byte, in one step. */
  fill(address: number, byte: number, bytes: number): void {
    this.executor.access32(abi.DOOR_FILL, address, byte, bytes)
  }
  /** Copies a range, in one step. */
  copy(to: number, from: number, bytes: number): void {
    this.executor.access32(abi.DOOR_COPY, to, from, bytes)
  }
  load64(address: number): bigint {
    return this.wide(abi.DOOR_LOAD, address, 0n)
  }
  store64(address: number, value: bigint): void {
    this.wide(abi.DOOR_STORE, address, value)
  }
  waitWhile32(address: number, value: number): void {
    this.executor.access32(abi.DOOR_WAIT_WHILE | (4 << 8), address, value | 0, 0)
  }
  /** 0 woken, 1 the word differs, 2 timed out. */
  sleep(address: number, value: number, nanoseconds = -1): number {
    return this.executor.access32(abi.DOOR_SLEEP | (4 << 8), address, value | 0, nanoseconds)
  }
  wake(address: number): void {
    this.executor.access32(abi.DOOR_WAKE | (4 << 8), address, 0, 0)
  }
  /** Heads a retry loop: 1 on entry, 2 on every later turn; 0 lets the explorer decide. */
  retry(turn: 0 | 1 | 2 = 0): void {
    this.executor.access32(abi.DOOR_RETRY, 0, turn, 0)
  }
  /** Heads an allocation: true if it is to fail (subjects with `allocationsFail`). */
  mayFail(): boolean {
    return this.executor.access32(abi.DOOR_MAY_FAIL, 0, 0, 0) !== 0
  }
  /** The model's clock in nanoseconds. */
  now(): bigint {
    return this.wide(abi.DOOR_NOW, 0, 0n)
  }
  /** Moves the model's clock: a step that other CPUs may come before or after. */
  setClock(nanoseconds: bigint): void {
    this.wide(DOOR_SET_CLOCK, 0, nanoseconds)
  }
  /** The CPU that stopped for ever, or -1: for repair operations (`afterStop`). */
  stopped(): number {
    return this.executor.access32(DOOR_STOPPED, 0, 0, 0) - 1
  }
  /** From now on an access to these words is a violation. Whole words only. */
  poison(address: number, bytes: number): void {
    this.executor.access32(DOOR_POISON, address, bytes, 0)
  }
  /** Ends the poison of these words. */
  cleanse(address: number, bytes: number): void {
    this.executor.access32(DOOR_CLEANSE, address, bytes, 0)
  }
  /** Ends the exploration with this violation, at this step. */
  fail(message: string): never {
    throw new Violation(message)
  }
  /** Runs `body`; a fault that ends it is returned instead of thrown. */
  catchFault<T>(body: () => T): T | GuestFault {
    try {
      return body()
    } catch (thrown) {
      if (thrown instanceof GuestFault) return thrown
      throw thrown
    }
  }

  private wide(operation: number, address: number, a: bigint): bigint {
    const low = this.executor.access64(
      operation | (8 << 8),
      address,
      Number(BigInt.asIntN(32, a)),
      Number(BigInt.asIntN(32, a >> 32n)),
      0,
      0,
    )
    return (BigInt(this.executor.high() >>> 0) << 32n) | BigInt(low >>> 0)
  }
}

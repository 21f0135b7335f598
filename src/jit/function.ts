// The state of compiling one BPF function: bytes of its body, wasm locals, places where it can fault, positions.
// Owned by one compilation; alu.ts, memory.ts, call.ts and structure.ts write through it.
//
// Shape of a compiled function: (r1..r5: i64, frame: i32) -> i64.
//   block … block            one for each place that can fault
//     prologue, body         ends in return or branches, never falls through
//   end  fault site 0        reports with the right position and address
//   end  fault site 1 …
// so that the path without faults has no code of theirs in it, and the engine sees no call there.
import { FAULT_LOOP_BUDGET, FAULT_STACK_OVERFLOW, FRAME_BYTES, FRAMES } from '../../core/abi.js'
import { CPU_BUDGET, CPU_INDEX, CPU_PROGRAM } from '../../core/layout.js'
import { FRAME_POINTER } from '../isa/opcodes.js'
import type { CountedTurn, EmittedFunction, FunctionContext, InlinedFunction, Scope, Window } from './context.js'
import { ByteWriter, I32, I64, VOID, op, type ValueType } from './encoder.js'
import { IndexedRegisters } from './indexed.js'
import { shifted, type CodePosition } from './positions.js'

/** The frame's upper end as i32 is the sixth parameter. */
const FRAME_LOCAL = 5
const PARAMETERS = 6
/** Import 0 of every module: host.fault_at(kind, address). */
const FAULT_AT = 0
/** Global 0: address of this CPU's area. */
export const AREA_GLOBAL = 0

export class FunctionEmitter {
  readonly code = new ByteWriter(1024)
  /** Depth of open blocks, loops and ifs in the body. */
  depth = 0
  /** Index of the instruction that is being emitted. */
  at = 0
  /** Ranges that need no check any more, by register; see memory.ts. */
  windows = new Map<number, Window>()
  readonly indexed = new IndexedRegisters()
  /** What is known while several turns of a loop are written in a row; see counted.ts. */
  counted: CountedTurn | undefined
  /** Each access is checked by itself; see memory.ts. */
  oneByOne = false
  #locals: ValueType[] = []
  #named = new Map<string, number>()
  #positions: number[] = []
  #inlined: CodePosition[] = []
  #faults: (() => void)[] = []
  /** Blocks of fault sites that are closed already. */
  #closed = 0
  /** Depth of the loop around the body of a repeatable function, and the local of the CPU's area in it. */
  #beginning = 0
  #area = 0
  #cpuOffsets = new Map<number, number>()
  #charged: 'no' | 'entry' | 'loops' = 'no'
  #scope: Scope

  constructor(context: FunctionContext) {
    this.#scope = { context, frame: FRAME_LOCAL, inlined: undefined }
  }

  get context(): FunctionContext {
    return this.#scope.context
  }

  /**
   * A local under a name of ours; created at its first use, 0 at entry. Code in place of calls has its own ones, by
   * level.
   */
  local(name: string, type: ValueType): number {
    const { inlined } = this.#scope
    const key = inlined ? `${inlined.level} ${name}` : name
    let local = this.#named.get(key)
    if (local === undefined) {
      local = this.#newLocal(type)
      this.#named.set(key, local)
    }
    return local
  }

  #newLocal(type: ValueType): number {
    return PARAMETERS + this.#locals.push(type) - 1
  }

  #registerLocal(register: number): number {
    return register >= 1 && register <= 5 && !this.#scope.inlined ? register - 1 : this.local(`r${register}`, I64)
  }

  /** Lower end of the frame, i32: stack slots are static offsets from it. */
  get bottom(): number {
    return this.local('bottom', I32)
  }

  /** Scratch i64 for the address under check. */
  get address(): number {
    return this.local('address', I64)
  }

  /** The number of this CPU times `stride`, i32: made at entry, for all code of the function. */
  cpuOffset(stride: number): number {
    let local = this.#cpuOffsets.get(stride)
    if (local === undefined) {
      local = this.#newLocal(I32)
      this.#cpuOffsets.set(stride, local)
    }
    return local
  }

  /** Where a dispatch of an irreducible loop goes next. */
  get dispatchLabel(): number {
    return this.local('dispatch', I32)
  }

  /** Iterations that may_goto still allows in this activation. */
  get mayGotoCounter(): number {
    return this.local('may_goto', I32)
  }

  op(...bytes: number[]): this {
    for (const byte of bytes) this.code.byte(byte)
    return this
  }

  get(local: number): this {
    this.code.byte(op.local_get).u32(local)
    return this
  }

  set(local: number): this {
    this.code.byte(op.local_set).u32(local)
    return this
  }

  tee(local: number): this {
    this.code.byte(op.local_tee).u32(local)
    return this
  }

  const32(value: number): this {
    this.code.byte(op.i32_const).s32(value)
    return this
  }

  const64(value: bigint | number): this {
    this.code.byte(op.i64_const)
    if (typeof value === 'number' && value === (value | 0)) this.code.s32(value)
    else this.code.s64(BigInt(value))
    return this
  }

  /** Pushes a register as i64. */
  getRegister(register: number): this {
    if (register === FRAME_POINTER) return this.getFrame().op(op.i64_extend_i32_u)
    return this.get(this.#registerLocal(register))
  }

  /** Pushes the lower half of a register as i32. */
  getRegister32(register: number): this {
    if (register === FRAME_POINTER) return this.getFrame()
    return this.get(this.#registerLocal(register)).op(op.i32_wrap_i64)
  }

  /** Pops an i64 into a register; what was known about its old value is forgotten. */
  setRegister(register: number): this {
    this.windows.delete(register)
    this.indexed.forget(register)
    return this.set(this.#registerLocal(register))
  }

  /** Pops an i32 into a register, zero-extended. */
  setRegister32(register: number): this {
    return this.op(op.i64_extend_i32_u).setRegister(register)
  }

  getFrame(): this {
    return this.get(this.#scope.frame)
  }

  /** Says that what is emitted from here on belongs to an instruction. */
  position(instruction: number): void {
    this.at = instruction
    const { inlined } = this.#scope
    const entry = inlined ? -this.#inlined.push({ function: inlined.name, instruction }) : instruction
    this.#positions.push(this.code.length, entry)
  }

  /** Pops five i64, its arguments, and writes a function in place of its call. Pushes the i64 that it returns. */
  inline({ name, context, emit }: InlinedFunction): void {
    const outer = this.#scope
    const { windows, at: call } = this
    const frame = this.bottom
    const level = (outer.inlined?.level ?? 0) + 1
    this.#scope = { context, frame, inlined: { name, exit: this.depth + 1, level } }
    this.windows = new Map()
    for (let register = 5; register >= 1; register -= 1) this.setRegister(register)
    // A call begins with zeros there; here a turn of a loop may have left something.
    for (const register of [0, ...context.saved]) this.const64(0).setRegister(register)
    this.get(frame).const32(FRAME_BYTES).op(op.i32_sub).set(this.bottom)
    this.op(op.block, I64)
    this.depth += 1
    emit(this)
    this.op(op.end)
    this.depth -= 1
    this.#scope = outer
    this.windows = windows
    this.indexed.clear()
    this.position(call)
  }

  /** Writes a body that can begin again. */
  repeatable(body: () => void): void {
    this.#area = this.#newLocal(I32)
    // The global alone V8 would read anew in each turn; it does not move a load into the loop. So this adds the number
    // of the CPU, which has 6 bits, shifted by 31: 0.
    this.#getArea().#getArea().op(op.i32_load, 2).code.u32(CPU_INDEX)
    this.const32(31).op(op.i32_shr_u, op.i32_add).set(this.#area)
    this.loadWord(CPU_PROGRAM, this.runningProgram)
    this.op(op.loop, VOID)
    this.depth += 1
    this.#beginning = this.depth
    body()
    this.op(op.end, op.unreachable)
    this.depth -= 1
    this.#beginning = 0
  }

  /** Goes back to the beginning of a repeatable function, as if it were called with r1 alone in the same frame. */
  beginAgain(): void {
    const { at } = this
    for (const register of [0, 2, 3, 4, 5, ...this.context.saved]) this.const64(0).setRegister(register)
    this.position(0)
    this.const32(MAY_GOTO_LIMIT).set(this.mayGotoCounter)
    if (this.#charged === 'entry') this.#chargeEntry()
    if (this.#charged === 'loops') this.chargeLoop()
    this.op(op.br).code.u32(this.depth - this.#beginning)
    this.position(at)
  }

  /** Ends the function's run with r0. */
  exit(): void {
    const { inlined } = this.#scope
    if (!inlined) this.storeBudget()
    this.getRegister(0)
    if (inlined) this.op(op.br).code.u32(this.depth - inlined.exit)
    else this.op(op.return)
  }

  /**
   * Pops an i32; if it is not zero, control goes to the fault site that `report` writes. `report` must end in a fault
   * and sees the locals as they are here. It may have fault sites itself.
   */
  faultIf(report: () => void): void {
    const site = this.depth + this.#faults.length - this.#closed
    const { at: instruction, counted } = this
    const scope = this.#scope
    this.#faults.push(() => {
      this.op(op.end)
      this.#closed += 1
      this.#scope = scope
      this.counted = counted
      this.position(instruction)
      report()
    })
    this.code.byte(op.br_if).u32(site)
  }

  /** Emits the call that ends the run; `address` pushes an i64. */
  fault(kind: number, address: () => void): void {
    this.const32(kind)
    address()
    this.code.byte(op.call).u32(FAULT_AT)
    this.op(op.unreachable)
  }

  /** Decides how the loop budget is kept: 'entry' charges each activation, 'loops' also each start of a loop's body. */
  keepBudget(how: 'no' | 'entry' | 'loops'): void {
    this.#charged = how
  }

  get #budget(): number {
    return this.local('budget', I32)
  }

  /** At the head of a loop. */
  chargeLoop(): void {
    this.get(this.#budget).op(op.i32_eqz)
    this.faultIf(() => this.fault(FAULT_LOOP_BUDGET, () => this.const64(0)))
    this.payTurns(1)
  }

  /** Pushes whether less than `count` turns are left. */
  lacksTurns(count: number): this {
    return this.get(this.#budget).const32(count).op(op.i32_lt_u)
  }

  /** Takes turns from the budget, which has them; gives back if `count` is negative. */
  payTurns(count: number): void {
    this.get(this.#budget).const32(count).op(op.i32_sub).set(this.#budget)
  }

  #getArea(): this {
    if (this.#beginning > 0) return this.get(this.#area)
    this.code.byte(op.global_get).u32(AREA_GLOBAL)
    return this
  }

  /** From a word of the CPU's area to a local. */
  loadWord(offset: number, local: number): void {
    this.#getArea().op(op.i32_load, 2).code.u32(offset)
    this.set(local)
  }

  /** From a local to a word of the CPU's area. */
  storeWord(offset: number, local: number): void {
    this.#getArea().get(local).op(op.i32_store, 2).code.u32(offset)
  }

  /** Before anything that may read the budget in the CPU's area, and before returning. */
  storeBudget(): void {
    if (this.#charged === 'loops') this.storeWord(CPU_BUDGET, this.#budget)
  }

  /** After anything that may have changed the budget in the CPU's area. */
  loadBudget(): void {
    if (this.#charged === 'loops') this.loadWord(CPU_BUDGET, this.#budget)
  }

  /** A callee that ends in a tail call leaves another program running: the caller goes on as the one that it was. */
  keepProgram(): void {
    if (this.context.tails) this.loadWord(CPU_PROGRAM, this.runningProgram)
  }

  /** Local of the program that runs, after keepProgram() and in a repeatable function. */
  get runningProgram(): number {
    return this.local('program', I32)
  }

  /** After the call, or each of them. */
  restoreProgram(): void {
    if (this.context.tails) this.storeWord(CPU_PROGRAM, this.runningProgram)
  }

  /** Before a call of another BPF function: is there a frame left below this one? */
  checkStack(): void {
    this.get(this.bottom)
      .const32(FRAME_BYTES * FRAMES - 1)
      .op(op.i32_and, op.i32_eqz)
    this.faultIf(() => this.fault(FAULT_STACK_OVERFLOW, () => this.get(this.bottom).op(op.i64_extend_i32_u)))
  }

  #prologue(): void {
    this.position(0)
    if (this.#named.has('bottom')) this.getFrame().const32(FRAME_BYTES).op(op.i32_sub).set(this.bottom)
    if (this.#named.has('may_goto')) this.const32(MAY_GOTO_LIMIT).set(this.mayGotoCounter)
    for (const [stride, local] of this.#cpuOffsets) {
      this.loadWord(CPU_INDEX, local)
      this.get(local).const32(stride).op(op.i32_mul).set(local)
    }
    if (this.#charged !== 'no') this.#chargeEntry()
  }

  #chargeEntry(): void {
    this.loadWord(CPU_BUDGET, this.#budget)
    this.chargeLoop()
    if (this.#charged === 'entry') this.storeWord(CPU_BUDGET, this.#budget)
  }

  /**
   * Emits the whole function. `body` runs first, so that the prologue prepares only what the body used; its bytes come
   * second.
   */
  finish(body: () => void): EmittedFunction {
    body()
    const bodyBytes = this.code.bytes().slice()
    const bodyPositions = this.#positions

    this.#positions = []
    this.code.clear()
    this.#prologue()
    const prologue = this.code.bytes().slice()
    const positions = [...this.#positions, ...shifted(bodyPositions, prologue.length)]

    this.#positions = []
    this.code.clear()
    const faults = this.#faults
    for (const report of faults) report() // which may add to them
    this.op(op.end)
    const tail = this.code.bytes()
    const tailStart = prologue.length + bodyBytes.length

    const whole = new ByteWriter(tailStart + tail.length + 3 * faults.length + 64)
    whole.locals(this.#locals)
    for (let site = 0; site < faults.length; site += 1) whole.byte(op.block).byte(VOID)
    const start = whole.length
    whole.append(prologue).append(bodyBytes).append(tail)
    return {
      body: whole.bytes(),
      positions: shifted([...positions, ...shifted(this.#positions, tailStart)], start),
      inlined: this.#inlined,
    }
  }
}

/** As in the kernel (BPF_MAX_LOOPS): how often the may_gotos of one activation go on before they jump. */
const MAY_GOTO_LIMIT = 8 * 1024 * 1024

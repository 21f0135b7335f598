// The interpreter: the instruction set one instruction at a time, over the same frames, helpers, budget and faults as
// compiled code. Entered through the function table, by stubs that the host makes for each function (src/interp), so
// that programs, callbacks and subprograms are called alike whatever engine they have.
// Code lies in the core heap, written and validated by the host before it is installed: a word with the number of
// instructions, a word with the index of the function, then the instructions with their references resolved:
//   lddw: the value itself; call of a helper or kfunc: table index of its stub; call of a subprogram: address of its
//   code.
// Registers lie in the CPU's area, one set for each frame of its stacks: no state but memory.
import {
  FAULT_BAD_CALLBACK,
  FAULT_LOOP_BUDGET,
  FAULT_STACK_OVERFLOW,
  FAULT_UNREACHABLE,
  FRAMES,
  FRAME_BYTES,
  FRAME_REGISTER_BYTES,
} from '../abi'
import { programOwns } from '../async/program'
import { cpu } from '../cpu'
import { peek32, peek64, poke32, poke64 } from '../door'
import { frameNumber, isTailFrame, tail_frame } from '../frame'
import { inGuestWindow } from '../guest'
import {
  bpf_skb_load_helper_16_no_cache,
  bpf_skb_load_helper_32_no_cache,
  bpf_skb_load_helper_8_no_cache,
} from '../helper/packet-load'
import { bpf_tail_call } from '../helper/tail-call'
import { fault } from '../host'
import { CPU_BUDGET, CPU_INSTRUCTION, CPU_PROGRAM, CPU_REGISTERS, CPU_TAIL_REGISTERS } from '../layout'
import { alu, byteOrder } from './alu'
import { condition, low } from './compare'
import {
  guestAtomic32,
  guestAtomic64,
  guestLoad,
  guestLoadAcquire,
  guestStore,
  guestStoreRelease,
  isCompareExchange,
} from './memory'

const STACK_BYTES: u32 = FRAMES * FRAME_BYTES
const CODE_HEADER: u32 = 8
/** Turns that the may_gotos of one activation allow, as in the kernel. */
const MAY_GOTO: u32 = 8 * 1024 * 1024

const CLASS_LD: u32 = 0
const CLASS_LDX: u32 = 1
const CLASS_ST: u32 = 2
const CLASS_STX: u32 = 3
const CLASS_ALU: u32 = 4
const CLASS_JMP32: u32 = 6
const CLASS_ALU64: u32 = 7

const SOURCE_REGISTER: u32 = 0x08
const OPERATION: u32 = 0xf0
const OPERATION_NEG: u32 = 0x80
const OPERATION_END: u32 = 0xd0
const OPERATION_JA: u32 = 0x00
const OPERATION_CALL: u32 = 0x80
const OPERATION_EXIT: u32 = 0x90
const OPERATION_MAY_GOTO: u32 = 0xe0
const MODE: u32 = 0xe0
const MODE_IMMEDIATE: u32 = 0x00
const MODE_INDIRECT: u32 = 0x40
const MODE_SIGNED: u32 = 0x80
/** What the host writes for loads that read 0 outside of guest memory; no object has them. */
const MODE_PROBE: u32 = 0x20
const MODE_PROBE_SIGNED: u32 = 0x40
const MODE_ATOMIC: u32 = 0xc0
const FETCH: u32 = 0x01
const LOAD_ACQUIRE: u32 = 0x100
const STORE_RELEASE: u32 = 0x110
const PSEUDO_CALL: u32 = 1
/** What the host writes for a tail call; no object has it. */
const TAIL_CALL: u32 = 15

// Registers of the frame whose top is `frame`.
function registersOf(frame: u32): usize {
  const first = peek32(cpu() + (isTailFrame(frame) ? CPU_TAIL_REGISTERS : CPU_REGISTERS))
  return <usize>first + <usize>frameNumber(frame) * FRAME_REGISTER_BYTES
}

function get(registers: usize, register: u32): u64 {
  return peek64(registers + ((<usize>register) << 3))
}

function set(registers: usize, register: u32, value: u64): void {
  poke64(registers + ((<usize>register) << 3), value)
}

function bytesOf(opcode: u32): u32 {
  const size = opcode & 0x18
  return size === 0 ? 4 : size === 0x08 ? 2 : size === 0x10 ? 1 : 8
}

function signExtend(value: u64, bytes: u32): u64 {
  const shift = 64 - ((<u64>bytes) << 3)
  return <u64>((<i64>(value << shift)) >> shift)
}

// Takes `count` from the run's budget; at its end the run is a fault.
function charge(count: u32): void {
  const left = peek32(cpu() + CPU_BUDGET)
  if (left < count) fault(FAULT_LOOP_BUDGET, 0)
  poke32(cpu() + CPU_BUDGET, left - count)
}

// The frame that a callee gets; the lowest frame of a stack has none below.
function frameBelow(frame: u32): u32 {
  if (((frame - 1) & (STACK_BYTES - 1)) < <u32>FRAME_BYTES) fault(FAULT_STACK_OVERFLOW, <u64>frame)
  return frame - FRAME_BYTES
}

function call(registers: usize, frame: u32, source: u32, immediate: u32, byRegister: bool, register: u32): void {
  const a = get(registers, 1)
  const b = get(registers, 2)
  const c = get(registers, 3)
  const d = get(registers, 4)
  const e = get(registers, 5)
  const at = peek32(cpu() + CPU_INSTRUCTION)
  const program = peek32(cpu() + CPU_PROGRAM)
  let result: u64
  if (byRegister) {
    const fn = get(registers, register)
    if (!programOwns(<usize>peek32(cpu() + CPU_PROGRAM), fn)) fault(FAULT_BAD_CALLBACK, fn)
    result = call_indirect<u64>(<u32>fn, a, b, c, d, e, <i32>frameBelow(frame))
  } else if (source === PSEUDO_CALL) result = interpret(<u64>immediate, a, b, c, d, e, <i32>frameBelow(frame))
  else result = call_indirect<u64>(immediate, a, b, c, d, e, <i32>frame)
  poke32(cpu() + CPU_INSTRUCTION, at)
  // The callee may have ended in a tail call.
  poke32(cpu() + CPU_PROGRAM, program)
  set(registers, 0, result)
}

function atomic(registers: usize, opcode: u32, target: u32, source: u32, offset: i32, immediate: u32): void {
  const bytes = bytesOf(opcode)
  if (immediate === LOAD_ACQUIRE) {
    set(registers, target, guestLoadAcquire(get(registers, source) + <u64>(<i64>offset), bytes))
    return
  }
  const pointer = get(registers, target) + <u64>(<i64>offset)
  const operand = get(registers, source)
  if (immediate === STORE_RELEASE) {
    guestStoreRelease(pointer, bytes, operand)
    return
  }
  const operation = immediate & ~FETCH
  const old =
    bytes === 8
      ? guestAtomic64(operation, pointer, operand, get(registers, 0))
      : <u64>guestAtomic32(operation, pointer, <u32>operand, <u32>get(registers, 0))
  if ((immediate & FETCH) === 0) return
  set(registers, isCompareExchange(operation) ? 0 : source, old)
}

function arithmetic(registers: usize, opcode: u32, target: u32, source: u32, offset: i32, immediate: i32): void {
  const operation = opcode & OPERATION
  const wide = (opcode & 7) === CLASS_ALU64
  const a = get(registers, target)
  if (operation === OPERATION_END) {
    // 64-bit class: swap always; 32-bit class: to little endian keeps, to big endian swaps.
    set(registers, target, byteOrder(a, immediate, wide || (opcode & SOURCE_REGISTER) !== 0))
    return
  }
  const b =
    (opcode & SOURCE_REGISTER) !== 0 && operation !== OPERATION_NEG ? get(registers, source) : <u64>(<i64>immediate)
  set(registers, target, wide ? alu<u64>(operation, a, b, offset) : <u64>alu<u32>(operation, <u32>a, <u32>b, offset))
}

// A legacy packet load; negative: not in the packet.
function packetLoad(registers: usize, opcode: u32, source: u32, immediate: i32): i64 {
  const context = get(registers, 6)
  const indirect = (opcode & MODE) === MODE_INDIRECT
  const offset = <u64>(<i64>immediate) + (indirect ? get(registers, source) : 0)
  const bytes = bytesOf(opcode)
  if (bytes === 1) return bpf_skb_load_helper_8_no_cache(context, offset)
  return bytes === 2
    ? bpf_skb_load_helper_16_no_cache(context, offset)
    : bpf_skb_load_helper_32_no_cache(context, offset)
}

/** Runs the function whose code is at address `image`; r10 = `frame`. The value of r0. */
export function interpret(image: u64, r1: u64, r2: u64, r3: u64, r4: u64, r5: u64, frame: i32): u64 {
  const code = <usize>image
  const registers = registersOf(<u32>frame)
  set(registers, 0, 0)
  set(registers, 1, r1)
  set(registers, 2, r2)
  set(registers, 3, r3)
  set(registers, 4, r4)
  set(registers, 5, r5)
  for (let register: u32 = 6; register < 10; register++) set(registers, register, 0)
  set(registers, 10, <u64>(<u32>frame))
  charge(1)
  const count = peek32(code)
  const first = code + CODE_HEADER
  let turns: u32 = MAY_GOTO
  let at: u32 = 0
  while (at < count) {
    const address = first + ((<usize>at) << 3)
    poke32(cpu() + CPU_INSTRUCTION, <u32>address)
    const head = peek32(address)
    const immediate = peek32(address + 4)
    const opcode = head & 0xff
    const target = (head >> 8) & 15
    const source = (head >> 12) & 15
    const offset = (<i32>head) >> 16
    at++
    let jump: i32 = 0
    switch (opcode & 7) {
      case CLASS_ALU:
      case CLASS_ALU64:
        arithmetic(registers, opcode, target, source, offset, <i32>immediate)
        break
      case CLASS_LD:
        if ((opcode & MODE) !== MODE_IMMEDIATE) {
          const loaded = packetLoad(registers, opcode, source, <i32>immediate)
          if (loaded < 0) return 0
          set(registers, 0, <u64>loaded)
          break
        }
        set(registers, target, ((<u64>peek32(address + 12)) << 32) | (<u64>immediate))
        at++
        break
      case CLASS_LDX: {
        const bytes = bytesOf(opcode)
        const mode = opcode & MODE
        const pointer = get(registers, source) + <u64>(<i64>offset)
        const probes = mode === MODE_PROBE || mode === MODE_PROBE_SIGNED
        const value = probes && !inGuestWindow(pointer, bytes) ? 0 : guestLoad(pointer, bytes)
        set(registers, target, mode === MODE_SIGNED || mode === MODE_PROBE_SIGNED ? signExtend(value, bytes) : value)
        break
      }
      case CLASS_ST:
        guestStore(get(registers, target) + <u64>(<i64>offset), bytesOf(opcode), <u64>(<i64>(<i32>immediate)))
        break
      case CLASS_STX:
        if ((opcode & MODE) === MODE_ATOMIC) atomic(registers, opcode, target, source, offset, immediate)
        else guestStore(get(registers, target) + <u64>(<i64>offset), bytesOf(opcode), get(registers, source))
        break
      default: {
        const operation = opcode & OPERATION
        const narrow = (opcode & 7) === CLASS_JMP32
        if (operation === OPERATION_EXIT) return get(registers, 0)
        if (operation === OPERATION_CALL && source === TAIL_CALL && (opcode & SOURCE_REGISTER) === 0) {
          const context = get(registers, 1)
          const entry = <u32>bpf_tail_call(context, get(registers, 2), get(registers, 3))
          if (entry !== 0)
            return call_indirect<u64>(entry, context, <u64>0, <u64>0, <u64>0, <u64>0, <i32>tail_frame(frame))
          set(registers, 0, 0)
        } else if (operation === OPERATION_CALL)
          call(registers, <u32>frame, source, immediate, (opcode & SOURCE_REGISTER) !== 0, target)
        else if (operation === OPERATION_JA) jump = narrow ? <i32>immediate : offset
        else if (operation === OPERATION_MAY_GOTO) {
          if (turns === 0) jump = offset
          else turns--
        } else {
          const a = get(registers, target)
          const b = (opcode & SOURCE_REGISTER) !== 0 ? get(registers, source) : <u64>(<i64>(<i32>immediate))
          const taken = narrow ? condition(operation, low(operation, a), low(operation, b)) : condition(operation, a, b)
          if (taken) jump = offset
        }
      }
    }
    if (jump < 0) charge(1)
    at += <u32>jump
  }
  fault(FAULT_UNREACHABLE, 0)
  return 0
}

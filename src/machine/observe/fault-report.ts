// Faults made readable: which program, where in its C source, at which address, and what lies there.
import {
  FAULT_BAD_ACCESS,
  FAULT_BAD_CALLBACK,
  FAULT_CALLBACK_RESULT,
  FAULT_CLOCK_RANGE,
  FAULT_LOOP_BUDGET,
  FAULT_MISALIGNED_ATOMIC,
  FAULT_SPIN_LOCK,
  FAULT_STACK_OVERFLOW,
  FRAMES,
  FRAME_BYTES,
  STACKS_PER_CPU,
} from '../../../core/abi.js'
import {
  CPU_RUN_BUFFER,
  CPU_RUN_BUFFER_BYTES,
  CPU_STACKS,
  HEADER,
  HEADER_CPUS,
  HEADER_LOOP_BUDGET,
  HEADER_PAGE_MAP,
  MAP_CPU_STRIDE,
  MAP_ELEMENTS,
  MAP_STRIDE,
  MAP_VALUE_SIZE,
} from '../../../core/layout.js'
import { SkepError } from '../../error.js'
import { positionsOf, type CodePosition } from '../../jit/positions.js'
import type { LineInfo } from '../../object/spec.js'
import { faultCode, type RawFault } from '../cpu/fault.js'
import type { Kernel } from '../boot/kernel.js'
import type { LiveObject, LiveProgram } from '../load/object-table.js'

/** `details` of a fault's SkepError. */
export interface FaultDetails {
  /** Name of the program that ran. */
  readonly program?: string
  /** Function in which it happened: the program itself, a subprogram, a callback. */
  readonly function?: string
  /** In 8-byte units from the function's start. */
  readonly instruction?: number
  readonly file?: string
  readonly line?: number
  /** The C source line. */
  readonly source?: string
  readonly cpu: number
  readonly address?: bigint
  /** What lies at the address. */
  readonly at?: string
  readonly [key: string]: unknown
}

/** The error for a fault: code FAULT_…, message with place and reason, the same in parts in `details`. */
export function faultError(kernel: Kernel, fault: RawFault): SkepError {
  const objects = kernel.objects.loaded
  const program = kernel.objects.byAddress(fault.program)
  const position = interpretedPosition(fault, program) ?? compiledPosition(fault, objects)
  const object = position?.object ?? program?.object
  const lines = position ? object?.spec.functions.get(position.function)?.lines : undefined
  const line = position && lines ? lineAt(lines, position.instruction) : undefined
  const address = hasAddress(fault) ? fault.detail : undefined
  const at = address === undefined ? undefined : describeAddress(kernel, address)
  const details: FaultDetails = {
    cpu: fault.cpu,
    ...(program ? { program: program.spec.name } : {}),
    ...(position ? { function: position.function, instruction: position.instruction } : {}),
    ...(line ? { file: line.file, line: line.line, source: line.text.trim() } : {}),
    ...(address === undefined || at === undefined ? {} : { address, at }),
  }
  const who = program ? `program '${program.spec.name}'` : 'a program'
  const where = position ? `, function '${position.function}', instruction ${position.instruction}` : ''
  const source = line ? `\n  ${line.file}:${line.line}: ${line.text.trim()}` : ''
  const message = `${who}${where}, CPU ${fault.cpu}: ${reason(kernel, fault, at)}${source}`
  return new SkepError(faultCode(fault.kind), message, details)
}

type Position = CodePosition & { readonly object: LiveObject }

// The interpreter leaves the address of its instruction; a program is interpreted or compiled as a whole.
function interpretedPosition(fault: RawFault, program: LiveProgram | undefined): Position | undefined {
  if (!program || !('locate' in program.object.compiled)) return undefined
  const position = program.object.compiled.locate(fault.instruction)
  return position && { ...position, object: program.object }
}

function compiledPosition(fault: RawFault, objects: readonly LiveObject[]): Position | undefined {
  const compiled = objects.map((object) => object.compiled)
  const [position] = positionsOf(fault.stack, compiled)
  const object = objects.find((one) => one.compiled === position?.object)
  return position && object && { function: position.function, instruction: position.instruction, object }
}

function hasAddress(fault: RawFault): boolean {
  return !fault.trap && (fault.kind === FAULT_BAD_ACCESS || fault.kind === FAULT_MISALIGNED_ATOMIC)
}

function reason(kernel: Kernel, { kind, detail, trap }: RawFault, at: string | undefined): string {
  const hex = `0x${detail.toString(16)}`
  switch (kind) {
    case FAULT_BAD_ACCESS:
      return at === undefined ? `access outside all memory (${trap})` : `bad access at ${hex}: ${at}`
    case FAULT_MISALIGNED_ATOMIC:
      return at === undefined
        ? 'atomic operation on a misaligned address'
        : `misaligned atomic operation at ${hex}: ${at}`
    case FAULT_STACK_OVERFLOW:
      return 'the call chain is deeper than 8 frames of 512 bytes'
    case FAULT_LOOP_BUDGET:
      return `more than ${kernel.memory.word(HEADER + HEADER_LOOP_BUDGET)} loop iterations in one run (boot option loopBudget)`
    case FAULT_CALLBACK_RESULT:
      return `a callback returned ${BigInt.asIntN(64, detail)}, which is not allowed`
    case FAULT_CLOCK_RANGE:
      return `the machine's clock is at its end, ${detail} ns (2.28 years): boot a new machine`
    case FAULT_BAD_CALLBACK:
      return trap ? `call of a function that is not loaded (${trap})` : `${hex} is no callback of this program`
    case FAULT_SPIN_LOCK:
      return `spin lock at ${hex}: taken twice, not held at unlock, held at the end of the run, or used in NMI context`
    default:
      return trap ?? 'an instruction that cannot be executed was reached'
  }
}

/** The last line at or before an instruction. */
export function lineAt(lines: readonly LineInfo[], instruction: number): LineInfo | undefined {
  let found: LineInfo | undefined
  for (const line of lines) if (line.instruction <= instruction) found = line
  return found
}

/** What lies at a guest address, in words. */
export function describeAddress(kernel: Kernel, address: bigint): string {
  const { memory } = kernel
  if (address >= 1n << 32n) return 'outside the 32-bit space of guest addresses'
  const place = Number(address)
  if (place < 4096) return 'the null page'
  if (place < memory.guestBase) return `memory of the machine itself, which programs cannot reach`
  if (place >= memory.guestEnd) return 'beyond the end of guest memory'
  for (let cpu = 0; cpu < memory.word(HEADER + HEADER_CPUS); cpu++) {
    const area = memory.cpuArea(cpu)
    if (place < memory.word(area + CPU_STACKS)) continue
    if (place < memory.word(area + CPU_STACKS) + STACKS_PER_CPU * FRAMES * FRAME_BYTES) return `stack of CPU ${cpu}`
    if (place < memory.word(area + CPU_RUN_BUFFER)) return `key of a callback of CPU ${cpu}`
    if (place < memory.word(area + CPU_RUN_BUFFER) + memory.word(area + CPU_RUN_BUFFER_BYTES))
      return `context or packet of CPU ${cpu}`
  }
  for (const { start, end, what } of kernel.places) if (place >= start && place < end) return what
  return describeMapAddress(kernel, place) ?? 'guest memory that belongs to no map'
}

function describeMapAddress(kernel: Kernel, place: number): string | undefined {
  const { memory } = kernel
  const entry = memory.word(HEADER + HEADER_PAGE_MAP) + 2 * ((place - memory.guestBase) >>> 12)
  const number = memory.bytes[entry]! | (memory.bytes[entry + 1]! << 8)
  const map = number === 0 ? undefined : kernel.maps.byPageNumber(number)
  if (!map) return undefined
  const offset = place - memory.word(map.address + MAP_ELEMENTS)
  const stride = memory.word(map.address + MAP_STRIDE)
  // Rings have records of any length.
  if (stride === 0) return `map '${map.name}', byte ${offset}`
  // Of keys that are longer than a frame, a copy lies in front of the value (core/map/shape.ts).
  const key = stride - ((memory.word(map.address + MAP_VALUE_SIZE) + 7) & ~7)
  // Of the values of each CPU, which stand together.
  const cpuStride = memory.word(map.address + MAP_CPU_STRIDE)
  const cpu = cpuStride === 0 ? 0 : Math.floor((offset + key) / cpuStride)
  const own = offset - cpu * cpuStride
  const element = Math.floor((own + key) / stride)
  const inside = own - element * stride
  const where = inside < 0 ? 'key' : `value byte ${inside}`
  return `map '${map.name}', element ${element}, ${where}${cpuStride === 0 ? '' : ` of CPU ${cpu}`}`
}

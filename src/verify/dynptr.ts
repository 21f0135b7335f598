// Calls that take dynptrs: what is wrong with them where it is certain, and what is in the frame afterwards. A dynptr
// is known by its place in a frame, the function's own or a caller's; one behind a pointer that nobody knows ends the
// claims. The words are those of the kernel's verifier. Used by call.ts.
import type { Instruction } from '../isa/decode.js'
import type { ProgramType } from '../object/spec.js'
import { isMemory } from './objects.js'
import { access, invalid, type Complaint } from './refusal.js'
import { holds, UNKNOWN_HELD, withoutReference, withReference } from './resources.js'
import { isConstant, LOOSE } from './scalar.js'
import type { DynptrArgument, Signature } from './signatures.js'
import {
  isReferencedAmong,
  overwriteComplaint,
  specialAmong,
  withoutSpecial,
  type SpecialSlot,
} from './special-slots.js'
import {
  destroySpecial,
  forgetSpecial,
  forgetFrame,
  frameOf,
  framePlace,
  overwrite,
  placeIn,
  placeSpecial,
  replaceWhere,
  type State,
} from './state.js'
import type { Surroundings } from './step.js'
import { RELEASED, typeName, UNKNOWN, type ObjectPointer, type Value } from './value.js'

type Dynptr = Extract<SpecialSlot, { what: 'dynptr' }>

const BYTES = 16

/** What is wrong with the dynptrs of a call, and with what it is to make or to show of one. */
export function dynptrComplaint(
  around: Surroundings,
  state: State,
  { dynptrs = [], slice, backing }: Signature,
  isKfunc: boolean,
): Complaint | undefined {
  for (const argument of dynptrs) {
    const complaint = dynptrArgumentComplaint(state, argument, isKfunc)
    if (complaint) return complaint
  }
  if (backing) return backingComplaint(state.registers[1] ?? UNKNOWN)
  if (slice !== 'read' && slice !== 'write') return undefined
  const type = around.program?.type ?? 'unsupported'
  return (
    bufferComplaint(state) ??
    (slice === 'write' && type !== 'unsupported' && !WRITES_PACKETS.has(type)
      ? invalid('the prog does not allow writes to packet data')
      : undefined)
  )
}

/** A local dynptr is over a map's value; other memory has words of its own. */
function backingComplaint(data: Value): Complaint | undefined {
  if (!isCertain(data) || (data.is === 'value' && !data.nullable)) return undefined
  const isOther =
    data.is === 'frame' ||
    data.is === 'packet' ||
    data.is === 'key' ||
    (data.is === 'object' && !data.nullable && isMemory(data.type))
  return access(
    isOther
      ? `Unsupported reg type ${typeName(data)} for bpf_dynptr_from_mem data`
      : `R1 type=${typeName(data)} expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_`,
  )
}

/** Program types that may write into their packet where it is. */
const WRITES_PACKETS: ReadonlySet<ProgramType> = new Set<ProgramType>(['sched_cls', 'sched_act', 'xdp'])

/** True if the kernel knows no more of what it is. */
function isCertain(value: Value): boolean {
  if (value.is === 'unknown' || value.is === 'place' || (value.is === 'frame' && value.up === Infinity)) return false
  if (value.is === 'scalar') return value.precision !== LOOSE
  return !(value.is === 'value' || value.is === 'object') || value.nullable !== 'mixed'
}

/** What is wrong with one of them. */
export function dynptrArgumentComplaint(
  state: State,
  argument: DynptrArgument,
  isKfunc: boolean,
): Complaint | undefined {
  const { register, does } = argument
  const value = state.registers[register] ?? UNKNOWN
  const place = `arg #${register - 1}`
  if (value.is === 'dynptr') return drainedComplaint(value, argument)
  if (value.is !== 'frame') {
    if (!isCertain(value)) return undefined
    return isKfunc
      ? invalid(`arg#${register - 1} expected pointer to stack or const struct bpf_dynptr`)
      : access(`R${register} type=${typeName(value)} expected=fp, dynptr_ptr`)
  }
  const found = placeIn(state, value)
  if (!found) return undefined
  const { frame, at } = found
  const { special } = frame
  const isPlaced = at % 8 === 0 && at <= -BYTES
  const isDecided = special.known || !isPlaced
  if (does === 'new')
    return isPlaced ? overwriteComplaint(special, at, BYTES) : invalid('Dynptr has to be an uninitialized dynptr')
  const slot = special.entries.get(at)
  if (slot?.what === 'dynptr') {
    if (does === 'use' || slot.reference !== undefined) return undefined
    return invalid(`arg ${register} is an unacquired reference`)
  }
  if (!isDecided) return undefined
  return does === 'use' || (isPlaced && isReferencedAmong(special, at, 8))
    ? invalid(`Expected an initialized dynptr as ${place}`)
    : invalid(`arg ${register} is an unacquired reference`)
}

/** What is wrong with the dynptr that a drained ring gives its callback. */
function drainedComplaint(
  { min, max }: Extract<Value, { is: 'dynptr' }>,
  { register, does }: DynptrArgument,
): Complaint | undefined {
  if (min === max && min !== 0) {
    const how = min < 0 ? 'negative offset' : 'dereference of modified'
    return access(`${how} dynptr_ptr ptr R${register} off=${min} disallowed`)
  }
  if (does === 'use') return undefined
  return invalid(
    does === 'new' ? 'Dynptr has to be an uninitialized dynptr' : 'cannot release unowned const bpf_dynptr',
  )
}

/** The buffer of a slice, r3 of r4 bytes. */
function bufferComplaint(state: State): Complaint | undefined {
  const buffer = placeIn(state, state.registers[3] ?? UNKNOWN)
  const size = state.registers[4] ?? UNKNOWN
  if (!buffer || size.is !== 'scalar' || !isConstant(size)) return undefined
  const { frame, at } = buffer
  const isOutside = at < -512 || at + size.min > 0
  return isOutside || specialAmong(frame.special, at, size.min).length > 0
    ? invalid('arg#2 arg#3 memory, len pair leads to invalid memory access')
    : undefined
}

/** What the call does to dynptrs; answers with its result where that is a slice of one. */
export function dynptrEffect(
  state: State,
  { dynptrs = [], slice }: Signature,
  { index }: Instruction,
): ObjectPointer | undefined {
  const first = dynptrAt(state, 1)
  const result = slice && first ? sliceOf(state, first, slice) : undefined
  for (const argument of dynptrs) {
    if (argument.does === 'end') give(state, argument)
    else if (argument.does === 'new') make(state, argument, first, index)
  }
  return result
}

/** The dynptr that a register points to, if it is known. */
export function dynptrAt(state: State, register: number): Dynptr | undefined {
  const value = state.registers[register] ?? UNKNOWN
  if (value.is === 'dynptr') return { what: 'dynptr', bytes: BYTES, type: 'local', id: 'drained', reference: undefined }
  const place = placeIn(state, value)
  const slot = place?.frame.special.entries.get(place.at)
  return slot?.what === 'dynptr' ? slot : undefined
}

function sliceOf({ registers }: State, { type, id, reference }: Dynptr, slice: NonNullable<Signature['slice']>) {
  const length = registers[slice === 'data' ? 3 : 4] ?? UNKNOWN
  const size = length.is === 'scalar' && isConstant(length) ? length.min : Infinity
  const pointer: ObjectPointer = {
    is: 'object',
    type: slice === 'read' ? 'rdonly_slice' : 'slice',
    // What the kernel takes away with the dynptr is what bpf_dynptr_data has given.
    reference: slice === 'data' ? reference : undefined,
    owns: false,
    nullable: true,
    size,
    min: 0,
    max: 0,
    ...(slice === 'data' && { dynptr: id }),
    ...(slice !== 'data' && (type === 'skb' || type === 'xdp') && { ofPacket: true }),
  }
  return pointer
}

function make(
  state: State,
  { register, type = 'local', clones }: DynptrArgument,
  original: Dynptr | undefined,
  index: number,
): void {
  const pointer = state.registers[register] ?? UNKNOWN
  const place = placeIn(state, pointer)
  if (!place) {
    if (type === 'ringbuf' || (clones && isDynptrHeld(state))) state.resources = UNKNOWN_HELD
    forgetFrame(state, frameOf(state, pointer))
    return
  }
  const { frame, at } = place
  if (clones && !original) {
    if (isDynptrHeld(state)) state.resources = UNKNOWN_HELD
    destroySpecial(state, frame, at, BYTES)
    overwrite(frame, at, BYTES)
    forgetSpecial(state, frame)
    return
  }
  const { fn } = state
  const id = `${fn} ${index} ${frame.fn} ${at}`
  if (clones && original) return placeSpecial(state, frame, at, { ...original, id })
  const reference = type === 'ringbuf' ? framePlace(state, 'dynptr', pointer) : undefined
  if (reference !== undefined) state.resources = withReference(state.resources, { name: reference, fn, index })
  placeSpecial(state, frame, at, { what: 'dynptr', bytes: BYTES, type, id, reference })
}

function isDynptrHeld({ resources }: State): boolean {
  return resources.references.some(({ name }) => name.startsWith('dynptr '))
}

/** A sample is given back through its dynptr, or a clone of that. */
function give(state: State, { register }: DynptrArgument): void {
  const pointer = state.registers[register] ?? UNKNOWN
  const slot = dynptrAt(state, register)
  const reference = slot ? slot.reference : framePlace(state, 'dynptr', pointer)
  if (pointer.is !== 'frame') forgetSpecial(state)
  if (reference === undefined || !holds(state.resources, reference)) {
    state.resources = UNKNOWN_HELD
    return
  }
  state.resources = withoutReference(state.resources, reference)
  replaceWhere(state, (each) => (each.is === 'object' && each.reference === reference ? RELEASED : undefined))
  for (const frame of [state, ...state.callers])
    frame.special = withoutSpecial(frame.special, (each) => each.what === 'dynptr' && each.reference === reference)
}

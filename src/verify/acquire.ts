// Calls that take something which has to be given back, and those that give it back: what is wrong with them where it
// is certain, and what is held afterwards. What cannot be followed (a pointer that nobody knows) ends all claims. Used
// by call.ts.
import type { Instruction } from '../isa/decode.js'
import { startOf } from './layout.js'
import { objectArgumentComplaint } from './objects.js'
import { access, invalid, type Complaint } from './refusal.js'
import {
  heldComplaint,
  holds,
  UNKNOWN_HELD,
  withReference,
  withSections,
  withoutReference,
  type Held,
  type Resources,
} from './resources.js'
import type { ResourceRule } from './signatures.js'
import { overwriteComplaint, type SpecialSlot } from './special-slots.js'
import {
  destroySpecial,
  forgetFrame,
  frameOf,
  framePlace,
  placeIn,
  placeSpecial,
  replaceWhere,
  type Frame,
  type State,
} from './state.js'
import type { Surroundings } from './step.js'
import { RELEASED, UNKNOWN, type ObjectPointer, type Value } from './value.js'

/** What is wrong with a call by what is held and by the objects that it is given. */
export function resourceComplaint(around: Surroundings, state: State, rule: ResourceRule): Complaint | undefined {
  const { registers, resources } = state
  const first = registers[1] ?? UNKNOWN
  switch (rule.does) {
    case 'cast':
      return objectArgumentComplaint(first, 1, 'sock', false)
    case 'use':
      // In programs of other types, which are refused for that, it may be no socket.
      if (around.program?.type === 'unsupported') return undefined
      return objectArgumentComplaint(registers[rule.argument] ?? UNKNOWN, rule.argument, 'sock', false)
    case 'release':
      return objectArgumentComplaint(first, 1, rule.type, true)
    case 'tail-call':
      return resources.known ? heldComplaint(resources, 'free', 'tail_call', around.role === 'program') : undefined
    case 'enter':
    case 'leave':
      return resources.known ? sectionComplaint(around, state, rule, first) : undefined
    case 'iterator': {
      const place = placeIn(state, first)
      const name = framePlace(state, rule.type, first)
      if (!place || name === undefined) return undefined
      const { frame, at } = place
      const isThere = isSpecial(frame, at, resources, 'iterator', rule.type, holds(resources, name))
      if (isThere === undefined) return undefined
      if (rule.step !== 'new') return isThere ? undefined : invalid(`expected an initialized ${rule.type} as arg #0`)
      if (isThere) return invalid(`expected uninitialized ${rule.type} as arg #0`)
      return overwriteComplaint(frame.special, at, rule.bytes)
    }
    default:
      return undefined
  }
}

/** Whether it lies at `offset` of the frame; undefined if nobody knows. `isHeld`: what is held says it. */
function isSpecial(
  { special }: Frame,
  offset: number,
  resources: Resources,
  what: SpecialSlot['what'],
  type: string,
  isHeld: boolean,
): boolean | undefined {
  const slot = special.entries.get(offset)
  if (slot?.what === what && slot.type === type) return true
  if (special.known) return false
  return resources.known ? isHeld : undefined
}

type Section = Extract<ResourceRule, { does: 'enter' | 'leave' }>

function sectionComplaint(around: Surroundings, state: State, rule: Section, first: Value): Complaint | undefined {
  const { rcu, preempt, irq } = state.resources
  const enters = rule.does === 'enter'
  if (rule.section === 'rcu') {
    if (enters) return rcu > 0 ? invalid('nested rcu read lock (kernel function bpf_rcu_read_lock)') : undefined
    return rcu === 0 ? invalid('unmatched rcu read unlock (kernel function bpf_rcu_read_unlock)') : undefined
  }
  if (rule.section === 'preempt')
    return enters || preempt > 0
      ? undefined
      : invalid('unmatched attempt to enable preemption (kernel function bpf_preempt_enable)')
  const place = placeIn(state, first)
  if (!place) return undefined
  const name = framePlace(state, 'irq', first)
  const at = irq.findIndex((held) => held.name === name)
  const isThere = isSpecial(place.frame, place.at, state.resources, 'irq', 'irq', at >= 0)
  if (isThere === undefined) return undefined
  if (enters && isThere) return invalid('expected uninitialized irq flag as arg#0')
  if (enters) return overwriteComplaint(place.frame.special, place.at, IRQ.bytes)
  if (!isThere) return invalid('expected an initialized irq flag as arg#0')
  if (at < 0 || at === irq.length - 1) return undefined
  const { fn, index } = irq.at(-1)!
  const taken = startOf(around.spec, around.program, fn) + index
  return access(`cannot restore irq state out of order, expected id=${irq.length} acquired at insn_idx=${taken}`)
}

/** What is held after the call; answers with its result where that is an object. `registers` are still those before. */
export function resourceEffect(state: State, rule: ResourceRule, { index }: Instruction): ObjectPointer | undefined {
  const { registers, resources } = state
  const first = registers[1] ?? UNKNOWN
  const second = registers[2] ?? UNKNOWN
  switch (rule.does) {
    case 'acquire': {
      const reference = `${rule.type} ${state.fn} ${index}`
      state.resources = withReference(resources, { name: reference, fn: state.fn, index })
      const size = second.is === 'scalar' && second.min === second.max ? second.min : Infinity
      return { ...pointerTo(rule.type, reference, size), owns: true }
    }
    case 'cast':
      return pointerTo(rule.type, rule.keeps && first.is === 'object' ? first.reference : undefined)
    case 'release':
      release(state, first)
      return undefined
    case 'iterator':
      place(state, rule, first, index)
      return rule.step === 'next' ? pointerTo('mem', undefined, rule.item) : undefined
    case 'enter':
    case 'leave':
      state.resources = afterSection(state, rule, first, index)
      if (rule.section === 'irq') replaceSpecial(state, first, IRQ, rule.does === 'enter')
      return undefined
    default:
      return undefined
  }
}

function pointerTo(type: ObjectPointer['type'], reference: string | undefined, size = Infinity): ObjectPointer {
  return { is: 'object', type, reference, owns: false, nullable: true, size, min: 0, max: 0 }
}

function release(state: State, value: Value): void {
  const reference = value.is === 'object' ? value.reference : undefined
  if (reference === undefined || !holds(state.resources, reference)) {
    state.resources = UNKNOWN_HELD
    return
  }
  state.resources = withoutReference(state.resources, reference)
  replaceWhere(state, (each) => (each.is === 'object' && each.reference === reference ? RELEASED : undefined))
}

const IRQ: SpecialSlot = { what: 'irq', type: 'irq', bytes: 8 }

/** Something new in the frame, or the end of it. */
function replaceSpecial(state: State, pointer: Value, slot: SpecialSlot, isNew: boolean): void {
  const found = placeIn(state, pointer)
  if (!found) forgetFrame(state, frameOf(state, pointer))
  else if (isNew) placeSpecial(state, found.frame, found.at, slot)
  else destroySpecial(state, found.frame, found.at, slot.bytes)
}

/** An iterator, which lives in the frame. */
function place(state: State, rule: Extract<ResourceRule, { does: 'iterator' }>, pointer: Value, index: number): void {
  if (rule.step === 'next') return
  const name = framePlace(state, rule.type, pointer)
  replaceSpecial(state, pointer, { what: 'iterator', type: rule.type, bytes: rule.bytes }, rule.step === 'new')
  if (name === undefined) state.resources = UNKNOWN_HELD
  else if (rule.step === 'new') state.resources = withReference(state.resources, { name, fn: state.fn, index })
  else if (holds(state.resources, name)) state.resources = withoutReference(state.resources, name)
  else state.resources = UNKNOWN_HELD
}

function afterSection(state: State, rule: Section, first: Value, index: number) {
  const { resources } = state
  const by = rule.does === 'enter' ? 1 : -1
  if (rule.section === 'rcu') return withSections(resources, { rcu: Math.max(0, resources.rcu + by) })
  if (rule.section === 'preempt') return withSections(resources, { preempt: Math.max(0, resources.preempt + by) })
  const name = framePlace(state, 'irq', first)
  if (name === undefined) return UNKNOWN_HELD
  const others: readonly Held[] = resources.irq.filter((held) => held.name !== name)
  return withSections(resources, { irq: by > 0 ? [...others, { name, fn: state.fn, index }] : others })
}

// Legacy packet loads (BPF_LD with BPF_ABS or BPF_IND): what must hold where one stands, as it may end its function,
// and what it leaves. The words are those of the kernel's verifier. Used by the step over one instruction.
import type { Role } from './entry.js'
import { access, invalid, type Complaint } from './refusal.js'
import { heldComplaint } from './resources.js'
import { scalar } from './scalar.js'
import type { State } from './state.js'
import { UNKNOWN, UNSET } from './value.js'

const INSTRUCTION = 'BPF_LD_[ABS|IND]'
/** The register that has the context there. */
const CONTEXT = 6
/**
 * Linux 6.18 follows the end that a load may be from a callback to its helper, and then takes itself for wrong; the
 * words depend on what the callback did before.
 */
const IN_CALLBACK: Complaint = { errno: 'EFAULT', words: 'verifier bug: callback unexpected regs 1' }

/** What is wrong with one where the kernel certainly comes with this state. */
export function packetLoadComplaint(state: State, role: Role): Complaint | undefined {
  const { resources, lock, registers } = state
  const held = resources.known ? heldComplaint(resources, lock, INSTRUCTION, role === 'program') : undefined
  return held ?? contextComplaint(registers) ?? (role === 'callback' ? IN_CALLBACK : undefined)
}

function contextComplaint(registers: State['registers']): Complaint | undefined {
  const context = registers[CONTEXT] ?? UNKNOWN
  if (context.is === 'unknown' || context.is === 'place') return undefined
  if (context.is !== 'ctx') return invalid('at the time of BPF_LD_ABS|IND R6 != pointer to skb')
  const { min: offset, max } = context
  if (offset !== max || offset === 0) return undefined
  const how = offset < 0 ? 'negative offset' : 'dereference of modified'
  return access(`${how} ctx ptr R${CONTEXT} off=${offset} disallowed`)
}

/** What a load of `width` bits leaves; the kernel does not look at how wide it is. */
export function afterPacketLoad(state: State, width: number, trusting: boolean): void {
  state.registers.fill(trusting ? UNSET : UNKNOWN, 1, 6)
  state.registers[0] = trusting ? scalar() : scalar(0, 2 ** width - 1)
}

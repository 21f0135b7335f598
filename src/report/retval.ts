// What a program's return value means, by the kernel's names.
import type { ProgramType } from '../object/spec.js'
import { errnoName } from '../machine/errno.js'

const XDP = ['XDP_ABORTED', 'XDP_DROP', 'XDP_PASS', 'XDP_TX', 'XDP_REDIRECT']
const TC = [
  'TC_ACT_OK',
  'TC_ACT_RECLASSIFY',
  'TC_ACT_SHOT',
  'TC_ACT_PIPE',
  'TC_ACT_STOLEN',
  'TC_ACT_QUEUED',
  'TC_ACT_REPEAT',
  'TC_ACT_REDIRECT',
  'TC_ACT_TRAP',
]

/** 'XDP_PASS', 'TC_ACT_SHOT', '-EBUSY'; undefined for a number that has no name in this type of program. */
export function retvalName(type: ProgramType, retval: number): string | undefined {
  const signed = retval | 0
  if (type === 'xdp') return XDP[signed]
  if (type === 'sched_cls' || type === 'sched_act') return signed === -1 ? 'TC_ACT_UNSPEC' : TC[signed]
  // A socket filter answers a length.
  if (type === 'socket_filter' || signed >= 0 || signed < -4095) return undefined
  return `-${errnoName(signed)}`
}

/** The number as a person writes it, with its name if it has one: 'XDP_PASS', '12', '-22 (-EINVAL)'. */
export function retvalText(type: ProgramType, retval: number): string {
  const name = retvalName(type, retval)
  const signed = retval | 0
  const isAction = type === 'xdp' || type === 'sched_cls' || type === 'sched_act'
  if (name !== undefined) return isAction ? name : `${signed} (${name})`
  return String(type === 'socket_filter' ? retval : signed)
}

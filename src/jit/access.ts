// What a load, store or atomic touches: through which register, where, how wide. For memory.ts and counted.ts.
import { FRAME_BYTES } from '../../core/abi.js'
import type { Instruction } from '../isa/decode.js'
import { FRAME_POINTER } from '../isa/opcodes.js'

/** One access: which register it goes through, where, how wide. */
export interface Access {
  readonly instruction: Instruction
  readonly base: number
  readonly offset: number
  readonly bytes: number
}

/** The access of an instruction that has one. */
export function accessOf(instruction: Instruction): Access | undefined {
  const { form, dst, src, offset } = instruction
  const bytes = form.width / 8
  switch (form.kind) {
    case 'load':
      return { instruction, base: src, offset, bytes }
    case 'store':
      return { instruction, base: dst, offset, bytes }
    case 'atomic':
      return { instruction, base: form.operation === 'load_acquire' ? src : dst, offset, bytes }
    default:
      return undefined
  }
}

/** Does it lie in the frame by its code alone? */
export function inFrame({ base, offset, bytes }: Access): boolean {
  return base === FRAME_POINTER && offset >= -FRAME_BYTES && offset + bytes <= 0
}

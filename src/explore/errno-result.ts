// How results of operations of a kernel's kind are shown: a negative one by its errno. For subjects of the core and of
// the older designs.
import { errnoName } from '../machine/errno.js'
import type { Value } from './subject.js'

/** `-EBUSY` for -16; nothing for what is no errno. */
export const errnoResult = (value: Value): string | undefined =>
  typeof value === 'number' && value < 0 && value > -4096 ? `-${errnoName(value)}` : undefined

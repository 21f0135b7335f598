// Objects whose grace period is over go back: control blocks to the pool, programs and maps to the host.
// Outermost code outside any section.
import { PROGRAM_UNLOADED } from '../async/program'
import { controlBlockReturn } from '../async/control-block'
import { MAP_RECLAIMABLE } from '../async/user-reference'
import { store32 } from '../door'
import { MAP_STATE, PROGRAM_STATE } from '../layout'
import {
  DEFERRED_CONTROL_BLOCK,
  DEFERRED_PROGRAM,
  deferredKind,
  deferredNext,
  deferredObject,
  deferredReady,
} from '../memory/deferred'

/** Returns one batch, if its grace period is over, and starts the next one's. */
export function reclaim(): void {
  let link = deferredReady()
  while (link !== 0) {
    const kind = deferredKind(link)
    const object = deferredObject(link)
    link = deferredNext(link)
    if (kind === DEFERRED_CONTROL_BLOCK) controlBlockReturn(object)
    else if (kind === DEFERRED_PROGRAM) store32(object + PROGRAM_STATE, PROGRAM_UNLOADED)
    else store32(object + MAP_STATE, MAP_RECLAIMABLE)
  }
}

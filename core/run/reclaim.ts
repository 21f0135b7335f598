// Objects whose grace period is over go back: control blocks to the pool, programs and maps to the host.
// Outermost code outside any section.
// A map waits for two, one after the other. Until the first is over there are programs that have found the map in
// another one: with a control block that they have published in it and not torn down yet, or have torn down and not
// asked its queue to give up. A CPU that met such a block in its queue, in a section that the first grace period does
// not wait for, is done with it when the second is over; whoever begins later finds it freed, and is asked.
import { PROGRAM_UNLOADED } from '../async/program'
import { controlBlockReturn } from '../async/control-block'
import { MAP_RECLAIMABLE } from '../async/user-reference'
import { store32 } from '../door'
import { MAP_STATE, PROGRAM_STATE } from '../layout'
import {
  DEFERRED_CONTROL_BLOCK,
  DEFERRED_MAP,
  DEFERRED_MAP_AGAIN,
  DEFERRED_PROGRAM,
  defer,
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
    else if (kind === DEFERRED_MAP) defer(object, DEFERRED_MAP_AGAIN)
    else store32(object + MAP_STATE, MAP_RECLAIMABLE)
  }
}

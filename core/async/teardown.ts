// Cancel-and-free: the end of a control block. Any context, bounded, never waits [G7].
// The state word decides: who sets FREED goes on, everybody else has nothing to do but to empty the slot. The slot's
// exchange decides nothing, so init's error path cannot free somebody else's block [H34].
import { EVENT_FREE, EVENT_WORK_BIT, KIND_WORK } from '../abi'
import { and64, compareExchange32, load64, or64 } from '../door'
import { cpuIndex, nested } from '../cpu'
import { CB_BINDING, CB_QUEUED, CB_STATE } from '../layout'
import { eventsWanted, recordEvent } from '../memory/events'
import { queuedOwner } from '../queue/entry'
import { post } from '../queue/inbox'
import { bindingProgram, isPresent, WITHOUT_BINDING } from './binding'
import { controlBlockPutLast } from './control-block'
import { elementOf, kindOf, mapOf, slotOfBlock } from './owner'
import { unplace } from './place'
import { program_put } from './program'
import { FREED, isArmed, isFreed } from './state'

/**
 * Frees a block found in a slot, inside a section; true for the one caller that freed it. If the slot still names it,
 * the slot is `left` afterwards: SLOT_EMPTY, or SLOT_CLOSED if the element has left its map.
 */
export function teardown(block: usize, left: u32): bool {
  const state = or64(block + CB_STATE, FREED)
  const first = !isFreed(state)
  compareExchange32(slotOfBlock(block), <u32>block, left)
  if (!first) return false
  // The serial number stays: a setter that has read the word before anything was bound finds it changed, and a firing
  // that has yet to see what is bound finds nothing [H32].
  const binding = and64(block + CB_BINDING, WITHOUT_BINDING)
  if (isPresent(binding)) program_put(bindingProgram(binding))
  const queued = load64(block + CB_QUEUED)
  // The slot's reference, and the entry's if it is this CPU's.
  let held = 1
  if (queued !== 0) {
    if (queuedOwner(queued) === cpuIndex() && !nested()) {
      unplace(block)
      held = 2
    } else post(block, queuedOwner(queued))
  }
  if (eventsWanted()) {
    const event = kindOf(block) === KIND_WORK ? EVENT_FREE | EVENT_WORK_BIT : EVENT_FREE
    recordEvent(event, <u32>mapOf(block), elementOf(block), isArmed(state) ? 1 : 0, 0)
  }
  controlBlockPutLast(block, held)
  return true
}

// A subject in which every allocation may fail: at each the explorer chooses. An operation that then answers that there
// is no memory has changed nothing, for the sequential model too; everything else that a subject says must hold as
// before.
import { E2BIG, ENOMEM } from '../../core/abi.js'
import type { Subject } from './subject.js'

const NO_ROOM: readonly unknown[] = [-ENOMEM, -E2BIG]

/** The subject with allocations that may fail. */
export function allocationsFail<S>(subject: Subject<S>): Subject<S> {
  const { model } = subject
  if (model === undefined) return { ...subject, allocationsFail: true }
  return {
    ...subject,
    allocationsFail: true,
    model: {
      ...model,
      moments(event) {
        const moments = model.moments(event)
        const last = moments.at(-1)
        if (!event.ended || !NO_ROOM.includes(event.result) || last === undefined) return moments
        return [...moments.slice(0, -1), (state: S) => [...last(state), state]]
      },
    },
  }
}

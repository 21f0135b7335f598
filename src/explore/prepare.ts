// The way into a subject's initial state and back: the stage's memory is the image again afterwards, whatever was done
// in between. Every search, walk and replay begins here.
import type { WorldOptions } from './choices.js'
import type { Subject } from './subject.js'
import { World } from './world.js'

/** Builds the world, runs set-up natively, calls `body` in the initial state, and undoes everything. */
export function prepared<T>(subject: Subject, options: WorldOptions, body: (world: World) => T): T {
  const { memory, cpus } = subject.stage
  const mark = memory.mark()
  try {
    for (const cpu of cpus) cpu.restoreGlobals()
    subject.setup?.(cpus)
    const world = new World(subject, options)
    memory.resetHash()
    return body(world)
  } finally {
    memory.rollback(mark)
    for (const cpu of cpus) cpu.restoreGlobals()
    memory.resetHash()
  }
}

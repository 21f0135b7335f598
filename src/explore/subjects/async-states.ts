// The states from which pairs and triples of operations on one timer or work are explored, by name: who did what
// before. And the kinds of operation (async.ts) that meet there.

const BOUND = '0:init 0:set1'

/** A timer. */
export const TIMER_STATES: Record<string, string> = {
  uninitialised: '',
  'no user left': '0:drop',
  'idle, unbound': '0:init',
  'idle, bound': BOUND,
  'idle, cancelled': `${BOUND} 0:cancel`,
  'due on CPU 0': `${BOUND} 0:now`,
  'due on CPU 1': `${BOUND} 1:now`,
  'later on CPU 0': `${BOUND} 0:later`,
  'pinned to CPU 1, queued on CPU 0': `${BOUND} 0:later 1:pin`,
  'entry earlier than the deadline': `${BOUND} 0:now 0:later`,
  'disarmed with an entry on CPU 0': `${BOUND} 0:now 0:async`,
  'due, restarts itself': '0:init 0:restart1 0:now',
  'due, frees itself': '0:init 0:freeself1 0:now',
  'due, cancels itself': '0:init 0:cancelself1 0:now',
  'due, starts itself freed': '0:init 0:startfreed1 0:now',
}

/** A work. */
export const WORK_STATES: Record<string, string> = {
  uninitialised: '',
  'idle, unbound': '0:init',
  'idle, bound': BOUND,
  pending: `${BOUND} 0:now`,
  'pending on CPU 1': `${BOUND} 1:now`,
  'pending, restarts itself': '0:init 0:restart1 0:now',
  'pending, frees itself': '0:init 0:freeself1 0:now',
}

/** set1 is the program whose callback is bound, set2 another; put: unload; drop: last user reference; poll: firing. */
export const TIMER_KINDS = 'init set1 set2 now later abs pin cancel async free put1 put2 drop reopen poll'.split(' ')
export const WORK_KINDS = 'init set1 set2 now free put1 put2 drop reopen poll'.split(' ')

/** What the host does once. */
export const ONCE = new Set(['put1', 'put2', 'drop', 'reopen'])

/** Whether a script of these kinds makes sense: nothing that is done once is done twice. */
export const possible = (kinds: readonly string[]): boolean =>
  kinds.every((kind, at) => !ONCE.has(kind) || kinds.indexOf(kind) === at)

/** CPUs that hold an entry of the timer, or that it is pinned to: the others are alike. */
export function owners(steps: string): number[] {
  const starts = [...steps.matchAll(/(\d):(?:now|later|abs|pin)/g)]
  return [...new Set(starts.map(([, cpu]) => Number(cpu)))]
}

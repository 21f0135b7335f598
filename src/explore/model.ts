// The sequential reference model of one timer slot: what each operation answers and leaves behind if nothing happens at
// the same time (the contract), and what its G6 allows besides. Used by the explorer's subjects as the oracle of
// linearizability and by property tests step by step. Pure values.
import { EBUSY, EDEADLK, EINVAL, ENOENT, ENOMEM, EOPNOTSUPP, EPERM } from '../../core/abi.js'
import type { Event, SequentialModel } from './linearize.js'

/**
 * A firing: the arming is taken in one moment, the callback chosen in a later one, as in the kernel. What set_callback
 * binds in between is what is called.
 */
interface Firing {
  cpu: number
  block: number
  /** Program whose callback runs; 0: not chosen yet. */
  program: number
  /** Program whose callback is chosen if that is now: the last one bound. A cancel takes nothing from it, and waits. */
  offered: number
  /** CPUs, one bit each, whose cancel waits for it. */
  waiters: number
}

/** One slot and what decides about it. */
export interface SlotState {
  /** Number of the control block in the slot, counted from 1; 0 = none. */
  block: number
  /** Blocks that the slot ever had. */
  blocks: number
  /** Program whose callback is bound (1, 2 …), 0 none. */
  bound: number
  /** Deadline in units plus 1; 0 = not armed. */
  armed: number
  /** CPU that it is armed for, plus 1; 0 = any. */
  pinned: number
  /** Armed for a reading of REALTIME: setting that clock moves it. */
  wall: boolean
  /** Deadline units by which REALTIME was set forward. */
  set: number
  /** Firings that go on. More than one if the slot was freed and used again meanwhile. */
  firings: readonly Firing[]
  /** Block that an init published and is about to take back, 0 none. */
  doomed: number
  /** User references of the map. */
  users: number
  /** CPUs, one bit each, that dropped the last user reference and have not torn the slot down yet. */
  closing: number
  /** Handles that the host has on program i + 1. */
  handles: number[]
}

export const EMPTY_SLOT: SlotState = {
  block: 0,
  blocks: 0,
  bound: 0,
  armed: 0,
  pinned: 0,
  wall: false,
  set: 0,
  firings: [],
  doomed: 0,
  users: 1,
  closing: 0,
  handles: [1, 1],
}

type Change = Partial<SlotState>

/** Kinds of operation that free what is in the slot. */
const FREES = new Set(['free', 'drop-user'])

const loaded = (state: SlotState, program: number): boolean =>
  (state.handles[program - 1] ?? 0) > 0 ||
  state.bound === program ||
  state.firings.some((firing) => (firing.program || firing.offered) === program)

/** A deadline when REALTIME was set forward by so much. */
const read = (deadline: number, by: number): number => Math.max(0, deadline - by)

const firingOf = ({ firings, block }: SlotState): Firing | undefined => firings.find((one) => one.block === block)

const bind = (state: SlotState, program: number): Change => {
  return { bound: program, firings: offer(state, program) }
}

// The firing of this very block that has not chosen its callback yet is changed so.
const offer = ({ firings, block }: SlotState, offered: number): readonly Firing[] =>
  firings.map((one) => (one.block === block && one.program === 0 ? { ...one, offered } : one))

/** The answer of an operation in a state and the state after it. */
export function answer(
  state: SlotState,
  kind: string,
  args: Record<string, unknown>,
): { result: number; state: SlotState } {
  const done = (result: number, change: Change = {}) => ({ result, state: { ...state, ...change } })
  const program = Number(args.program ?? 1)
  switch (kind) {
    case 'init':
      if (state.block !== 0) return done(-EBUSY)
      if (state.users === 0) return done(-EPERM)
      return done(0, { block: state.blocks + 1, blocks: state.blocks + 1, bound: 0, armed: 0 })
    case 'set_callback':
      if (state.block === 0) return done(-EINVAL)
      if (!loaded(state, program)) return done(-ENOENT)
      return done(0, bind(state, program))
    case 'start':
      if (state.block === 0 || state.bound === 0) return done(-EINVAL)
      return done(0, {
        armed: (args.wall === true ? read(Number(args.deadline), state.set) : Number(args.deadline)) + 1,
        pinned: args.pinned === true ? Number(args.cpu) + 1 : 0,
        wall: args.wall === true,
      })
    case 'step':
      return done(0, {
        set: Number(args.by),
        armed: state.armed !== 0 && state.wall ? read(state.armed - 1, Number(args.by) - state.set) + 1 : state.armed,
      })
    case 'cancel_async':
      if (state.block === 0) return done(-EINVAL)
      if (state.armed !== 0) return done(1, { armed: 0 })
      return done(firingOf(state) ? -1 : 0)
    case 'cancel':
      if (args.nested === true) return done(-EOPNOTSUPP)
      if (state.block === 0) return done(-EINVAL)
      return done(state.armed !== 0 ? 1 : 0, { armed: 0, bound: 0 })
    case 'free':
      return done(0, { block: 0, bound: 0, armed: 0 })
    case 'put-program':
      return done(0, { handles: state.handles.map((count, index) => (index === program - 1 ? count - 1 : count)) })
    default:
      throw new Error(`the slot model has no operation ${kind}`)
  }
}

/** What a firing goes by: the CPU, and its clock in units. */
interface Poll {
  cpu: number
  now: number
}

// The arming is taken: possible only for an armed timer whose deadline has come, on the CPU that it was pinned to
// [H26].
function take(state: SlotState, { cpu, now }: Poll): SlotState[] {
  if (state.block === 0 || state.armed === 0 || state.armed - 1 > now) return []
  if (state.pinned !== 0 && state.pinned !== cpu + 1) return []
  if (firingOf(state)) return []
  const firing = { cpu, block: state.block, program: 0, offered: state.bound, waiters: 0 }
  return [{ ...state, armed: 0, firings: [...state.firings, firing] }]
}

// The firing of `cpu` whose arming is taken calls what is offered: if given, `program`.
const choose = (state: SlotState, cpu: number, program?: number): SlotState[] =>
  state.firings.flatMap((firing) => {
    if (firing.cpu !== cpu || firing.program !== 0 || firing.offered !== (program ?? firing.offered)) return []
    const chosen = { ...firing, program: firing.offered }
    return [{ ...state, firings: state.firings.map((one) => (one === firing ? chosen : one)) }]
  })

// A timer that is freed after its arming was taken need not be called any more: nobody knows of that firing. One that
// is not freed by then is called. If nobody frees anything meanwhile (not `tearing`), nothing is taken so.
const takenAndFreed = (poll: Poll, tearing: boolean): ((state: SlotState) => SlotState[])[] => [
  (state) => (tearing ? [state, ...take(state, poll)] : [state]),
  (state) => {
    const uncalled = state.firings.filter(({ cpu, program }) => cpu === poll.cpu && program === 0)
    if (uncalled.some(({ block }) => block === state.block)) return []
    return [{ ...state, firings: state.firings.filter((firing) => !uncalled.includes(firing)) }]
  },
]

const end = (state: SlotState, cpu: number): SlotState => ({
  ...state,
  firings: state.firings.filter((firing) => firing.cpu !== cpu),
})

// A cancel has taken effect; it returns when the run that it met, if any, has ended.
function cancelled(state: SlotState, before: SlotState, cpu: number): SlotState {
  const met = firingOf(before)
  if (!met) return state
  return {
    ...state,
    firings: state.firings.map((one) =>
      one.cpu === met.cpu && one.block === met.block ? { ...one, waiters: one.waiters | (1 << cpu) } : one,
    ),
  }
}

const returns = (state: SlotState, cpu: number): SlotState[] =>
  state.firings.some(({ waiters }) => (waiters >> cpu) & 1) ? [] : [state]

// The answers that only concurrency explains (contract G6): a teardown of that very block overlaps the call. Where the
// block held the last reference on the caller's program, the call may see the program die with it [H35].
function torn(state: SlotState, kind: string, { program = 1 }: Record<string, unknown>, result: unknown): boolean {
  if (state.block !== 0) return false
  if (kind === 'start' || kind === 'cancel_async') return result === -ENOENT
  if (kind === 'set_callback') return result === -EPERM || (result === -ENOENT && !loaded(state, Number(program)))
  return kind === 'cancel' && (result === 0 || result === 1)
}

/** Moments that a note of a poll stands for. */
export const momentsOfNote = (note: string): number => ({ begin: 4, end: 3 })[note.split(' ')[0]!] ?? 1

/** Moments of a note that a poll took: `begin 1`, `start:{"deadline":5} 0`, `end`. As many as momentsOfNote says. */
function noted(note: string, poll: Poll, tearing: boolean): ((state: SlotState) => SlotState[])[] {
  const [what = '', value = ''] = note.split(' ')
  const unseen = takenAndFreed(poll, tearing)
  if (what === 'begin')
    return [...unseen, (state) => take(state, poll), (state) => choose(state, poll.cpu, Number(value))]
  if (what === 'end') return [(state) => [end(state, poll.cpu)], ...unseen]
  const split = what.indexOf(':')
  const kind = what.slice(0, split)
  const args = JSON.parse(what.slice(split + 1)) as Record<string, unknown>
  return [
    (state) => {
      if (Number(value) === -EDEADLK) return [state]
      const expected = answer(state, kind, args)
      if (expected.result === Number(value)) return [expected.state]
      return tearing && torn(state, kind, args, Number(value)) ? [state] : []
    },
  ]
}

/** How a note of an operation inside a callback is written. */
export const note = (kind: string, args: Record<string, unknown>, result: unknown): string =>
  `${kind}:${JSON.stringify(args)} ${String(result)}`

export interface SlotModelOptions {
  /** init may answer -ENOMEM at any time (a small pool). */
  mayRunOut?: boolean
  /** The clock, in deadline units, if it stands still: nothing later fires. */
  now?: number
  /** What callbacks may do, in order: for a poll that never ended, whose notes nobody has. */
  callbackDoes?: readonly { kind: string; args: Record<string, unknown> }[]
}

// init answers -EPERM: it finds no user reference at once, or publishes, finds none, and takes its own block back. In
// between the block is there for everybody (contract §2, H1, H2, H34).
function refusedInit(): ((state: SlotState) => SlotState[])[] {
  const block = (state: SlotState): number => state.blocks + 1
  return [
    (state) =>
      state.block === 0
        ? [state, { ...state, block: block(state), blocks: block(state), doomed: block(state), bound: 0, armed: 0 }]
        : [state],
    (state) => (state.users === 0 ? [state] : []),
    (state) => [
      state.doomed !== 0 && state.doomed === state.block
        ? { ...state, block: 0, bound: 0, armed: 0, doomed: 0 }
        : { ...state, doomed: 0 },
    ],
  ]
}

// The last user reference goes: what follows is decided there. Who comes meanwhile and makes a new one finds the slot
// as it was for a moment, and then empty: as in the kernel.
function droppedUser(cpu: number): ((state: SlotState) => SlotState[])[] {
  return [
    (state) => [{ ...state, users: state.users - 1, closing: state.users === 1 ? state.closing | cpu : state.closing }],
    (state) => [
      (state.closing & cpu) !== 0 ? { ...state, block: 0, bound: 0, armed: 0, closing: state.closing & ~cpu } : state,
    ],
  ]
}

/**
 * Operations that give up a program reference some time after their effect can be seen: until then the program lives.
 */
const RELEASES = new Set(['put-program', 'set_callback', 'cancel', ...FREES])

function moments(
  event: Event,
  { mayRunOut = false, now = Infinity, callbackDoes = [] }: SlotModelOptions,
): ((state: SlotState) => SlotState[])[] {
  const { kind, cpu } = event
  const args: Record<string, unknown> = { ...event.args, cpu }
  if (kind === 'await') return []
  // What was armed for the dead CPU may fire anywhere; what its init had published, and the map has no users, goes.
  if (kind === 'offline')
    return [
      (state) => [
        state,
        { ...state, pinned: 0 },
        ...(state.doomed !== 0 && state.doomed === state.block && state.users === 0
          ? [{ ...state, block: 0, bound: 0, armed: 0, doomed: 0 }]
          : []),
      ],
    ]
  // A poll whose CPU stopped has no notes: its callback may have come as far as what it does.
  const frees = (other: { kind: string; ended: boolean; result: unknown }): boolean =>
    FREES.has(other.kind) ||
    (other.kind === 'init' && Number(other.result) === -EPERM) ||
    (other.kind === 'poll' &&
      (other.ended ? String(other.result).includes('free:') : callbackDoes.some(({ kind: done }) => FREES.has(done))))
  const tearing = event.overlapping.some(frees)
  if (kind === 'poll') {
    const poll = { cpu, now }
    // A poll that never ended may have run one callback, or half of it.
    if (!event.ended)
      return [
        (state) => take(state, poll),
        (state) => choose(state, cpu),
        ...callbackDoes.map((one) => (state: SlotState) => [state, answer(state, one.kind, one.args).state]),
        (state) => [end(state, cpu)],
      ]
    const notes = String(event.result)
    if (notes === '' || notes === 'none') return tearing ? takenAndFreed(poll, true) : []
    return notes.split(';').flatMap((note) => noted(note, poll, tearing))
  }
  const result = typeof event.result === 'number' ? event.result : Number(event.result)
  if (kind === 'get-user') return [(state) => [{ ...state, users: state.users + 1 }]]
  if (kind === 'drop-user') return droppedUser(1 << cpu)
  if (kind === 'init' && result === -EPERM) return refusedInit()
  // The caller is a program that runs: it dies when the last reference goes, which may be before or after its own was
  // taken.
  const unloading = event.overlapping.some((other) => RELEASES.has(other.kind) || frees(other))
  // Inside a callback a cancel may find that it would wait for itself.
  if (kind === 'cancel' && args.inside === true && result === -EDEADLK) return [(state) => [state]]
  const waits = kind === 'cancel' && event.ended && result >= 0
  return [
    (state) => {
      const expected = answer(state, kind, args)
      if (kind === 'set_callback' && unloading && result === 0 && expected.result === -ENOENT)
        return [{ ...state, ...bind(state, Number(args.program ?? 1)) }]
      // An init that stopped after it had published leaves its block, whatever it would have answered, to the repair.
      if (!event.ended && kind === 'init' && state.block === 0)
        return [{ ...answer({ ...state, users: 1 }, kind, args).state, users: state.users, doomed: state.blocks + 1 }]
      if (!event.ended) return [expected.state]
      if (expected.result === result) return [waits ? cancelled(expected.state, state, cpu) : expected.state]
      if (kind === 'init' && result === -ENOMEM && mayRunOut) return [state]
      return tearing && torn(state, kind, args, result) ? [state] : []
    },
    ...(waits ? [(state: SlotState) => returns(state, cpu)] : []),
  ]
}

const firingKey = ({ cpu, block, program, offered, waiters }: Firing): string =>
  `${cpu}.${block}.${program}.${program === 0 ? offered : ''}.${waiters}/`

function key(state: SlotState): string {
  let firings = ''
  for (const firing of state.firings) firings += firingKey(firing)
  if (state.wall || state.set !== 0) firings += `${state.wall} ${state.set}`
  return `${state.block},${state.blocks},${state.bound},${state.armed},${state.pinned},${firings},${state.doomed},${state.users},${state.closing},${state.handles.join('/')}`
}

/** What memory and model must agree on at rest: is there a block, what is bound, what is armed and for which CPU. */
export const summary = (state: Pick<SlotState, 'block' | 'bound' | 'armed' | 'pinned'>): string =>
  `${state.block === 0 ? 'empty' : 'block'} bound ${state.bound} armed ${state.armed}${
    state.armed !== 0 && state.pinned !== 0 ? ` for CPU ${state.pinned - 1}` : ''
  }`

/** The model for linearizability checks. `read` takes a slot's state from the model's memory. */
export function slotModel(
  read: (load32: (address: number) => number, load64: (address: number) => bigint) => SlotState,
  options: SlotModelOptions = {},
): SequentialModel<SlotState> {
  return {
    initial: (view) => read(view.load32, view.load64),
    key,
    moments: (event) => moments(event, options),
    final: (view) => summary(read(view.load32, view.load64)),
    agrees: (state, final) => summary(state) === final,
  }
}

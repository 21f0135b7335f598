// The hazards of contract §5 that are about interleavings, each as named subjects: `hazard/H7/…`. Who does what, from
// which state; what must hold is said once, in async-memory.ts and in the sequential model.
import type { View } from '../subject.js'
import { EDEADLK, EINVAL } from '../../../core/abi.js'
import { CB_STATE, SLOT_EMPTY } from '../../../core/layout.js'
import { ANYTHING, variantName, type Variant } from './entry.js'
import { decodeState } from './async-memory.js'
import { hiddenPost } from './async-queues.js'
import type { Places } from './async-memory.js'
import type { Scenario, Script } from './async-catalogue.js'

const BOUND = '0:init 0:set1'
const DUE = `${BOUND} 0:now`
const RESTARTS = '0:init 0:restart1 0:now'

type Line = [hazard: string, about: string, steps: string, ...scripts: Script[]]

/** Seven cancels that find a binding, `last` after them: with another one they bring the generation back. */
function seven(setter: string, last: string[]): string[] {
  const between = Array.from({ length: 7 }, (_, turn) => [`${setter}${turn}`, `cancelW${turn}`])
  return [...between.flat(), ...last]
}

const wrap = (setter: string, last: string[]): string[] => ['cancelW', ...seven(setter, last)]

// prettier-ignore
const LINES: Line[] = [
  ['H1', 'the last user reference goes while init publishes: nothing stays in the slot', '', ['initA'], ['dropB']],
  ['H1/three', 'two inits and the last user reference', '', ['initA'], ['initB'], ['dropC']],
  ['H2', 'init’s error path meets a timer that another CPU has armed', '', ['initA'], ['set1B', 'nowB'], ['dropC']],
  ['H2/made-and-armed', 'the last user reference goes while a timer is made and armed', '', ['initA', 'set1B', 'nowC'], ['dropE', 'pollF']],
  ['H3', 'a start that has read the block, beside the free of it, a grace period and its reuse', BOUND, ['nowA', 'pollB'], ['freeC', 'pollD', 'pollE', 'initF']],
  ['H4/look', 'a free while a look is asked for: neither swallows the other', `${BOUND} 0:later`, ['pollA'], ['pinB', 'freeB']],
  ['H4/entry', 'a free while the queue holds an entry', `${BOUND} 0:later 1:pin`, ['pollA'], ['freeB'], ['pollC']],
  ['H5', 'setter, canceller and freer all have read the same binding: its reference is dropped once', BOUND, ['set2A'], ['freeB'], ['cancelC']],
  ['H6', 'a setter that is half way while the block is freed and the slot used again', '0:init', ['set2A'], ['freeB', 'initC']],
  ['H6/two-setters', 'two setters and a cancel: each takes back its own binding only', BOUND, ['set1A'], ['set2B'], ['cancelC']],
  ['H7/cancel', 'a program is unloaded after a cancel while its callback begins', DUE, ['pollA', 'pollB'], ['cancelC', 'put1D', 'pollE', 'pollF']],
  ['H7/set', 'a program is unloaded after another took its place', DUE, ['pollA', 'pollB'], ['set2C', 'put1D', 'pollE', 'pollF']],
  ['H7/drop', 'a program is unloaded after the last user reference of the map went', DUE, ['pollA', 'pollB'], ['dropC', 'put1D', 'pollE', 'pollF']],
  ['H8', 'a reference taken while the last one goes does not bring a block back', `${DUE} 0:async`, ['laterA'], ['freeB'], ['pollC']],
  ['H11', 'a start that was accepted arms after the free, and drops the last reference', BOUND, ['nowA'], ['freeB', 'pollC'], ['pollD']],
  ['H12', 'a start from NMI is not overtaken by a later cancel', BOUND, { operations: ['set2A', 'pollA'], nmi: ['nowN'] }, ['cancelB', 'asyncB']],
  ['H14', 'a callback that restarts its timer while that is freed', RESTARTS, ['pollA'], ['freeB', 'pollC']],
  ['H14/three', 'a callback that restarts its timer while that is freed and its slot used again', RESTARTS, ['pollA'], ['freeB'], ['initC', 'set2D']],
  ['H16', 'a slot is used again while the old callback runs: old and new do not mix', DUE, ['pollA'], ['freeB', 'initC', 'set2D', 'nowE', 'pollF']],
  ['H18', 'cancel beside a setter that is half way: no callback stays without an owner', `${BOUND} 0:later`, ['cancelA'], ['set2B'], ['put2C']],
  ['H18/twice', 'two cancels beside two setters', BOUND, ['cancelA', 'cancelA2'], ['set2B', 'set1B']],
  ['H18/void', 'a half-way setter from before a cancel does not swallow one from after it', BOUND, ['set2A'], ['cancelB'], ['laterC', 'set1D', 'laterE']],
  ['H18/late', 'a half-way setter from before a cancel does not undo one from after it', BOUND, ['set2A'], ['cancelB', 'set1C']],
  ['H18/wrap', 'seven cancels inside a cancel bring its generation back: what was bound and started since stays bound', BOUND, ['cancelA'], seven('set1W', ['set1Z', 'nowZ'])],
  ['H18/wrap/idle', 'eight cancels inside a cancel bring its state back, idle: nothing of an older generation is kept', BOUND, ['cancelA'], wrap('set1W', [])],
  ['H18/wrap/armed', 'eight cancels inside a cancel bring its state back, armed anew: what is bound by then goes, too', DUE, ['cancelA'], wrap('set1W', ['set1Z', 'nowZ'])],
  ['H18/wrap/set', 'eight cancels after a setter has bound bring its generation back: it takes back its own binding only', '0:init', ['set1A'], ['awaitboundW', ...wrap('set1W', ['set1Z', 'nowZ'])]],
  ['H19', 'updates of the value beside init, set_callback, start: the value’s bytes of the timer stay zero', '', ['initA', 'set1B', 'nowC'], ['freeD', 'freeE']],
  ['H7/kept', 'a program is unloaded beside a cancel, which keeps nothing for it, and a setter, which takes over what is kept', BOUND, ['cancelA', 'set1B'], ['put1C', 'pollD', 'pollE']],
  ['H20', 'a firing beside the cancel that drops the binding and the unload of its program', DUE, ['pollA'], ['cancelB'], ['put1C']],
  ['H21', 'a start as NMI while the same CPU changes its queue: it fires', `${BOUND} 0:later`, { operations: ['nowA', 'pollB'], nmi: ['nowN'] }],
  ['H21/free', 'a free as NMI while the same CPU takes the entry out of its queue', DUE, { operations: ['pollA', 'pollB'], nmi: ['freeN'] }],
  ['H22', 'init as NMI inside init: one of them has the slot, the other’s block is back in the pool', '', { operations: ['initA'], nmi: ['initN'] }, ['initB']],
  ['H25', 'two starts with different expiries beside the firing: one of the two holds', DUE, ['pollA'], ['nowB'], ['laterC']],
  ['H25/idle', 'two starts with different expiries, and a third', BOUND, ['nowA'], ['laterB'], ['absC']],
  ['H26', 'a start that pins a timer which is queued elsewhere: it fires here, not there', `${BOUND} 0:later`, ['pollA'], ['pinB', 'pollC']],
  ['H26/two', 'two CPUs pin it to themselves again and again: it fires', BOUND, ['pinA', 'pollA', 'pinC', 'pollC'], ['pinB', 'pollB']],
  ['H27', 'cancel beside a callback that re-arms itself: answer and final state agree', RESTARTS, ['pollA'], ['cancelB']],
  ['H27/async', 'cancel_async, then cancel, beside a callback that re-arms itself', RESTARTS, ['pollA'], ['asyncB', 'cancelB']],
  ['H27/silence', 'after cancel returned no callback runs that nobody started again', DUE, ['pollA'], ['silenceB']],
  ['H27/silence/armed', 'the same of one that its callback has armed again', RESTARTS, ['pollA'], ['silenceB']],
  ['H29', 'equal armings by a start, by its NMI and by another CPU: who takes one back takes its own', BOUND, { operations: ['nowA'], nmi: ['nowN'] }, ['nowB', 'asyncB']],
  ['H30', 'the same timer on two CPUs: two runs never overlap, and cancel waits for the one that goes on', RESTARTS, ['pollA'], ['pinB', 'pollB'], ['cancelC']],
  ['H30/two', 'the same timer on two CPUs, a start during the run: no two runs at once, and it fires', RESTARTS, ['pollA'], ['nowB', 'pollC']],
  ['H31', 'a firing is not swallowed: the callback ran, or cancel answers 1', DUE, ['pollA'], ['cancelB'], ['set2C']],
  ['H32', 'a free runs whole between the firing’s look and its decision, a half-way setter installs its function', DUE, ['pollA'], ['freeB'], ['set2C']],
  ['H32/seen-empty', 'nothing fires any more once somebody has seen the slot empty', `${BOUND} 1:now`, ['freeA'], ['asyncB', 'pollC']],
  ['H32/wrap', 'eight cancels inside a firing bring the generation back: it calls no function of another generation', DUE, ['pollA'], wrap('set2W', ['set1Z', 'nowZ'])],
  ['H32/same-deadline', 'inside a firing the timer is bound anew and started for the same deadline: what is bound runs', DUE, ['pollA'], ['set2B', 'nowC']],
  ['H32/same-deadline/cancel', 'the same, and then cancelled: what was bound runs, before the cancel returns', DUE, ['pollA'], ['set2B', 'nowC', 'cancelD']],
  ['H32/same-deadline/free', 'the same, and then freed: what was bound runs, or nothing', DUE, ['pollA'], ['set2B', 'nowC', 'freeD']],
  ['H32/same-deadline/three', 'the same, and bound once more on a third CPU while the cancel waits', DUE, ['pollA'], ['set2B', 'nowC', 'cancelD'], ['set1E']],
  ['H34', 'init’s error path frees its own block, not the one that a later init published', '', ['initA'], ['dropB', 'reopenB', 'initB']],
  ['H35', 'set_callback by a program that is being unloaded does not bring its count back', '0:init', ['set1A'], ['put1B', 'pollC', 'pollD']],
  ['H38', 'start beside cancel beside a setter: bound and armed are one decision', BOUND, ['nowA'], ['cancelB'], ['set2C']],
  ['H38/wrap', 'eight cancels inside a start bring the generation back: nothing stays armed without a callback', BOUND, ['laterA'], wrap('set1W', [])],
  ['H38/wrap/due', 'the same, and then that CPU fires what the start has armed: nothing is swallowed', `${BOUND} 1:now 1:async`, ['nowA'], wrap('set1W', ['pollB'])],
  ['H38/wrap/same-deadline', 'the same, and then bound and started for the same deadline: that start is not taken back', BOUND, ['nowA'], wrap('set1W', ['set1Y', 'nowY', 'pollB'])],
  ['H38/wrap/past', 'eight cancels inside an absolute start', BOUND, ['pastA'], wrap('set1W', [])],
  ['H38/wrap/same-deadline/past', 'the same, and then bound and started for the same deadline: that start is not taken back', BOUND, ['pastA'], wrap('set1W', ['set1Y', 'pastY', 'pollB'])],
  ['H38/run', 'a start that has seen a run, beside a cancel, another run, and a cancel during that: nothing stays armed without a callback', DUE, ['pollA', 'cancelW', 'set1W', 'nowY', 'pollY'], ['laterB'], ['cancelC']],
]

function* single(): Generator<Scenario> {
  for (const [hazard, about, steps, ...scripts] of LINES) {
    const nmi = scripts.some((script) => !Array.isArray(script))
    const name = `hazard/${hazard}${nmi ? '+nmi' : ''}`
    yield { name, about, hazards: [hazard.split('/')[0]!], steps, scripts, variant: nmi ? 'nmi' : 'plain' }
  }
  const freeing = 'a callback frees its own element, beside a start and the unload of its program'
  yield named('H10', freeing, '0:init 0:freeself1 0:now', [['pollA', 'pollD'], ['laterB'], ['put1C']])
  const started = 'a callback frees its own element and starts its timer: -EINVAL, also beside an init'
  yield named('H15', started, '0:init 0:startfreed1 0:now', [['pollA'], ['initB', 'set2C']])
  const unstarted = 'work that was initialised and never started is freed'
  yield { ...named('H13', unstarted, '0:init', [['freeA', 'pollB'], ['set1C']]), work: true }
  const freed = 'work is freed while its worker begins, and its program unloaded'
  yield { ...named('H20/work', freed, DUE, [['pollA'], ['freeB', 'put1C', 'pollD', 'pollE']]), work: true }
  // Nobody repairs: what the poster has hidden would stay so. Where inboxes have two levels it can stop between them.
  for (const posted of ['pin', 'now'])
    yield {
      name: `hazard/H28/two-levels/${posted}+stop`,
      about: 'a poster that stops between the levels of an inbox hides nothing: a start after it reaches the owner',
      hazards: ['H28'],
      steps: `${BOUND} 0:later`,
      scripts: [['pollA'], { operations: [`${posted}B`], mayStop: true }, { operations: ['nowC'], afterStop: true }],
      variant: 'stop',
      machine: 'forty control blocks',
      rest: (view, places) => hiddenPost(places, view, 0),
    }
  for (const posted of ['pin', 'now'])
    yield {
      name: `hazard/H28/${posted}+stop`,
      about: 'a poster that stops half way hides nothing: a later start still reaches the owner',
      hazards: ['H28'],
      steps: `${BOUND} 0:later`,
      scripts: [
        ['pollA'],
        { operations: [`${posted}B`], mayStop: true },
        { operations: ['offlineR', 'nowC', 'offlineS'] },
      ],
      variant: 'stop',
      small: true,
    }
}

const named = (hazard: string, about: string, steps: string, scripts: Script[]): Scenario => {
  return { name: `hazard/${hazard}`, about, hazards: [hazard.split('/')[0]!], steps, scripts }
}

// The loop is no operation of the model: what counts is that it ends, which it does only if it woke up.
function* sleepers(): Generator<Scenario> {
  for (const [ringer, nmi, others] of [
    ['post', [], ['nowB', 'awaitB']],
    ['own-nmi', ['nowN'], ['awaitB']],
  ] as const)
    yield {
      name: `hazard/H37/${ringer}${nmi.length > 0 ? '+nmi' : ''}`,
      about: 'a worker’s loop that goes to sleep hears whoever rings after its last look',
      hazards: ['H37'],
      steps: `${BOUND} 0:later`,
      scripts: [{ operations: ['loopA'], nmi: [...nmi] }, [...others]],
      variant: nmi.length > 0 ? 'nmi' : 'plain',
      more: { model: ANYTHING, atRest: () => undefined, progress: 'none' },
    }
}

/** The same callback on each of some timers, each due on its own CPU. */
const ring = (callback: string, timers: number): string =>
  Array.from({ length: timers }, (_, i) => `${i}:init@${i} ${i}:${callback}1@${i} ${i}:now@${i}`).join(' ')

const notesOf = (view: View, ...polls: string[]): string => polls.map((poll) => String(view.result(poll))).join(';')

// Nobody may wait for ever: the search's own check for deadlock. One at least is refused if all callbacks began at
// once.
function* several(): Generator<Scenario> {
  const more = { model: ANYTHING }
  const yes = { machine: 'two timers' as const, more }
  yield {
    ...named('H9', 'two callbacks, each of which cancels the other’s timer', ring('cancelnext', 2), [
      ['pollA'],
      ['pollB'],
    ]),
    ...yes,
  }
  yield {
    ...named('H9/beside', 'two such callbacks, and a cancel and a start from outside', ring('cancelnext', 2), [
      ['pollA'],
      ['pollB'],
      ['laterC', 'cancelD'],
    ]),
    ...yes,
  }
  yield {
    ...named('H9/three', 'three callbacks, each of which cancels the next one’s timer', ring('cancelnext', 3), [
      ['pollA'],
      ['pollB'],
      ['pollC'],
    ]),
    ...{ machine: 'three timers' as const, more },
  }
  yield {
    ...named(
      'H9/next-callback',
      'a callback that waits for another, whose CPU then runs one that waits for the first: that is no cycle',
      '0:init@0 0:cancelnext1@0 0:now@0 1:init@1 1:set1@1 1:past@1 1:init@2 1:cancelnext1@2 1:now@2',
      [['pollA'], ['pollB']],
    ),
    ...{ machine: 'three timers' as const, more },
    rest: refusedForNothing,
  }
  yield {
    ...named('H9/self', 'a callback that cancels its own timer, beside a cancel', '0:init 0:cancelself1 0:now', [
      ['pollA'],
      ['cancelB'],
    ]),
  }
  yield {
    ...named('H10/mutual', 'two callbacks, each of which frees the other’s element', ring('freenext', 2), [
      ['pollA', 'pollC'],
      ['pollB'],
    ]),
    ...yes,
  }
  yield {
    ...named(
      'H36',
      'a timer that is re-armed to later beside the poll does not run before one that is due earlier',
      '0:init@0 0:set1@0 0:past@0 0:init@1 0:set2@1 0:past@1',
      [['pollA'], ['now@0B']],
    ),
    ...yes,
    rest: ranEarly,
  }
}

// No callback of the subject waits for one that waits for it, directly or through others.
const refusedForNothing = (view: View): string | undefined =>
  notesOf(view, 'pollA', 'pollB').includes(String(-EDEADLK))
    ? 'H9: a cancel is refused, and nobody waits for it'
    : undefined

// The first timer is program 1's. If it ran once, before the other, then the first arming was the one that ran: the
// later one must still be there.
function ranEarly(view: View, places: Places): string | undefined {
  const begun = notesOf(view, 'pollA')
    .split(';')
    .filter((note) => note.startsWith('begin'))
  if (begun.join() !== 'begin 1 @0,begin 2 @1') return undefined
  const state = decodeState(view.load64(view.load32(places.slot) + CB_STATE))
  return state.armed ? undefined : 'H36: the arming to later ran before a timer that was due earlier'
}

// Equal deadlines fire in the order of these numbers. An NMI between two accesses by which a start counts itself is
// counted, too.
function* ties(): Generator<Scenario> {
  const starts = ['timed@0A', 'timed@1M', 'timed@2N', 'timed@3B']
  yield {
    name: 'hazard/H36/ties+nmi',
    about: 'starts on one CPU, two of them by NMIs: one that begins when another has ended has the larger number',
    hazards: ['H36'],
    steps: [0, 1, 2, 3].map((element) => `0:init@${element} 0:set1@${element}`).join(' '),
    scripts: [{ operations: ['timed@0A', 'timed@3B'], nmi: ['timed@1M', 'timed@2N'] }],
    variant: 'nmi',
    machine: 'four timers',
    more: { model: ANYTHING },
    rest(view) {
      const at = starts.map((start) => ({ start, times: String(view.result(start)).split(' ').map(Number) }))
      for (const {
        start: one,
        times: [, ended, stamp],
      } of at)
        for (const {
          start: other,
          times: [began, , later],
        } of at)
          if (ended! < began! && later! <= stamp!) return `H36: ${other} came after ${one}, and has no larger number`
      return undefined
    },
  }
}

// An element leaves its map and comes back for another key; a program has kept its pointer.
function* stale(): Generator<Scenario> {
  const yes = { machine: 'hash' as const, more: { model: ANYTHING } }
  const reuse = ['deleteB', 'insert@1C']
  yield {
    ...named(
      'H17',
      'a stale pointer to an element that was deleted and given to another key: start and set_callback',
      DUE,
      [
        ['set2A', 'laterA'],
        [...reuse, 'initE', 'set1F'],
      ],
    ),
    ...yes,
  }
  yield {
    ...named('H17/fires', 'the firing of a timer whose element is deleted and given to another key', DUE, [
      ['pollA'],
      ['deleteB', 'insert@1C', 'initE', 'set2F', 'nowG'],
    ]),
    ...yes,
  }
  yield {
    ...named('H33', 'init through a stale pointer to an element that is deleted and reused', '', [['initA'], reuse]),
    ...yes,
  }
  yield {
    ...named('H33/live', 'init through a stale pointer beside the deletion of the element with its timer', BOUND, [
      ['initA', 'set2A'],
      ['deleteB', 'insertC', 'initD'],
    ]),
    ...yes,
  }
}

// A program writes over the bytes of a timer in its value while others use it: they do what they were to do, or are
// refused, and whoever frees it finds the block.
function* overwritten(): Generator<Scenario> {
  const more = { model: ANYTHING }
  const about = 'a program writes over the bytes of a timer'
  const used = ['set2A', 'laterA', 'cancelA']
  yield {
    ...named('H23', `${about} beside its use, then it is freed`, BOUND, [used, ['scribbleB', 'freeB']]),
    more,
    rest: (view, places) =>
      view.load32(places.slot) === SLOT_EMPTY ? undefined : 'H23: the slot still has the block that was to be freed',
  }
  yield { ...named('H23/init', `${about} while it is made`, '', [['initA', 'set1A'], ['scribbleB'], ['freeC']]), more }
  yield {
    ...named('H23/fires', `${about} that fires: it runs, and a cancel is refused`, DUE, [
      ['pollA'],
      ['scribbleB', 'cancelB'],
    ]),
    more,
    rest: (view) => {
      if (view.result('cancelB') !== -EINVAL) return `H23: the cancel answered ${String(view.result('cancelB'))}`
      return view.result('pollA') === 'begin 1;end' ? undefined : `H23: it did not run: ${String(view.result('pollA'))}`
    },
  }
}

// A setter has seen that nothing was ever bound; another one binds, starts and frees before it goes on. What it binds
// is not there for a firing that has taken the arming and has yet to see what it is to call.
function* late(): Generator<Scenario> {
  const about = 'a half-way setter from before anything was bound puts nothing into a block that was bound and freed'
  for (const work of [false, true])
    yield {
      ...named(`H32/first${work ? '/work' : ''}`, about, '0:init', [
        ['nowA', 'pollB'],
        ['set1C'],
        ['set2D', 'freeE', 'unboundF'],
      ]),
      work,
      more: { model: ANYTHING },
    }
}

// Sections and grace periods: what was read in a section does not come back before it ends.
function* grace(): Generator<Scenario> {
  const reuse = ['freeB', 'pollC', 'pollD', 'initE']
  const scripts: [string, Variant, Script[]][] = [
    ['one', 'plain', [['holdA'], reuse]],
    ['two', 'plain', [['holdA', 'holdF'], reuse, ['holdG']]],
    ['two-frees', 'plain', [['holdA'], ['freeB', 'pollC', 'pollD'], ['initE']]],
    ['one', 'nmi', [{ operations: ['holdA'], nmi: ['holdN'] }, reuse]],
  ]
  for (const [name, variant, of] of scripts)
    yield {
      name: variantName(`grace/${name}`, variant),
      about: 'a block that a section has read does not come back to the pool before the section ends',
      hazards: ['H3'],
      steps: BOUND,
      scripts: of,
      variant,
      more: { model: ANYTHING },
    }
}

/** All of them. */
export function* hazardScenarios(): Generator<Scenario> {
  yield* sleepers()
  yield* single()
  yield* several()
  yield* ties()
  yield* stale()
  yield* overwritten()
  yield* late()
  yield* grace()
}

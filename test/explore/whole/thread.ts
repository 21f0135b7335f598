// A thread of the whole check: explores subjects by name, completely or, if that takes too long, within few
// preemptions.
import { Bounds } from '../../../src/explore/bounds.js'
import { explore } from '../../../src/explore/index.js'
import type { Report, Stage } from '../../../src/explore/index.js'
import { SourceMap } from '../../../src/explore/source-map.js'
import { entryNamed } from '../../../src/explore/subjects/catalogue.js'
import { sourceMapText } from '../../../src/explore/builds.js'
import type { ModuleName } from '../../../src/explore/builds.js'
import { serve } from '../../../src/explore/threads.js'
import type { Answer, Lines, Question, Task } from './answers.js'
import { addLines } from './lines.js'
import type { Seen } from './lines.js'
import { PREEMPTIONS } from './tally.js'

/** A change of a trie takes so many steps that two of them seldom end in the time of the others. */
const TRIE_SECONDS = 5

/** The stages of the subjects that were explored traced. */
const stages = new Map<Stage, ModuleName>()

function answerTo({ name, seconds, traced }: Question): Answer {
  const entry = entryNamed('shipped', name)!
  const subject = entry.subject(traced)
  if (traced && entry.module) stages.set(subject.stage, entry.module)
  const whole = name.startsWith('trie/') && !traced ? Math.min(seconds, TRIE_SECONDS) : seconds
  let report: Report = explore(subject, { maxMilliseconds: whole * 1000 })
  const bounded = !report.complete && !traced
  if (bounded) report = explore(subject, { maxMilliseconds: seconds * 1000, preemptions: PREEMPTIONS, again: true })
  const { states, transitions, milliseconds, failure, complete, ownSteps } = report
  const bounds = new Bounds()
  const steps = [...ownSteps].map(([operation, { steps }]): [string, number] => [operation, steps])
  if (!traced) bounds.add(name, entry.variant, subject, steps)
  return {
    ...{ name, states, transitions, milliseconds, complete },
    ...(bounded && { preemptions: PREEMPTIONS }),
    ...(failure && { wrong: { message: failure.message, token: failure.token } }),
    rows: [...bounds.rows],
  }
}

function linesReached(): Lines {
  const seen = new Map<string, Seen>()
  const maps = new Map<ModuleName, SourceMap>()
  for (const [stage, module] of stages) {
    const map = maps.get(module) ?? new SourceMap(sourceMapText(module))
    maps.set(module, map)
    addLines(seen, stage, map)
  }
  return [...seen]
}

serve<Task, Answer | Lines>((task) => (task === 'lines' ? linesReached() : answerTo(task)))

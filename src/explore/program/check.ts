// `skep check OBJECT`: explores the interleavings of program runs, and says what differs and what is wrong. Reports are
// plain data; print.ts draws them.
import type { ObjectSpec } from '../../object/spec.js'
import { explore } from '../explore.js'
import { fewest } from '../fewest.js'
import type { GaveUp, SearchOptions } from '../search.js'
import { subject } from '../subject.js'
import type { CpuScript, Subject, View } from '../subject.js'
import { choicesOf } from '../token.js'
import { Findings, type FindingKind, type Sighting } from './findings.js'
import { interleaving, type Row } from './interleaving.js'
import { ProgramMachine, type RunSpec } from './machine.js'
import { contentLines, contents, type Contents } from './names.js'

export interface ObjectCheckOptions extends Pick<
  SearchOptions,
  'preemptions' | 'maxStates' | 'maxMilliseconds' | 'progress' | 'interrupted'
> {
  runs: readonly RunSpec[]
  /** Runs one after another before the exploration: what they leave is its initial state. */
  before?: readonly RunSpec[]
  /** Timers that are due (the clock is set to where all are) and work run too, on every CPU of the check. */
  timers?: boolean
}

/** One way in which it can end. */
export interface Outcome {
  /** What each run returned, by its name. */
  results: Record<string, string>
  /**
   * A line for each global variable and each element; of an array for those that are not 0 in every outcome, and one
   * that says how many others there are.
   */
  contents: string[]
  /** States of the machine with this outcome. */
  states: number
  /** Fewest preemptions that lead to it, and such an order; undefined if the search for one was given up. */
  preemptions?: number
  example?: Row[]
}

export interface Finding {
  kind: FindingKind | 'fault' | 'deadlock'
  title: string
  /** What it means for the program. */
  meaning: string
  /**
   * Fewest preemptions at which it comes, and such an order; undefined and empty if the search for one was given up.
   */
  preemptions?: number
  interleaving: Row[]
}

export interface ObjectReport {
  object: string
  operations: string[]
  /** Every interleaving (within the preemptions asked for) was explored. */
  complete: boolean
  /** Why not, if not: what has come to its limit. */
  gaveUp?: GaveUp
  states: number
  transitions: number
  milliseconds: number
  /** Of the set of states seen. */
  bytes: number
  preemptions?: number
  outcomes: Outcome[]
  findings: Finding[]
  /** Maps that are smaller in the model. */
  lowered: readonly string[]
}

const MOST_PREEMPTIONS = 8
const EXAMPLE_STATES = 300_000
const MOST_EXAMPLES = 6

/** Explores. Throws SkepError for what cannot be loaded or run. The spec is not changed. */
export function checkObject(spec: ObjectSpec, options: ObjectCheckOptions): ObjectReport {
  const before = options.before ?? []
  const cpus = Math.max(...[...options.runs, ...before].map(({ cpu }) => cpu)) + 1
  const machine = new ProgramMachine(copyOf(spec), cpus, options.runs, before)
  return new Check(machine, options).report()
}

const copyOf = (spec: ObjectSpec): ObjectSpec => ({
  ...spec,
  maps: new Map([...spec.maps].map(([name, map]) => [name, { ...map }])),
})

class Check {
  private readonly scripts: CpuScript[]
  private readonly findings: Findings
  private readonly sightings = new Map<string, Sighting>()
  private outcomes = new Map<string, { results: Outcome['results']; held: readonly Contents[]; states: number }>()

  constructor(
    private readonly machine: ProgramMachine,
    private readonly options: ObjectCheckOptions,
  ) {
    this.scripts = Array.from({ length: machine.cpus }, (_, as) => ({
      as,
      operations: [
        ...machine.operations.filter(({ cpu }) => cpu === as).map(({ operation }) => operation),
        ...(options.timers === true ? [machine.timers(as)] : []),
      ],
    })).filter(({ operations }) => operations.length > 0)
    this.findings = new Findings(
      machine,
      this.scripts.map(({ as }) => as!),
    )
  }

  report(): ObjectReport {
    const { machine, options } = this
    const found = explore(
      this.subject(
        (view) => this.look(view),
        (view) => this.end(view),
      ),
      options,
    )
    const ends = [...this.outcomes].sort(([, a], [, b]) => b.states - a.states)
    const lines = contentLines(ends.map(([, { held }]) => held))
    const report: ObjectReport = {
      object: machine.spec.name,
      operations: this.names(),
      complete: found.complete && !found.failure,
      ...(found.gaveUp === undefined ? {} : { gaveUp: found.gaveUp }),
      states: found.states,
      transitions: found.transitions,
      milliseconds: found.milliseconds,
      bytes: found.bytes,
      ...(options.preemptions === undefined ? {} : { preemptions: options.preemptions }),
      outcomes: ends.map(([, { results, states }], index) => ({ results, contents: lines[index]!, states })),
      findings: [],
      lowered: machine.lowered,
    }
    const { failure } = found
    if (failure) {
      const rows = interleaving(machine, this.subject(), choicesOf(failure.token), 0)
      const deadlock = failure.message.startsWith('deadlock')
      report.findings.push({
        kind: 'deadlock',
        title: failure.message,
        meaning: deadlock ? 'no CPU can go on' : 'a run does not come to its end',
        preemptions: failure.preemptions,
        interleaving: rows,
      })
    }
    for (const sighting of [...this.sightings.values()]) this.explain(sighting, report.findings)
    const keys = ends.map(([key]) => key)
    if (!failure) this.examples(report, keys)
    return report
  }

  private names(): string[] {
    return this.scripts.flatMap(({ operations }) => operations.map(({ name }) => name))
  }

  private subject(check?: Subject['check'], atRest?: Subject['atRest']): Subject {
    const { machine, options } = this
    return subject({
      name: machine.spec.name,
      stage: machine.stage,
      cpus: this.scripts,
      maxSteps: 100_000,
      progress: 'none',
      setup: (cpus) => {
        // Each search begins here; the last one is the one that counts.
        if (atRest) this.outcomes.clear()
        machine.setUp(cpus, options.timers === true)
      },
      ...(check ? { check } : {}),
      ...(atRest ? { atRest } : {}),
    })
  }

  private look(view: View): undefined {
    for (const sighting of this.findings.seen(view))
      if (!this.sightings.has(sighting.key)) this.sightings.set(sighting.key, sighting)
  }

  private outcomeOf(view: View): { key: string; results: Record<string, string>; held: Contents[] } {
    const results = Object.fromEntries(this.names().map((name) => [name, String(view.result(name))]))
    const held = contents(this.machine)
    return { key: JSON.stringify([results, held.map(({ lines }) => lines)]), results, held }
  }

  private end(view: View): undefined {
    const { key, results, held } = this.outcomeOf(view)
    const known = this.outcomes.get(key)
    if (known) known.states++
    else this.outcomes.set(key, { results, held, states: 1 })
  }

  // The fewest preemptions that lead to what `check` or `atRest` looks for.
  private shortest(check?: Subject['check'], atRest?: Subject['atRest']) {
    const wanted = this.subject(check)
    if (atRest) wanted.atRest = atRest
    const { preemptions = MOST_PREEMPTIONS, interrupted } = this.options
    const limits = { maxStates: EXAMPLE_STATES, ...(interrupted ? { interrupted } : {}) }
    return fewest(wanted, Math.min(preemptions, MOST_PREEMPTIONS), limits)
  }

  private explain(sighting: Sighting, findings: Finding[]): void {
    const { machine } = this
    let seen = sighting
    const found = this.shortest((view) => {
      for (const again of this.findings.seen(view)) {
        if (again.key !== sighting.key) continue
        seen = again
        return again.key
      }
      return undefined
    })
    const rows = found ? interleaving(machine, this.subject(), found.violation.choices, seen.cpu) : []
    findings.push({
      kind: sighting.kind,
      ...this.words(seen),
      ...(found ? { preemptions: found.preemptions } : {}),
      interleaving: rows,
    })
  }

  private words({ kind, place, loaded, at }: Sighting): { title: string; meaning: string } {
    const line = (address: number): string => {
      const found = this.machine.lineOf(address)
      return found ? `${found.function}, ${found.file}:${found.line}` : 'the program'
    }
    if (kind === 'lost-update')
      return {
        title: `lost update of ${place} (${line(at)})`,
        meaning:
          `the value stored is computed from one that was loaded before another CPU changed it: that change is lost. ` +
          `Use an atomic operation, or bpf_spin_lock`,
      }
    return {
      title: `armed timer freed: ${place} (${line(at)})`,
      meaning:
        (loaded === 0
          ? `its callback deletes the element, and another CPU has armed the timer since it fired: `
          : `the element is deleted for what was read in it (${line(loaded)}), and has changed since: `) +
        `the timer will never fire, and what the other CPU did to the element is lost`,
    }
  }

  // `keys`: of the outcomes, in their order.
  private examples(report: ObjectReport, keys: readonly string[]): void {
    const faults = new Set<string>()
    report.outcomes.forEach((outcome, index) => {
      const fault = Object.entries(outcome.results).find(([, result]) => result.startsWith('fault'))
      const isNew = fault !== undefined && !faults.has(fault[1])
      if ((report.outcomes.length === 1 || index >= MOST_EXAMPLES) && !isNew) return
      const found = this.shortest(undefined, (view) =>
        this.outcomeOf(view).key === keys[index] ? 'it ends so' : undefined,
      )
      if (!found) return
      outcome.preemptions = found.preemptions
      outcome.example = interleaving(this.machine, this.subject(), found.violation.choices, 0)
      if (!isNew) return
      faults.add(fault[1])
      report.findings.push({
        kind: 'fault',
        title: `${fault[1].replace(/^fault /, '')} in ${fault[0]}`,
        meaning: 'the run ends there',
        preemptions: found.preemptions,
        interleaving: outcome.example,
      })
    })
  }
}

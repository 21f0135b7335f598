// What the whole check tells as it goes, and in the end: families of subjects that are done, totals.
import { Bounds } from '../../../src/explore/bounds.js'
import type { Answer } from './answers.js'

/** Of a search that does not end otherwise. */
export const PREEMPTIONS = 3

interface Family {
  subjects: number
  complete: number
  states: number
  /** Subjects of the family that have not been answered. */
  left: number
}

const count = (number: number, word: string): string =>
  `${number.toLocaleString('en')} ${word}${number === 1 ? '' : 's'}`

function familyOf(name: string): string {
  const [path = '', variant] = name.split('+')
  const [one = '', two] = path.split('/')
  const family = /^(pair|work|triple|work-triple|map|realtime)$/.test(one) ? `${one}/${two}` : one
  return variant === undefined ? family : `${family}+${variant}`
}

export class Tally {
  readonly bounds = new Bounds()
  violations = 0
  private subjects = 0
  private complete = 0
  private bounded = 0
  private states = 0
  private transitions = 0
  private readonly families = new Map<string, Family>()

  constructor(names: readonly string[]) {
    for (const name of names) {
      const family = this.families.get(familyOf(name)) ?? { subjects: 0, complete: 0, states: 0, left: 0 }
      family.left++
      this.families.set(familyOf(name), family)
    }
  }

  /** Adds an answer: lines to print, if it is worth one or the last of its family. */
  add({ name, states, transitions, complete, preemptions, wrong, rows }: Answer): string[] {
    for (const [row, steps] of rows)
      for (const variant of ['plain', 'nmi', 'stop'] as const) this.bounds.merge(row, variant, steps[variant])
    const family = this.families.get(familyOf(name))!
    family.subjects++
    family.states += states
    family.left--
    this.subjects++
    this.states += states
    this.transitions += transitions
    const lines: string[] = []
    if (wrong) {
      this.violations++
      lines.push(`VIOLATED ${name}: ${wrong.message}  (skep check '${name}' --replay ${wrong.token})`)
    } else if (complete && preemptions === undefined) {
      family.complete++
      this.complete++
    } else if (complete) {
      this.bounded++
      lines.push(`  ${name}: complete within ${preemptions} preemptions only`)
    } else lines.push(`  ${name}: not complete within ${preemptions} preemptions either, ${count(states, 'state')}`)
    if (family.left === 0) {
      const whole = `${family.complete} of ${count(family.subjects, 'subject')} complete`
      lines.push(`${familyOf(name).padEnd(48)} ${whole}, ${count(family.states, 'state')}`)
    }
    return lines
  }

  totals(): string[] {
    const { subjects, complete, bounded, violations, states, transitions } = this
    const unfinished = subjects - complete - bounded - violations
    const ends = `${complete.toLocaleString('en')} explored completely, ${bounded} within ${PREEMPTIONS} preemptions, ${unfinished} not to the end`
    return [
      `${count(subjects, 'subject')}: ${ends}; ${count(violations, 'violation')}.`,
      `${count(states, 'state')}, ${count(transitions, 'transition')}.`,
    ]
  }
}

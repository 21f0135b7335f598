// Any two and any three operations on one timer, or one work, from every initial state: beside each other on two or
// three CPUs, one as an NMI at any step of another, beside a CPU that stops for ever. Generated; what is alike is there
// once.
import type { Scenario, Script } from './async-catalogue.js'
import { slug } from './entry.js'
import { ONCE, owners, possible, TIMER_KINDS, TIMER_STATES, WORK_KINDS, WORK_STATES } from './async-states.js'

/** What is explored of timers, and of work. */
interface Field {
  what: 'timer' | 'work'
  states: Record<string, string>
  kinds: readonly string[]
  /** Families of names. */
  pair: string
  triple: string
  /** States of triples in which one CPU does two of the three. */
  sequences: readonly string[]
}

const FIELDS: Field[] = [
  {
    ...{ what: 'timer', states: TIMER_STATES, kinds: TIMER_KINDS, pair: 'pair', triple: 'triple' },
    sequences: ['idle, bound', 'due on CPU 0'],
  },
  {
    ...{ what: 'work', states: WORK_STATES, kinds: WORK_KINDS, pair: 'work', triple: 'work-triple' },
    sequences: ['idle, bound', 'pending'],
  },
]

const scenario = (field: Field, name: string, about: string, steps: string, scripts: Script[]): Scenario => {
  return { name, about, hazards: [], steps, scripts, work: field.what === 'work' }
}

/** A part of them: those of one family and state, as their names begin; all if none is given. */
type Part = string | undefined

const isOf = (part: Part, family: string, state: string): boolean =>
  part === undefined || part === `${family}/${slug(state)}`

const statesOf = ({ states }: Field, family: string, part: Part): [state: string, steps: string][] =>
  Object.entries(states).filter(([state]) => isOf(part, family, state))

const sequencesOf = ({ sequences, triple }: Field, part: Part): string[] =>
  sequences.filter((state) => isOf(part, triple, state))

function* pairs(field: Field, part: Part): Generator<Scenario> {
  for (const [state, steps] of statesOf(field, field.pair, part))
    for (const [i, a] of field.kinds.entries())
      for (const b of field.kinds.slice(i)) {
        if (!possible([a, b])) continue
        const both = [
          [a, b],
          [b, a],
        ]
        for (const [one, other] of a === b || owners(steps).length === 0 ? both.slice(0, 1) : both)
          yield scenario(
            field,
            `${field.pair}/${slug(state)}/${one}/${other}`,
            `${one} on CPU 0 and ${other} on CPU 1, ${field.what} ${state}`,
            steps,
            [[`${one}A`], [`${other}B`]],
          )
      }
}

// An NMI never polls, and never waits.
const nested = (field: Field): string[] => field.kinds.filter((kind) => kind !== 'poll')

function* interrupted(field: Field, part: Part): Generator<Scenario> {
  for (const [state, steps] of statesOf(field, field.pair, part))
    for (const outer of field.kinds)
      for (const inner of nested(field))
        if (possible([outer, inner]))
          yield {
            ...scenario(
              field,
              `${field.pair}/${slug(state)}/${outer}/${inner}+nmi`,
              `${inner} as an NMI at any step of ${outer}, ${field.what} ${state}`,
              steps,
              [{ operations: [`${outer}A`, 'pollE'], nmi: [`${inner}B`] }],
            ),
            variant: 'nmi',
          }
}

function* stopped(field: Field, part: Part): Generator<Scenario> {
  for (const [state, steps] of statesOf(field, field.pair, part))
    for (const stopping of field.kinds)
      for (const other of field.kinds)
        if (possible([stopping, other]))
          yield {
            ...scenario(
              field,
              `${field.pair}/${slug(state)}/${stopping}/${other}+stop`,
              `CPU 0 stops for ever at any step of ${stopping}; ${other} on CPU 1; then repair, ${field.what} ${state}`,
              steps,
              [
                { operations: [`${stopping}A`], mayStop: true },
                { operations: [`${other}B`] },
                { operations: ['offlineR', 'offlineS'] },
              ],
            ),
            variant: 'stop',
            small: true,
          }
}

// The ways to put three kinds on three CPUs: only a CPU that holds the entry, or that is named by it, differs.
function placements(kinds: string[], named: number[]): string[][] {
  const found = new Map<string, string[]>()
  const put = (placed: string[], left: string[]): void => {
    if (!named.includes(placed.length) || left.length === 0) {
      const all = [...placed, ...left]
      found.set(all.join('/'), all)
      return
    }
    left.forEach((kind, at) => put([...placed, kind], [...left.slice(0, at), ...left.slice(at + 1)]))
  }
  put([], kinds)
  return [...found.values()]
}

// A state in which CPU 1 takes the place of CPU 0 shows nothing new with three CPUs.
const MIRRORED = new Set(['due on CPU 1', 'pending on CPU 1'])

function* triples(field: Field, part: Part): Generator<Scenario> {
  const { kinds } = field
  for (const [state, steps] of statesOf(field, field.triple, part)) {
    if (MIRRORED.has(state)) continue
    for (const [i, a] of kinds.entries())
      for (const [j, b] of kinds.slice(i).entries())
        for (const c of kinds.slice(i + j)) {
          if (!possible([a, b, c])) continue
          for (const placed of placements([a, b, c], owners(steps)))
            yield scenario(
              field,
              `${field.triple}/${slug(state)}/${placed.join('/')}`,
              `${placed.join(', ')} on three CPUs, ${field.what} ${state}`,
              steps,
              placed.map((kind, cpu) => [`${kind}${'ABC'[cpu]}`]),
            )
        }
  }
}

function* sequences(field: Field, part: Part): Generator<Scenario> {
  const { kinds } = field
  for (const state of sequencesOf(field, part))
    for (const a of kinds)
      for (const b of kinds)
        for (const c of kinds) {
          if (!possible([a, b, c])) continue
          const steps = field.states[state]!
          const scripts = [[`${a}A`], [`${b}B`, `${c}C`]]
          const name = `${field.triple}/${slug(state)}`
          const then = `${b} and then ${c}`
          yield scenario(field, `${name}/${a}/${b}-${c}`, `${a} on CPU 0, ${then} on CPU 1`, steps, scripts)
          if (owners(steps).length > 0)
            yield scenario(
              field,
              `${name}/${b}-${c}/${a}`,
              `${then} on CPU 0, ${a} on CPU 1`,
              steps,
              [...scripts].reverse(),
            )
        }
}

// Two CPUs, and an NMI on the first.
function* interruptedPairs(field: Field, part: Part): Generator<Scenario> {
  const { kinds } = field
  for (const state of sequencesOf(field, part))
    for (const outer of kinds)
      for (const other of kinds)
        for (const inner of nested(field)) {
          if (!possible([outer, other, inner]) || ONCE.has(inner)) continue
          yield {
            ...scenario(
              field,
              `${field.triple}/${slug(state)}/${outer}/${other}/${inner}+nmi`,
              `${inner} as an NMI at any step of ${outer}, ${other} on another CPU, ${field.what} ${state}`,
              field.states[state]!,
              [{ operations: [`${outer}A`], nmi: [`${inner}N`] }, [`${other}B`]],
            ),
            variant: 'nmi',
          }
        }
}

/** Whether the names of a part (`pair/idle-bound`) are made here. */
export const isGenerated = (part: string): boolean =>
  FIELDS.some(({ pair, triple }) => part.startsWith(`${pair}/`) || part.startsWith(`${triple}/`))

/** All of them, or a part. */
export function* generatedScenarios(part?: string): Generator<Scenario> {
  for (const generate of [pairs, interrupted, sequences, interruptedPairs, triples, stopped])
    for (const field of FIELDS) yield* generate(field, part)
}

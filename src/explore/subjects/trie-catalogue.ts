// LPM tries as named subjects: any two operations beside each other, as NMI of each other, beside a CPU that stops; a
// lookup beside two changes, in every order. What must hold is in trie-stage.ts.
import type { SequentialModel } from '../linearize.js'
import { subject } from '../subject.js'
import type { CpuScript, Operation } from '../subject.js'
import type { Entry, Variant } from './entry.js'
import { coreEntry, slug } from './entry.js'
import { MEETINGS, othersOf } from './meetings.js'
import { once } from './shared-operations.js'
import {
  atRest,
  check,
  holding,
  leaveOnly,
  lookup,
  model,
  next,
  prefix,
  remove,
  trieStage,
  update,
} from './trie-stage.js'
import type { Free, Laid, Prefix, TrieStage } from './trie-stage.js'

type Make = (at: TrieStage, n: number) => Laid

const changes = (operation: string): boolean => /^(set|delete)/.test(operation)

const letter = (n: number): string => 'ABCDEFGH'[n]!
const set =
  (bits: string): Make =>
  (at, n) =>
    update(at, letter(n), n, prefix(bits), 50 + n)
const del =
  (bits: string): Make =>
  (at, n) =>
    remove(at, letter(n), n, prefix(bits))
const get =
  (bits: string): Make =>
  (at, n) =>
    lookup(at, letter(n), n, prefix(bits))
const follow =
  (bits: string): Make =>
  (at, n) =>
    next(at, letter(n), n, prefix(bits))

const OPERATIONS: Record<string, Make> = {
  'set 1': set('1'),
  'set 110': set('110'),
  'set 10': set('10'),
  'delete 1': del('1'),
  'delete 110': del('110'),
  'look up 110': get('11000000'),
  'next of 10': follow('10'),
}

/** What is in the trie: nothing, a prefix, one under another, two that part under a node without a value. */
const CONTENTS: string[][] = [[], ['1'], ['1', '110'], ['10', '110'], ['1', '10', '110']]

const MOST = 3
const stages = new Map<string, TrieStage>()

function stageOf(cpus: number, traced: boolean, module?: Uint8Array): TrieStage {
  if (module) return trieStage(MOST, { cpus, module })
  const name = [cpus, traced].join()
  const known = stages.get(name)
  if (known) return known
  const stage = trieStage(MOST, { cpus, traced })
  stages.set(name, stage)
  return stage
}

interface Plan {
  name: string
  about: string
  held: readonly string[]
  free?: Free
  variant: Variant
  operations: readonly string[]
  scripts(operations: Operation[]): CpuScript[]
}

function entry({ name, about, held, free, variant, operations, scripts }: Plan): Entry {
  return coreEntry(name, about, variant, (traced, module) => {
    const at = stageOf(2, traced, module)
    // The set-up uses the place of the first operation before that is laid.
    const laid = operations.map((each, n) => once(at.stage, `${each} ${n}`, () => OPERATIONS[each]!(at, n)))
    const first = held.map((bits, v): [Prefix, number] => [prefix(bits), 90 + v])
    const hold = holding(at, first, laid)
    const gone = { elements: 0, nodes: 0, records: 0 }
    return subject({
      name,
      stage: at.stage,
      setup(cpus) {
        hold(cpus)
        if (free) Object.assign(gone, leaveOnly(at, cpus[0]!, free))
      },
      cpus: scripts(laid.map(({ operation }) => operation)),
      check: check(at),
      atRest: atRest(at, gone),
      model: model(at, first, free?.elements !== undefined) as SequentialModel<unknown>,
    })
  })
}

function* pairs(): Generator<Entry> {
  const names = Object.keys(OPERATIONS)
  for (const meeting of MEETINGS)
    for (const held of CONTENTS)
      for (const [i, one] of names.entries())
        for (const other of othersOf(names, i, meeting))
          yield entry({
            name: `trie/holding-${held.join('-') || 'none'}/${slug(one)}/${slug(other)}`,
            about: `${one} and ${other}, ${meeting.how}; a trie holding [${held.join()}]`,
            held,
            variant: meeting.variant,
            operations: [one, other],
            scripts: ([first, second]) => meeting.scripts(first!, second!),
          })
}

/**
 * One operation beside two changes: what it found half way was right at no moment, unless it sees that they happened.
 * No more nodes and records are free than they need, so that those are handed out again at once.
 */
function* behind(): Generator<Entry> {
  for (const held of CONTENTS)
    for (const [one, second, third] of [
      ['look up 110', 'set 110', 'delete 1'],
      ['look up 110', 'delete 110', 'set 1'],
      ['look up 110', 'delete 1', 'set 10'],
      ['look up 110', 'set 1', 'set 10'],
      ['next of 10', 'delete 110', 'set 1'],
      ['set 110', 'delete 1', 'set 10'],
      ['delete 110', 'set 10', 'delete 1'],
      ['delete 110', 'set 1', 'set 10'],
    ] as const)
      yield entry({
        name: `trie/behind-${held.join('-') || 'none'}/${[one, second, third].map(slug).join('/')}`,
        about: `${one} beside ${second}, then ${third}; a trie holding [${held.join()}]`,
        held,
        free: changes(one) ? { nodes: 6, records: 2 } : { nodes: 4, records: 1 },
        variant: 'plain',
        operations: [one, second, third],
        scripts: ([a, b, c]) => [{ operations: [a!] }, { operations: [b!, c!] }],
      })
}

/** Programs have the addresses of values: while a lookup may, what left the trie is no element for another key. */
function* kept(): Generator<Entry> {
  for (const [elements, all] of [
    [1, ['set 1', 'set 10']],
    [0, ['delete 1', 'set 10']],
  ] as const)
    for (const variant of ['plain', 'nmi'] as const)
      yield entry({
        name: `trie/kept/${all.map(slug).join('/')}`,
        about: `look up 110 beside ${all.join(', ')}, for which ${elements} elements are free; a trie holding [1]`,
        held: ['1'],
        free: { elements },
        variant,
        operations: ['look up 110', ...all],
        scripts: ([a, b, c]) =>
          variant === 'nmi' ? [{ operations: [a!], nmi: [b!, c!] }] : [{ operations: [a!] }, { operations: [b!, c!] }],
      })
}

export function trieEntries(): Entry[] {
  return [...pairs(), ...behind(), ...kept()]
}

// A search does not ask again what it knows: whatever it takes to be right, in a state or at its end, is right when it
// is asked.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { explore, Stage, subject } from '../../src/explore/index.js'
import type { Cpu, Subject, View } from '../../src/explore/index.js'
import { Rules } from '../../src/explore/rules.js'
import { entriesOf, select } from '../../src/explore/subjects/catalogue.js'
import { ANYTHING } from '../../src/explore/subjects/entry.js'
import type { World } from '../../src/explore/world.js'

const { atDepth, endsAsBefore } = Rules.prototype
const worldOf = (rules: Rules): World => (rules as unknown as { world: World }).world
let [asked, skipped] = [0, 0]

before(() => {
  Rules.prototype.atDepth = function (depth, since) {
    const answer = atDepth.call(this, depth, since)
    assert.equal(answer, new Rules(worldOf(this)).inState())
    asked++
    return answer
  }
  Rules.prototype.endsAsBefore = function () {
    const known = endsAsBefore.call(this)
    if (known) assert.equal(new Rules(worldOf(this)).atEnd(), undefined)
    if (known) skipped++
    return known
  }
})
after(() => Object.assign(Rules.prototype, { atDepth, endsAsBefore }))

const WORDS = 6

/** Reads words of which each says which comes next; the question says how many, and which may not be the last. */
const question = (from: number, length: number, wrong: number) => (view: View) => {
  let word = from
  for (let i = 0; i < length; i++) word = view.load32(word * 4) % WORDS
  return word === wrong ? `word ${word}` : undefined
}

/** Two CPUs that write numbers of words into words, and two questions about them. */
function random(writes: [number, number][][], seen: [number, number], rest: [number, number]): Subject {
  const writer = (name: string, all: [number, number][]) => ({
    name,
    run(cpu: Cpu) {
      for (const [word, value] of all) cpu.exchange32(word * 4, value)
    },
  })
  return subject({
    name: 'random',
    stage: new Stage({ memory: 64, cpus: 2 }),
    cpus: [
      { operations: [writer('a', writes[0]!), writer('b', writes[1]!)], mayStop: true },
      { operations: [writer('c', writes[2]!), writer('d', writes[3]!)] },
    ],
    check: question(...seen, WORDS - 1),
    atRest: question(...rest, WORDS - 2),
    model: { ...ANYTHING, final: (view) => String(question(...rest, 1)(view)) },
  })
}

test('what a search knows of a state, or of an end, is what it would be told', () => {
  const word = fc.nat(WORDS - 1)
  const writes = fc.array(fc.tuple(word, word), { minLength: 1, maxLength: 3 })
  const asks = fc.tuple(word, fc.nat(3))
  let violations = 0
  fc.assert(
    fc.property(fc.array(writes, { minLength: 4, maxLength: 4 }), asks, asks, (four, seen, rest) => {
      if (explore(random(four, seen, rest)).failure) violations++
    }),
    { numRuns: 150 },
  )
  assert.ok(violations > 0 && violations < 150, `${violations} of 150 violate something`)
  assert.ok(asked > 0 && skipped > 0, `${asked} states, ${skipped} ends that were known`)
})

test('the same of maps and tries', () => {
  skipped = 0
  for (const pattern of ['trie/holding-1/delete-1/set-10+stop', 'map/2-holding-1/update-1/delete-1+stop'])
    for (const { subject } of select(entriesOf('shipped'), [pattern], []).chosen)
      explore(subject(false), { maxStates: 20_000 })
  assert.ok(skipped > 0)
})

test('subjects of one stage share their operations, and what is known of them', () => {
  const [one, other] = ['trie/holding-1/delete-1/look-up-110', 'trie/holding-none/delete-1/look-up-110'].map((name) =>
    select(entriesOf('shipped'), [name], []).chosen[0]!.subject(false),
  )
  assert.equal(one!.stage, other!.stage)
  explore(one!)
  const { runs } = one!.stage.logs
  assert.deepEqual(
    one!.cpus.flatMap(({ operations }) => operations),
    other!.cpus.flatMap(({ operations }) => operations),
  )
  explore(one!)
  assert.equal(one!.stage.logs.runs, runs)
})

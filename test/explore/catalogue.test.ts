// The catalogue of named subjects asks what it says that it asks: no subject stands there twice, under another name or
// with the same one; who does what is as the name has it; and in each family every operation succeeds somewhere, so
// that what is explored is not only how it is refused.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { search } from '../../src/explore/search.js'
import { asyncScenarios, machineName } from '../../src/explore/subjects/async-catalogue.js'
import type { Scenario } from '../../src/explore/subjects/async-catalogue.js'
import { generatedScenarios, isGenerated } from '../../src/explore/subjects/async-pairs.js'
import { entriesOf } from '../../src/explore/subjects/catalogue.js'
import type { Value } from '../../src/explore/subject.js'

/** An operation without what makes its name unique: `set2A` is a `set2`. */
const kindOf = (operation: string): string => operation.replace(/[A-Z]\d?$/, '')

const scriptsOf = ({ scripts }: Scenario) =>
  scripts.map((script) => {
    const { operations, nmi = [], mayStop = false } = Array.isArray(script) ? { operations: script } : script
    return { operations: operations.map(kindOf), nmi: nmi.map(kindOf), mayStop }
  })

test('no subject has the name of another one, and no two that are generated ask the same', () => {
  const names = new Set<string>()
  for (const { name } of entriesOf('shipped')) {
    assert.ok(!names.has(name), `${name} stands there twice`)
    names.add(name)
  }
  const asked = new Map<string, string>()
  for (const scenario of asyncScenarios()) {
    // A hazard may be one of the pairs, too: it is known by its own name.
    if (scenario.name.startsWith('hazard/')) continue
    const key = JSON.stringify([machineName(scenario), scenario.steps, scriptsOf(scenario)])
    const other = asked.get(key)
    assert.equal(other, undefined, `${scenario.name} is ${other}`)
    asked.set(key, scenario.name)
  }
})

test('in a generated subject each CPU does what the name says, in that order', () => {
  for (const scenario of generatedScenarios()) {
    const parts = scenario.name
      .replace(/\+(nmi|stop)$/, '')
      .split('/')
      .slice(2)
    const scripts = scriptsOf(scenario)
    const operations = scripts.map((script) => script.operations.join('-'))
    if (scenario.variant === 'nmi') {
      assert.deepEqual(scripts[0]!.nmi, [parts.pop()], scenario.name)
      // The first CPU polls in the end where it is alone.
      if (operations.length === 1) operations[0] = operations[0]!.replace(/-poll$/, '')
    }
    if (scenario.variant === 'stop') {
      assert.deepEqual(scripts.map(({ mayStop }) => mayStop), [true, false, false], scenario.name) // prettier-ignore
      assert.equal(operations.pop(), 'offline-offline', scenario.name)
    }
    assert.deepEqual(operations, parts, scenario.name)
  }
})

/** Answers that say that nothing was done. */
const NOTHING = new Set<Value>(['none', 'waits', 'absent', 'locked', 'EBUSY', '', false])

/** Of the generated subjects, those in which each operation finds what it needs: triples are made of the same. */
const ENOUGH = /^(pair|work)\/(uninitialised|due-on-cpu-0|pending)\//

const succeeds = (value: Value): boolean => !NOTHING.has(value) && !(typeof value === 'number' && value < 0)

/** Operations that succeed nowhere in their family, and why. */
const NEVER: Record<string, string> = {
  'bloom nmi: ask as an NMI':
    'the last access of the push makes the value one of the filter, and is no step before another one',
  'entries plain: init': 'all of them are initialised',
  'entries nmi: init as an NMI': 'all of them are initialised',
  'grace plain: poll': 'nothing is due: the polls end grace periods',
  'grace nmi: poll': 'nothing is due: the polls end grace periods',
  'no-memory plain: poll': 'nothing is due on that CPU: the polls end grace periods',
  'no-memory nmi: poll': 'nothing is due on that CPU: the polls end grace periods',
}

// `map/short/…` is another family than `map/lru/…`.
const familyOf = (name: string): string => /^(map\/[a-z-]+|[a-z-]+)/.exec(name)![0]

// A cancel is refused in an NMI: it might wait.
const isKnown = (key: string): boolean => key in NEVER || key.endsWith(': cancel as an NMI')

test('every operation of every family succeeds in some order', () => {
  const open = new Map<string, boolean>()
  for (const { name, variant, subject } of entriesOf('shipped')) {
    if (isGenerated(name) && !ENOUGH.test(name)) continue
    const family = `${familyOf(name)} ${variant}`
    const made = subject(false)
    const calls = made.cpus.flatMap(({ operations, nmi = [] }) => [
      ...operations.map((operation) => ({ operation, key: `${family}: ${operation.kind ?? operation.name}` })),
      ...nmi.map((operation) => ({ operation, key: `${family}: ${operation.kind ?? operation.name} as an NMI` })),
    ])
    if (calls.every(({ key }) => open.get(key) === false || isKnown(key))) continue
    for (const { key } of calls) if (!open.has(key) && !isKnown(key)) open.set(key, true)
    made.stage.sharing.forget()
    const seen = new Set<string>()
    const { violation } = search(
      {
        ...made,
        atRest(view) {
          for (const { operation, key } of calls)
            if (view.ended(operation.name) && succeeds(view.result(operation.name))) seen.add(key)
          return made.atRest?.(view)
        },
      },
      { preemptions: 0, maxStates: 5_000 },
    )
    assert.equal(violation, undefined, name)
    for (const key of seen) open.set(key, false)
  }
  assert.deepEqual(
    [...open].flatMap(([key, still]) => (still ? [key] : [])),
    [],
  )
})

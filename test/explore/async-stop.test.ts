// A CPU that stops for ever inside an operation, another that goes on, a third that repairs: the named subjects
// `pair/…+stop`, of which `npm run check` explores more.
import { test } from 'node:test'
import { hold, named } from './named.js'

test('a CPU that stops at any step delays nobody; repair leaves at most one control block and one reference lost', (t) => {
  const entries = named(
    ['set2', 'later', 'cancel', 'async'].flatMap((stopping) =>
      ['init', 'set2', 'later', 'cancel', 'drop'].map((other) => `pair/idle-bound/${stopping}/${other}+stop`),
    ),
    ['stop'],
  )
  t.diagnostic(`${entries.length} subjects, ${hold(entries)} states`)
})

test('what starts, or ends its callback, beside a repair stays armed for a CPU that lives', (t) => {
  t.diagnostic(`${hold(named(['repair'], ['stop']))} states`)
})

test('[H12] [H30] a repair takes no run mark but that of the dead CPU, and the next run has another number', (t) => {
  t.diagnostic(`${hold(named(['repair'], ['plain']))} states`)
})

test('a block whose free was cut off leaves the queue of another CPU: the repair asks for it', (t) => {
  t.diagnostic(`${hold(named(['pair/due-on-cpu-1/free/async+stop'], ['stop']))} states`)
})

import { test } from 'node:test'
import { AsyncMachine } from '../../src/explore/subjects/async.js'
import { holds } from './holds.js'

const machine = new AsyncMachine()

/** Explores scripts, one string of operations per CPU, from an initial state. */
const sequence = (name: string, initial: string, ...scripts: string[]): void => {
  test(name, () => {
    holds(
      machine.subject(
        name,
        initial,
        scripts.map((operations) => ({ operations: operations.split(' ') })),
      ),
    )
  })
}

const due = '0:init 0:set1 0:now'
sequence(
  '[H7] a program is unloaded after a cancel while its callback begins',
  due,
  'pollA pollB',
  'cancelC put1D pollE pollF',
)
sequence('[H7] a program is unloaded after another took its place', due, 'pollA pollB', 'set2C put1D pollE pollF')
sequence('[H2] the last user reference goes while a timer is made and armed', '', 'initA set1B nowC', 'dropE pollF')

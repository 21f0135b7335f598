// Options that do not exist, as JavaScript can pass them: refused by name wherever options are taken.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boot, type ThreadOptions } from '../../src/index.js'
import { coded, probes, unchecked } from './probes.js'

/** Options that the types would refuse. */
const untyped = (options: Record<string, unknown>): never => options as never

test('boot refuses options that do not exist, on every kind of machine', async () => {
  assert.throws(
    () => boot.virtual(untyped({ cpu: 2 })),
    coded('BAD_OPTION', /^boot\.virtual: there is no option 'cpu'; did you mean 'cpus'\?$/),
  )
  assert.throws(() => boot.virtual(untyped({ clock: 'virtual' })), coded('BAD_OPTION', /no option 'clock'/))
  assert.throws(() => boot(untyped({ cpus: 'inline', wait: 'spin' })), coded('BAD_OPTION', /inline machine.*'wait'/))
  await assert.rejects(
    boot({ Loopbudgets: 5 } as ThreadOptions),
    coded('BAD_OPTION', /^boot: there is no option 'Loopbudgets'; did you mean 'loopBudget'\?$/),
  )
  await assert.rejects(
    boot({ threads: 2 } as ThreadOptions),
    coded('BAD_OPTION', /'threads'; there are memory, timers, .*wait$/),
  )
})

test('load refuses them, and nothing is left of it', () => {
  const machine = boot.virtual()
  const before = machine.stats()
  assert.throws(
    () => machine.load(probes, untyped({ ...unchecked, variable: { x: 1 } })),
    coded('BAD_OPTION', /^load: there is no option 'variable'; did you mean 'variables'\?$/),
  )
  assert.deepEqual(machine.stats(), before)
  machine.load(probes, unchecked)
})

test('run and prepare refuse them with the name of the program; what is there is taken', async () => {
  const { programs } = boot.virtual().load(probes, unchecked)
  const refusal = coded('BAD_RUN', /^program 'count' \(.*\): there is no option 'context_'; did you mean 'context'\?$/)
  assert.throws(() => programs.count!.run(untyped({ context_: 'nmi' })), refusal)
  assert.throws(() => programs.count!.prepare(untyped({ context_: 'nmi' })), refusal)
  programs.count!.run({ cpu: 0, repeat: 1, context: 'nmi' })
  const machine = await boot({ cpus: 1, wait: 'sleep', clock: 'real' })
  try {
    const object = await machine.load(probes, unchecked)
    await assert.rejects(object.programs.count!.run(untyped({ datas: 1 })), coded('BAD_RUN', /did you mean 'data'\?/))
  } finally {
    await machine.close()
  }
})

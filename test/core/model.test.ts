// The core against the sequential reference model (src/explore/model.ts), step by step: one slot in a map of each kind
// that can have timers, every operation, in any order, results and what is left behind. SKEP_RUNS=N: N sequences for
// each kind.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { BPF_F_NO_PREALLOC, MAP_TYPE_ARRAY, MAP_TYPE_HASH, MAP_TYPE_LRU_HASH } from '../../core/abi.js'
import * as layout from '../../core/layout.js'
import { answer, EMPTY_SLOT, type SlotState } from '../../src/explore/model.js'
import { CoreMachine } from './harness.js'

const RUNS = Number(process.env['SKEP_RUNS'] ?? 100)

const KINDS = [
  'init',
  'set_callback',
  'start',
  'cancel',
  'cancel_async',
  'free',
  'drop-user',
  'get-user',
  'pass',
] as const

interface Step {
  kind: (typeof KINDS)[number]
  program: number
  /** Nanoseconds of a start, or that pass. */
  nanoseconds: number
  cpu: number
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...KINDS, 'start', 'set_callback', 'init', 'pass'),
  program: fc.integer({ min: 1, max: 2 }),
  nanoseconds: fc.integer({ min: 0, max: 400 }).map((units) => units * 8),
  cpu: fc.integer({ min: 0, max: 1 }),
})

/** A machine with one element, and how each step is done there. */
function build(options: { type: number; entries: number; flags?: number }) {
  const machine = new CoreMachine({ megabytes: 4, controlBlocks: 8 })
  machine.now = 8000
  const map = machine.arrayMap(options)
  const fired: number[] = []
  const callbacks = [1, 2].map((program) => machine.addFunction(() => void fired.push(program)))
  const programs = callbacks.map((callback) => machine.program(callback, callback + 1))
  const host = machine.cpu(0)
  const keyAt = machine.u32(host.area + layout.CPU_SCRATCH) + 64
  const update = () => host.call('map_update', map.address, keyAt, keyAt + 64, 0)
  if (options.type !== MAP_TYPE_ARRAY) assert.equal(update(), 0)
  const timer = () => host.call('map_lookup', map.address, keyAt) + 8
  const perform = ({ kind, program, nanoseconds, cpu }: Step): number => {
    const on = machine.cpu(cpu)
    const as = programs[program - 1] as number
    machine.setU32(on.area + layout.CPU_PROGRAM, as)
    switch (kind) {
      case 'init':
        return on.helper('bpf_timer_init', timer(), map.address, 1)
      case 'set_callback':
        return on.helper('bpf_timer_set_callback', timer(), callbacks[program - 1] as number)
      case 'start':
        return on.helper('bpf_timer_start', timer(), nanoseconds, 0)
      case 'cancel':
      case 'cancel_async':
        return on.helper(`bpf_timer_${kind}`, timer())
      case 'free':
        return update()
      case 'drop-user':
        on.call('map_user_put', map.address)
        return 0
      case 'get-user':
        on.call('map_user_get', map.address)
        return 0
      default:
        machine.now += nanoseconds
        machine.settle()
        return 0
    }
  }
  return { machine, map, perform, fired, programs }
}

for (const [name, options] of [
  ['array', { type: MAP_TYPE_ARRAY, entries: 1 }],
  ['hash', { type: MAP_TYPE_HASH, entries: 1 }],
  ['hash without preallocation', { type: MAP_TYPE_HASH, entries: 1, flags: BPF_F_NO_PREALLOC }],
  ['LRU hash', { type: MAP_TYPE_LRU_HASH, entries: 4 }],
] as const)
  describe(`one timer in a map of type ${name}`, () => {
    test('answers every sequence of operations as the sequential model does, and balances at the end [G2, G3]', (t) => {
      let taken = 0
      fc.assert(
        fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
          const { machine, map, perform, fired, programs } = build(options)
          let state: SlotState = { ...EMPTY_SLOT }
          for (const one of steps) {
            if (one.kind === 'drop-user' && state.users === 0) continue
            const result = perform(one)
            taken += 1
            if (one.kind === 'pass') {
              const due = state.armed !== 0 && (state.armed - 1) * 8 <= machine.now
              assert.deepEqual(fired.splice(0), due ? [state.bound] : [])
              if (due) state = { ...state, armed: 0 }
            } else if (one.kind === 'get-user') state = { ...state, users: state.users + 1 }
            else if (one.kind === 'drop-user') {
              state = { ...state, users: state.users - 1 }
              if (state.users === 0) state = answer(state, 'free', {}).state
            } else {
              const deadline = (machine.now + one.nanoseconds) / 8
              const expected = answer(state, one.kind, { program: one.program, deadline })
              assert.equal(result, expected.result, `${one.kind} in ${JSON.stringify(state)}`)
              state = expected.state
            }
          }
          for (let users = state.users; users > 0; users--) machine.cpu(0).call('map_user_put', map.address)
          machine.settle()
          assert.equal(machine.freeBlocks(), 8)
          for (const program of programs) assert.equal(machine.programReferences(program), 1)
        }),
        { numRuns: RUNS },
      )
      t.diagnostic(`${taken} steps`)
    })
  })

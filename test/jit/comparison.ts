// One run of a program on the compiler and on the reference evaluator: same result, same memory, same fault in the same
// place. For the tests of this folder.
import assert from 'node:assert/strict'
import { FAULT_BAD_ACCESS, FAULT_LOOP_BUDGET, FAULT_MISALIGNED_ATOMIC } from '../../core/abi.js'
import type { Line } from '../../src/isa/assemble.js'
import { decode } from '../../src/isa/decode.js'
import { positionOf } from '../../src/jit/positions.js'
import { Fault, functionSpec, GUEST_BASE, GUEST_END, TestMachine } from './harness.js'
import { Evaluator } from './reference.js'

/** After that many steps a program counts as endless. */
const STEPS = 5000

/** Compares one run, and what it leaves in memory; answers how it ended. */
export function compare(lines: readonly Line[], values: readonly bigint[]): string {
  const spec = functionSpec('main', lines)
  const machine = new TestMachine([spec])
  machine.budget = 20 * STEPS
  const model = new DataView(new ArrayBuffer(machine.bytes.length))
  const expected = new Evaluator(decode(spec.code, 'main'), model).run(STEPS, ...values)
  let got: bigint | undefined
  let fault: Fault | undefined
  try {
    got = machine.run('main', ...values)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    fault = error
  }
  if (expected.kind === 'endless') {
    if (fault) assert.ok([FAULT_LOOP_BUDGET, FAULT_BAD_ACCESS, FAULT_MISALIGNED_ATOMIC].includes(fault.kind))
    return 'endless'
  }
  const guest = (buffer: ArrayBufferLike): Buffer => Buffer.from(buffer, GUEST_BASE, GUEST_END - GUEST_BASE)
  const same = guest(machine.memory.buffer).equals(guest(model.buffer))
  if (expected.kind === 'exit') {
    assert.equal(fault, undefined)
    assert.equal(got, expected.result)
    assert.ok(same, 'memory differs')
    return 'exit'
  }
  assert.ok(fault, 'no fault')
  assert.deepEqual(
    { kind: fault.kind, address: fault.address, instruction: positionOf(fault, [machine.object])?.instruction },
    {
      kind: expected.what === 'access' ? FAULT_BAD_ACCESS : FAULT_MISALIGNED_ATOMIC,
      address: expected.address,
      instruction: expected.instruction,
    },
  )
  assert.ok(same, 'memory differs')
  return 'fault'
}

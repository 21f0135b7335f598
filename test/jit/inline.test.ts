// Small functions in place of their calls: nothing but the time can be told from a call.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FAULT_BAD_ACCESS, FAULT_CALLBACK_RESULT, FAULT_STACK_OVERFLOW } from '../../core/abi.js'
import * as asm from '../../src/isa/assemble.js'
import type { Line } from '../../src/isa/assemble.js'
import { DATA, functionSpec, GUEST_END, STACK_TOP, TestMachine } from './harness.js'

const END = BigInt(GUEST_END)

function machine(functions: Record<string, readonly Line[]>, kfunc = (): bigint => 0n): TestMachine {
  const made = new TestMachine(
    Object.entries(functions).map(([name, lines]) => functionSpec(name, lines)),
    {
      roots: ['main'],
      helpers: { 181: { parameters: 4, frame: true, call: () => assert.fail('the helper was called') } },
      kfuncs: { look: { parameters: 1, call: kfunc } },
    },
  )
  made.budget = 1000
  return made
}

/** Functions of the module on the stack while a function that calls `look` runs under main. */
function wasmFrames(callee: readonly Line[]): number {
  let frames = 0
  const made = machine({ main: [asm.callFunction('callee'), asm.exit()], callee }, () => {
    frames = [...new Error().stack!.matchAll(/wasm-function/g)].length
    return 5n
  })
  assert.equal(made.run('main'), 5n)
  return frames
}

test('a small function stands in place of its call; one with a loop, or a long one, is called', () => {
  const look = [asm.callKfunc('look'), asm.exit()]
  assert.equal(wasmFrames(look), 1)
  const padding = (count: number): Line[] => Array.from({ length: count }, () => asm.alu('add', 'r1', 1))
  assert.equal(wasmFrames([...padding(38), ...look]), 1)
  assert.equal(wasmFrames([...padding(39), ...look]), 2)
  const loop = [asm.mov('r2', 3), asm.label('again'), asm.alu('sub', 'r2', 1), asm.jump('ne', 'r2', 0, 'again')]
  assert.equal(wasmFrames([...loop, ...look]), 2)
})

test('a small function that calls small ones stands in place with them; one that calls itself does not', () => {
  const calls = (...names: string[]): Line[] => [...names.map((name) => asm.callFunction(name)), asm.exit()]
  const padding = Array.from({ length: 30 }, () => asm.alu('add', 'r1', 1))
  const frames = (functions: Record<string, readonly Line[]>): number => {
    let count = 0
    const made = machine({ main: calls('outer'), ...functions }, () => {
      count = Math.max(count, [...new Error().stack!.matchAll(/wasm-function/g)].length)
      return 5n
    })
    assert.equal(made.run('main', 1n), 5n)
    return count
  }
  const look = [asm.callKfunc('look'), asm.exit()]
  assert.equal(frames({ outer: calls('middle'), middle: calls('inner'), inner: look }), 1)
  // Together they are too long.
  assert.equal(frames({ outer: [...padding, ...calls('inner')], inner: [...padding, ...look] }), 2)
  const down = [asm.jump('eq', 'r1', 0, 'end'), asm.mov('r1', 0), ...calls('outer').slice(0, 1), asm.label('end')]
  assert.equal(frames({ outer: [...down, ...look] }), 3)
})

test('a function within another in place has its own registers, frame, and places of faults', () => {
  const use = (number: number): Line[] => [
    asm.store(64, 'r10', -8, number),
    asm.mov('r9', number),
    asm.alu('add', 'r6', number),
  ]
  const collect = [asm.load(64, 'r1', 'r10', -8), asm.alu('add', 'r0', 'r1'), asm.alu('add', 'r0', 'r9'), asm.exit()]
  const made = machine({
    main: [...use(1), asm.callFunction('outer'), ...collect],
    outer: [...use(10), asm.mov('r7', 'r2'), asm.callFunction('inner'), asm.alu('add', 'r0', 'r7'), ...collect],
    inner: [...use(100), asm.load(64, 'r0', 'r1', 0), asm.mov('r1', 7), asm.alu('add', 'r0', 'r6'), ...collect],
  })
  made.view.setBigUint64(DATA, 1000n, true)
  assert.equal(made.run('main', BigInt(DATA), 5000n), 1000n + 300n + 20n + 5000n + 2n)
  assert.deepEqual(
    [1, 2, 3].map((depth) => made.view.getBigUint64(STACK_TOP - 512 * (depth - 1) - 8, true)),
    [1n, 10n, 100n],
  )
  const { address, instruction, function: name } = made.faultOf('main', END - 7n)
  assert.deepEqual({ address, instruction, name }, { address: END - 7n, instruction: 3, name: 'inner' })
})

test('registers are its own, and those above r5 begin as zeros, in every turn of a loop', () => {
  const clobber = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((each) => asm.mov(`r${each}` as 'r1', 100 + each))
  const callee = [
    asm.mov('r0', 'r1'),
    asm.alu('mul', 'r0', 10),
    ...(['r2', 'r6', 'r7', 'r8', 'r9'] as const).map((register) => asm.alu('add', 'r0', register)),
    ...clobber,
    asm.exit(),
  ]
  const sum = (['r1', 'r2', 'r5', 'r6', 'r9'] as const).map((register) => asm.alu('add', 'r7', register))
  const main = [
    asm.mov('r6', 1000),
    asm.mov('r9', 2000),
    asm.mov('r8', 3),
    asm.mov('r7', 0),
    asm.label('again'),
    asm.callFunction('callee'),
    asm.alu('add', 'r7', 'r0'),
    ...sum,
    asm.alu('sub', 'r8', 1),
    asm.jump('ne', 'r8', 0, 'again'),
    asm.mov('r0', 'r7'),
    asm.exit(),
  ]
  assert.equal(machine({ main, callee }).run('main', 7n, 4n, 0n, 0n, 20n), 3n * (74n + 7n + 4n + 20n + 3000n))
})

test('its frame lies below the one of the caller, which may give it addresses of its own', () => {
  const main = [
    asm.store(64, 'r10', -8, 11),
    asm.mov('r1', 'r10'),
    asm.alu('add', 'r1', -8),
    asm.callFunction('callee'),
    asm.load(64, 'r1', 'r10', -8),
    asm.alu('add', 'r0', 'r1'),
    asm.exit(),
  ]
  const callee = [
    asm.store(64, 'r10', -8, 5),
    asm.load(64, 'r0', 'r1', 0),
    asm.store(64, 'r1', 0, 300),
    asm.load(64, 'r2', 'r10', -8),
    asm.alu('add', 'r0', 'r2'),
    asm.exit(),
  ]
  const made = machine({ main, callee })
  assert.equal(made.run('main'), 316n)
  assert.equal(made.view.getBigUint64(STACK_TOP - 520, true), 5n)
})

test('faults have their place in the function, and in the caller what is there', () => {
  const callee = [
    asm.jump('eq', 'r2', 0, 'one'),
    asm.load(64, 'r0', 'r1', 8),
    asm.exit(),
    asm.label('one'),
    asm.alu('add', 'r1', 8),
    asm.load(64, 'r0', 'r1', 0),
    asm.load(32, 'r3', 'r1', 16),
    asm.exit(),
  ]
  const main = [
    asm.load(64, 'r6', 'r1', 0),
    asm.callFunction('callee'),
    asm.load(64, 'r7', 'r1', 16),
    asm.alu('add', 'r0', 'r7'),
    asm.exit(),
  ]
  const made = machine({ main, callee })
  made.view.setBigUint64(DATA + 8, 30n, true)
  made.view.setBigUint64(DATA + 16, 4n, true)
  for (const way of [0n, 1n]) assert.equal(made.run('main', BigInt(DATA), way), 34n)
  const fault = (address: bigint, name: string, instruction: number): object => ({
    kind: FAULT_BAD_ACCESS,
    address,
    function: name,
    instruction,
  })
  assert.deepEqual(made.faultOf('main', END - 8n, 1n), fault(END, 'callee', 1))
  assert.deepEqual(made.faultOf('main', END - 8n, 0n), fault(END, 'callee', 4))
  assert.deepEqual(made.faultOf('main', END - 24n, 0n), fault(END, 'callee', 5))
  assert.deepEqual(made.faultOf('main', END - 16n, 1n), fault(END, 'main', 2))
  assert.deepEqual(made.faultOf('main', END, 1n), fault(END, 'main', 0))
})

test('it needs a frame like any other', () => {
  const made = machine({ main: [asm.mov('r1', 1), asm.callFunction('callee'), asm.exit()], callee: [asm.exit()] })
  const lowest = STACK_TOP - 7 * 512
  assert.equal(made.exports['main']!(0n, 0n, 0n, 0n, 0n, lowest + 512), 0n)
  made.run = (name) => made.exports[name]!(0n, 0n, 0n, 0n, 0n, lowest)
  assert.deepEqual(made.faultOf('main'), {
    kind: FAULT_STACK_OVERFLOW,
    address: BigInt(lowest - 512),
    function: 'main',
    instruction: 1,
  })
  assert.equal(made.budget, 998, 'what calls pays, what is called does not')
})

test('in place as the callback of bpf_loop, too: each turn anew, and its faults in it', () => {
  const main = [
    asm.mov('r3', 'r2'),
    asm.loadReference('r2', { kind: 'function-pointer', function: 'callee' }),
    asm.mov('r4', 0),
    asm.call(181),
    asm.exit(),
  ]
  const callee = [
    asm.alu('add', 'r6', 1),
    asm.load(64, 'r0', 'r2', 0),
    asm.alu('add', 'r0', 'r6'),
    asm.store(64, 'r2', 0, 'r0'),
    asm.mov('r0', 0),
    asm.jump('ne', 'r1', 5, 'out'),
    asm.mov('r0', 9),
    asm.label('out'),
    asm.exit(),
  ]
  const made = machine({ main, callee })
  assert.equal(made.run('main', 5n, BigInt(DATA)), 5n)
  assert.equal(made.view.getBigUint64(DATA, true), 5n)
  assert.deepEqual(made.faultOf('main', 1n, END), {
    kind: FAULT_BAD_ACCESS,
    address: END,
    function: 'callee',
    instruction: 1,
  })
  assert.deepEqual(made.faultOf('main', 6n, BigInt(DATA)), {
    kind: FAULT_CALLBACK_RESULT,
    address: 9n,
    function: 'main',
    instruction: 4,
  })
})

test('a function does not grow without bound: from some call on it calls', () => {
  const callee = [...Array.from({ length: 30 }, () => asm.alu('add', 'r0', 'r1')), asm.exit()]
  const main = (calls: number): Line[] => [
    ...Array.from({ length: calls }, () => asm.callFunction('callee')),
    asm.exit(),
  ]
  const size = (calls: number): number => machine({ main: main(calls), callee }).object.bytes.length
  const [none, some, many] = [size(1), size(101), size(201)]
  assert.ok(many - some < (some - none) / 2, `${none}, ${some}, ${many} bytes`)
  assert.equal(machine({ main: main(201), callee }).run('main', 2n), 60n)
})

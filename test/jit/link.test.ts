// What a compiled object refers to: maps, helpers, kfuncs, externs, callbacks, other functions.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SkepError } from '../../src/error.js'
import * as asm from '../../src/isa/assemble.js'
import type { Line } from '../../src/isa/assemble.js'
import { compile } from '../../src/jit/compile.js'
import { readObject } from '../../src/object/read.js'
import { STACK_TOP, TestMachine, functionSpec, linkTarget, machineOf, type Options } from './harness.js'

function refusal(lines: readonly Line[], options: Options = {}): SkepError {
  try {
    compile([functionSpec('main', lines)], linkTarget(options))
  } catch (error) {
    assert.ok(error instanceof SkepError, String(error))
    return error
  }
  throw new Error('compiled')
}

test('lddw loads addresses of maps, of data and of externs, and table indices of functions', () => {
  const value = (reference: asm.Reference, options: Options = {}): bigint =>
    machineOf([asm.loadReference('r0', reference), asm.exit()], {
      maps: { flows: 0x40400, '.data': 0x12340 },
      ...options,
    }).run('main')
  assert.equal(value({ kind: 'map', map: 'flows' }), 0x40400n)
  assert.equal(value({ kind: 'map-value', map: '.data', offset: 24 }), 0x12358n)
  assert.equal(value({ kind: 'extern', name: 'HZ', weak: false }, { externs: { HZ: 1000n } }), 1000n)
  assert.equal(value({ kind: 'extern', name: 'HZ', weak: true }), 0n)
  assert.equal(value({ kind: 'function-pointer', function: 'main' }), 1n)
})

test('a callback is compiled because its address is taken, and sits at its index', () => {
  const main = functionSpec('main', [
    asm.loadReference('r0', { kind: 'function-pointer', function: 'callback' }),
    asm.exit(),
  ])
  const callback = functionSpec('callback', [asm.mov('r0', 'r1'), asm.alu('add', 'r0', 'r3'), asm.exit()])
  const unused = functionSpec('unused', [asm.call(12345), asm.exit()])
  const machine = new TestMachine([main, callback, unused], { roots: ['main'] })
  assert.deepEqual([...machine.object.exports.keys()], ['main', 'callback'])
  assert.deepEqual([...machine.object.callbacks], ['callback'])
  const index = Number(machine.run('main'))
  assert.equal(machine.table[index]!(40n, 0n, 2n, 0n, 0n, STACK_TOP), 42n)
})

test('a helper gets as many registers as it has parameters; r1 to r5 keep their values over the call', () => {
  const seen: unknown[][] = []
  const call = (...values: unknown[]): bigint => {
    seen.push(values)
    return -22n
  }
  const machine = machineOf(
    [
      asm.call(1),
      asm.call(2),
      asm.callKfunc('bpf_wq_start'),
      asm.mov('r6', 'r0'),
      asm.call(3),
      asm.jump('ne', 'r0', 0, 'end'),
      asm.mov('r0', 'r6'),
      asm.label('end'),
      asm.alu('add', 'r0', 'r5'),
      asm.exit(),
    ],
    {
      helpers: {
        1: { parameters: 0, call },
        2: { parameters: 5, frame: true, call },
        3: { parameters: 1, returns: false, call: (...values: unknown[]) => void seen.push(values) },
      },
      kfuncs: { bpf_wq_start: { parameters: 2, call } },
    },
  )
  assert.equal(BigInt.asIntN(64, machine.run('main', 1n, 2n, 3n, 4n, 5n)), -17n)
  assert.deepEqual(seen, [[], [1n, 2n, 3n, 4n, 5n, STACK_TOP], [1n, 2n], [1n]])
})

test('what cannot be resolved is an error at load, with its place', () => {
  const missing = refusal([asm.callKfunc('bpf_absent'), asm.exit()])
  assert.equal(missing.code, 'UNRESOLVED')
  assert.equal(
    missing.message,
    "test.bpf.o: function 'main', instruction 0 (call kfunc#-1): there is no kfunc 'bpf_absent'",
  )
  assert.match(
    refusal([asm.callFunction('nowhere'), asm.exit()]).message,
    /function 'main' refers to 'nowhere', which has no code/,
  )
  assert.match(
    refusal([asm.instruction('call function', { src: 1, imm: 5 }), asm.exit()]).message,
    /instruction 0 \(call pc\+5\): nothing says what is called here/,
  )
  assert.match(
    refusal([asm.loadReference('r1', { kind: 'extern', name: 'jiffies', weak: false }), asm.exit()]).message,
    /there is no 'jiffies'/,
  )
  assert.match(
    refusal([asm.instruction('lddw map-fd', { src: 1, imm: 3 }), asm.exit()]).message,
    /nothing says what this refers to/,
  )
})

test('a move between address spaces is refused by name', () => {
  const { code, message } = refusal([
    asm.instruction('addr_space_cast', { dst: 3, src: 2, offset: 1, imm: 1 }),
    asm.exit(),
  ])
  assert.equal(code, 'UNSUPPORTED_INSTRUCTION')
  assert.match(message, /\(r3 = addr_space_cast\(r2, 0, 1\)\): addresses of an arena/)
})

test('the same code gives the same module, other code another name', () => {
  const once = (imm: number): ReturnType<typeof compile> =>
    compile([functionSpec('main', [asm.mov('r0', imm), asm.exit()])], linkTarget())
  assert.deepEqual(once(1).bytes, once(1).bytes)
  assert.notEqual(once(1).moduleName, once(2).moduleName)
})

test('an object from clang compiles as a whole', async () => {
  const spec = await readObject('test/golden/timer-cases.bpf.o')
  const names = new Map<number, string>()
  const object = compile([...spec.functions.values()], {
    ...linkTarget(),
    helperImport: (id) => {
      names.set(id, `helper${id}`)
      return { name: `helper${id}`, parameters: 5, frame: false, returns: true }
    },
    kfuncImport: (name) => ({ name, parameters: 3, frame: false, returns: true }),
  })
  assert.ok(WebAssembly.validate(object.bytes))
  assert.equal(object.exports.size, spec.functions.size)
})

// The plugin on both engines: every vector in this process, some of them and the protocol's corners through the
// command.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runBare } from '../../src/cli/bare-run.js'
import * as asm from '../../src/isa/assemble.js'
import type { Line } from '../../src/isa/assemble.js'
import { vectors } from './vectors.js'

const SKEP = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))
const ENGINES = ['jit', 'interp'] as const
const all = vectors()

const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('hex')
    .replace(/../g, (byte) => `${byte} `)

function plugin(code: Uint8Array | string, ...words: string[]): { status: number | null; out: string; err: string } {
  const input = typeof code === 'string' ? code : hex(code)
  const { status, stdout, stderr } = spawnSync(process.execPath, [SKEP, 'conformance-plugin', ...words], {
    input,
    encoding: 'utf8',
  })
  return { status, out: stdout.trim(), err: stderr }
}

const code = (...lines: Line[]): Uint8Array => asm.assemble(lines).code

for (const engine of ENGINES)
  describe(`conformance on ${engine}`, () => {
    test(`${all.length} vectors from the RFC`, () => {
      for (const { name, code, memory, r0 } of all) {
        const result = runBare({ program: code, memory, engine })
        assert.equal(result.r0.toString(16), r0.toString(16), name)
      }
    })

    test('through the command: memory, no memory, whole r0', () => {
      const length = code(asm.mov('r0', 'r2'), asm.exit())
      assert.deepEqual(plugin(length, '01 02 03', '--engine', engine), { status: 0, out: '3', err: '' })
      assert.deepEqual(plugin(length, '', '', `--engine=${engine}`), { status: 0, out: '0', err: '' })
      const address = code(asm.mov('r0', 'r1'), asm.exit())
      assert.equal(plugin(address, '--engine', engine).out, '0')
      const whole = code(asm.loadImmediate('r0', 0xfedcba9876543210n), asm.exit())
      assert.equal(plugin(whole, '--engine', engine).out, 'fedcba9876543210')
    })

    test('local calls, code addresses, calls by register of functions and of helper numbers', () => {
      const tail = [asm.exit(), asm.mov('r0', 42), asm.exit()]
      const local = code(asm.instruction('call function', { src: 1, imm: 1 }), ...tail)
      const byRegister = code(
        asm.instruction('lddw function', { dst: 7, src: 4, imm: 3 }),
        asm.instruction('call register', { dst: 7 }),
        ...tail,
      )
      // As compilers wrote it before clang 19: the register's number in the immediate.
      const old = byRegister.slice()
      old[17] = 0
      old[20] = 7
      for (const program of [local, byRegister, old])
        assert.equal(runBare({ program, memory: new Uint8Array(), engine }).r0, 42n)
      const helper = code(
        asm.mov('r3', 8),
        asm.instruction('call register', { dst: 3 }),
        asm.alu('add', 'r0', 2),
        asm.exit(),
      )
      assert.equal(runBare({ program: helper, memory: new Uint8Array(), engine }).r0, 2n)
    })

    test('what cannot be run is an error on standard error, with a place', () => {
      const cases: readonly (readonly [Uint8Array | string, RegExp])[] = [
        [code(asm.mov('r1', 0), asm.load(64, 'r0', 'r1', 0), asm.exit()), /FAULT|null page/],
        [code(asm.callKfunc('x'), asm.exit()).slice(), /instruction 0/],
        [code(asm.instruction('ldabsw', { imm: 1 }), asm.exit()), /legacy packet loads/],
        ['zz', /byte 0: 'zz' is not hexadecimal/],
        ['', /on standard input: expected hexadecimal bytes, found none/],
      ]
      for (const [program, words] of cases) {
        const { status, out, err } = plugin(program, '--engine', engine)
        assert.equal(status, 1)
        assert.equal(out, '')
        assert.match(err, words)
      }
    })
  })

test('--elf: the first program of an object runs', () => {
  const object = readFileSync(new URL('../../../test/fixtures/types.bpf.o', import.meta.url))
  for (const engine of ENGINES)
    assert.deepEqual(plugin(object, '--engine', engine, '--elf'), { status: 0, out: '1', err: '' })
  const { status, err } = plugin('7f 45 4c 46', '--elf')
  assert.equal(status, 1)
  assert.match(err, /ELF/)
})

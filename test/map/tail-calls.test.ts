// Tail calls from subprograms, through many frames: on both engines, in a nested run, and on the machine's own kernel.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, test } from 'node:test'
import { boot } from '../../src/index.js'
import { testOnKernel } from '../kernel/on-kernel.js'

/** dist/test/map → test/map. */
const OBJECT = new URL('../../../test/map/tail-calls.bpf.o', import.meta.url)
const object = readFileSync(OBJECT)
const data = new Uint8Array(64)
const VARIABLES = ['lefts', 'rights', 'turns', 'sum'] as const

/** By program: what it answers, and the variables after it. */
type Answers = Record<string, { retval: number; variables: bigint[] }>

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value)

/** What the programs mean: every function to its end, 33 tail calls for all of them. */
function expected(): Answers {
  let left = 33
  const v = { lefts: 0n, rights: 0n, turns: 0n, sum: 0n }
  const fresh = (): void => {
    left = 33
    for (const name of VARIABLES) v[name] = 0n
  }
  const go = (target: () => bigint): bigint => (left-- > 0 ? target() : ((left = 0), 0n))
  const add = (value: bigint): void => void (v.sum = u64(v.sum * 31n + value))
  const programs = {
    tree_left: (): bigint => {
      v.lefts++
      go(programs.tree_left)
      go(programs.tree_right)
      return (v.rights << 16n) | v.lefts
    },
    tree_right: (): bigint => {
      v.rights++
      go(programs.tree_right)
      return 1n
    },
    chain: (): bigint => {
      const kept = ++v.turns
      const number = kept * 1000n + 1n
      const result = go(programs.chain)
      add(number * 16n)
      add(kept * 11_000n)
      add(kept)
      return result + 3n
    },
    each: (): bigint => {
      const kept = ++v.turns
      const result = go(programs.each) + 3n
      for (const key of [0n, 1n, 2n]) add(key)
      add(kept)
      return result
    },
  }
  const answers: Answers = {}
  for (const [name, program] of Object.entries(programs)) {
    fresh()
    answers[name] = { retval: Number(program()), variables: VARIABLES.map((variable) => v[variable]) }
  }
  return answers
}

const answers = expected()

for (const engine of ['jit', 'interp'] as const)
  describe(`tail calls from subprograms on ${engine}`, () => {
    test('the callers go on with their frames, however many programs came between', () => {
      const machine = boot.virtual({ cpus: 2, memory: '8 MiB' })
      for (const [program, answer] of Object.entries(answers))
        for (const cpu of [0, 1]) {
          const loaded = machine.load(object, { engine })
          const { retval } = loaded.programs[program]!.run({ data, cpu })
          const variables = VARIABLES.map((name) => BigInt(loaded.variables[name]!.get() as number | bigint))
          assert.deepEqual({ retval, variables }, answer, `${program} on CPU ${cpu}`)
          loaded.close()
        }
    })

    test('every run begins where the first did', () => {
      const machine = boot.virtual({ memory: '8 MiB' })
      const { programs } = machine.load(object, { engine })
      const run = (): number => programs['chain']!.run({ data }).retval
      assert.equal(run(), run())
    })

    test('a machine that has no room for their stacks says how much they need', () => {
      const machine = boot.virtual({ cpus: 8, memory: '4 MiB' })
      assert.throws(() => machine.load(object, { engine }), {
        code: 'NO_MEMORY',
        message: /tail calls .* need \d+ bytes/,
      })
    })
  })

testOnKernel('the kernel has the same answers', async (kernel) => {
  for (const [program, answer] of Object.entries(answers)) {
    const loaded = await kernel.load(fileURLToPath(OBJECT))
    assert.equal(loaded.result, 0, loaded.log)
    const { retval } = await kernel.run(program, { data })
    const variables: bigint[] = []
    for (const name of VARIABLES) {
      const bytes = Buffer.from(await kernel.variable(name))
      variables.push(bytes.length === 8 ? bytes.readBigUInt64LE() : BigInt(bytes.readUInt32LE()))
    }
    assert.deepEqual({ retval, variables }, answer, program)
  }
})

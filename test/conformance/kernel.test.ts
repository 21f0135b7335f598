// The vectors on this machine's own kernel, where bpf() is allowed: what they expect is what Linux does.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as asm from '../../src/isa/assemble.js'
import { openKernel } from '../kernel/oracle.js'
import { vectors, type Vector } from './vectors.js'

/** The vector's code is the second function; its memory lies on the stack of the first, r0 goes into the context. */
function whole({ lines, memory }: Vector): Uint8Array {
  const view = new DataView(memory.buffer, memory.byteOffset)
  const entry = asm.assemble([
    asm.mov('r6', 'r1'),
    asm.mov('r1', 'r10'),
    asm.alu('add', 'r1', -memory.length),
    ...Array.from({ length: memory.length / 8 }, (_, at) => [
      asm.loadImmediate('r2', view.getBigUint64(8 * at, true)),
      asm.store(64, 'r1', 8 * at, 'r2'),
    ]).flat(),
    asm.mov('r2', memory.length),
    asm.instruction('call function', { src: 1, imm: 3 }),
    asm.store(64, 'r6', 0, 'r0'),
    asm.mov('r0', 0),
    asm.exit(),
  ]).code
  const body = asm.assemble(lines).code
  const code = new Uint8Array(entry.length + body.length)
  code.set(entry)
  code.set(body, entry.length)
  return code
}

/** The verifier refuses to load these; the instruction set allows them. */
function refused(name: string): boolean {
  // Accesses to the stack that are not aligned.
  const [, size, offset] = /^(?:ldx|ldxs|st|stx)(h|w|dw) (\d+) /.exec(name) ?? []
  if (size !== undefined) return Number(offset) % { h: 2, w: 4, dw: 8 }[size]! !== 0
  // Division by an immediate 0, shifts by an immediate outside the width.
  const [, operation, width, amount] = /^(s?div|s?mod|[lr]sh|arsh)(64|32) imm \S+ (\S+) =/.exec(name) ?? []
  if (operation === undefined) return false
  const value = amount!.startsWith('-') ? -1 : Number(amount)
  return /div|mod/.test(operation) ? value === 0 : value < 0 || value >= Number(width)
}

test('the kernel answers every vector that its verifier lets in as it is written', async (t) => {
  const kernel = await openKernel()
  if (typeof kernel === 'string') return t.skip(kernel)
  let answered = 0
  try {
    for (const vector of vectors()) {
      const { name, r0 } = vector
      const answer = await kernel.bare(whole(vector), new Uint8Array(8))
      if (typeof answer === 'number') {
        assert.ok(refused(name), `${name}: errno ${-answer}`)
        continue
      }
      const got = new DataView(answer.context.buffer, answer.context.byteOffset).getBigUint64(0, true)
      assert.equal(got.toString(16), r0.toString(16), name)
      answered++
    }
  } finally {
    await kernel.close()
  }
  t.diagnostic(`${answered} vectors on Linux ${kernel.release}`)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SkepError } from '../../src/error.js'
import { decode } from '../../src/isa/decode.js'
import { disassemble } from '../../src/isa/disassemble.js'

const EXIT = '9500000000000000'

function bytes(hexadecimal: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hexadecimal.replaceAll(' ', ''), 'hex'))
}

/** The message for code that must be refused. */
function refusal(code: string): string {
  try {
    decode(bytes(code), 'f')
  } catch (error) {
    assert.ok(error instanceof SkepError && error.code === 'BAD_INSTRUCTION', String(error))
    return error.message
  }
  throw new Error(`accepted ${code}`)
}

const REFUSED: readonly (readonly [what: string, code: string, message: RegExp])[] = [
  ['an unknown opcode', `ff00000000000000${EXIT}`, /'f', instruction 0 \(ff00000000000000\): unknown opcode 0xff/],
  ['float-like ALU code 0xe', `e700000000000000${EXIT}`, /unknown opcode 0xe7/],
  ['a JMP32 ja with register source', `0e00000000000000${EXIT}`, /unknown opcode 0x0e/],
  ['dst r11', `b70b000000000000${EXIT}`, /no register r11, expected r0 to r10/],
  ['src r15', `bff1000000000000${EXIT}`, /no register r15/],
  ['a write to r10', `b70a000000000000${EXIT}`, /instruction 0 .*r10 cannot be written/],
  ['a load into r10', `791a000000000000${EXIT}`, /r10 cannot be written/],
  ['a fetch into r10', `dba1000001000000${EXIT}`, /r10 cannot be written/],
  ['an exchange into r10', `dba10000e1000000${EXIT}`, /r10 cannot be written/],
  ['a byte swap of r10', `dc0a000040000000${EXIT}`, /r10 cannot be written/],
  ['a jump beyond the end', `0500010000000000${EXIT}`, /jump out of range: to instruction 2, expected 0 to 1/],
  ['a jump before the start', `0500feff00000000${EXIT}`, /jump out of range: to instruction -1/],
  ['a long jump beyond the end', `0600000000000040${EXIT}`, /jump out of range/],
  ['a jump into lddw', `0500010000000000 1801000000000000 0000000000000000 ${EXIT}`, /second half of the lddw at 1/],
  ['a conditional jump into lddw', `1500010000000000 1801000000000000 0000000000000000 ${EXIT}`, /second half/],
  ['no exit', 'b700000000000000', /instruction 0 .*falls off the end, expected exit or goto/],
  ['a conditional jump at the end', `${EXIT}1500feff00000000`, /falls off the end/],
  ['half an lddw', '1801000000000000', /second half of lddw is missing/],
  [
    'an lddw with an opcode in its second half',
    `1801000000000000 9500000000000000 ${EXIT}`,
    /instruction 1 .*second half/,
  ],
  ['an lddw with an offset', `1801010000000000 0000000000000000 ${EXIT}`, /offset is 1, expected 0/],
  ['an lddw of an unknown kind', `1871000000000000 0000000000000000 ${EXIT}`, /src is 7, expected 0 or 1 or 2/],
  ['an exit with registers', '9501000000000000', /exit: dst is 1, expected 0/],
  ['an exit with an immediate', '9500000001000000', /exit: imm is 1, expected 0/],
  ['an immediate where a register counts', `0f21000005000000${EXIT}`, /add64 reg: imm is 5, expected 0/],
  ['a source register where an immediate counts', `0721000005000000${EXIT}`, /add64 imm: src is 2, expected 0/],
  ['an offset in an addition', `0f21010000000000${EXIT}`, /offset is 1, expected 0/],
  ['an offset of 2 in a division', `3f21020000000000${EXIT}`, /opcode 0x3f: offset is 2, expected 0 or 1/],
  [
    'a sign-extending move from 24 bits',
    `bf21180000000000${EXIT}`,
    /offset is 0x18, expected 0 or 1 or 8 or 0x10 or 0x20/,
  ],
  ['a 32-bit sign-extending move from 32', `bc21200000000000${EXIT}`, /offset is 0x20, expected 0 or 8 or 0x10/],
  ['a byte swap of 24 bits', `d401000018000000${EXIT}`, /imm is 0x18, expected 0x10 or 0x20 or 0x40/],
  ['a negation with an operand', `8721000000000000${EXIT}`, /neg64: src is 2, expected 0/],
  ['an unknown atomic', `db21000002000000${EXIT}`, /opcode 0xdb: imm is 2, expected 0 or 1 or 0x40 or .* or 0x110$/],
  ['a byte-wide atomic addition', `d321000000000000${EXIT}`, /imm is 0, expected 0x100 or 0x110/],
  ['a call of an unknown kind', `8530000001000000${EXIT}`, /src is 3, expected 0 or 1 or 2/],
  ['a helper call with an offset', `8500050001000000${EXIT}`, /offset is 5, expected 0/],
  ['a goto with an immediate', `0500000001000000${EXIT}`, /ja: imm is 1, expected 0/],
  ['a load with an immediate', `7921000001000000${EXIT}`, /ldxdw: imm is 1, expected 0/],
]

test(`the validator refuses what RFC 9669 forbids, and says where (${REFUSED.length} cases)`, () => {
  for (const [what, code, message] of REFUSED) assert.match(refusal(code), message, what)
})

test('code of no or a broken length is refused', () => {
  assert.match(refusal(''), /'f' has no instructions/)
  assert.match(refusal('95000000'), /4 bytes long, expected a multiple of 8/)
})

test('whatever the bytes are, they are decoded or refused with a place', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 8, maxLength: 64 }), (code) => {
      try {
        decode(code, 'f')
      } catch (error) {
        assert.ok(error instanceof SkepError, String(error))
      }
    }),
    { numRuns: 2000 },
  )
})

/** In the notation of LLVM 18 and of the kernel's verifier. */
const TEXTS: readonly (readonly [code: string, text: string])[] = [
  ['0712000005000000', ''],
  ['0702000005000000', 'r2 += 5'],
  ['0f12000000000000', 'r2 += r1'],
  ['1c12000000000000', 'w2 -= w1'],
  ['bc12000000000000', 'w2 = w1'],
  ['b7010000ffffffff', 'r1 = -1'],
  ['bf12080000000000', 'r2 = (s8)r1'],
  ['bc12100000000000', 'w2 = (s16)w1'],
  ['3f12010000000000', 'r2 s/= r1'],
  ['9701010003000000', 'r1 s%= 3'],
  ['c701000003000000', 'r1 s>>= 3'],
  ['8701000000000000', 'r1 = -r1'],
  ['8401000000000000', 'w1 = -w1'],
  ['dc01000020000000', 'r1 = be32 r1'],
  ['d401000010000000', 'r1 = le16 r1'],
  ['d701000040000000', 'r1 = bswap64 r1'],
  ['79a1f8ff00000000', 'r1 = *(u64 *)(r10 - 8)'],
  ['7112100000000000', 'r2 = *(u8 *)(r1 + 16)'],
  ['9112000000000000', 'r2 = *(s8 *)(r1 + 0)'],
  ['7b1af8ff00000000', '*(u64 *)(r10 - 8) = r1'],
  ['620a fcff 05000000', '*(u32 *)(r10 - 4) = 5'],
  ['db21000000000000', 'lock *(u64 *)(r1 + 0) += r2'],
  ['c321000040000000', 'lock *(u32 *)(r1 + 0) |= w2'],
  ['db21000001000000', 'r2 = atomic_fetch_add((u64 *)(r1 + 0), r2)'],
  ['c3210000a1000000', 'w2 = atomic_fetch_xor((u32 *)(r1 + 0), w2)'],
  ['db210800e1000000', 'r2 = xchg_64(r1 + 8, r2)'],
  ['db210800f1000000', 'r0 = cmpxchg_64(r1 + 8, r0, r2)'],
  ['c3210800f1000000', 'w0 = cmpxchg32_32(r1 + 8, w0, w2)'],
  ['db12000000010000', 'r2 = load_acquire((u64 *)(r1 + 0))'],
  ['c321000010010000', 'store_release((u32 *)(r1 + 0), r2)'],
  ['6501000005000000', 'if r1 s> 5 goto +0'],
  ['1e21ffff00000000', 'if w1 == w2 goto -1'],
  ['4501000008000000', 'if r1 & 8 goto +0'],
  ['0500000000000000', 'goto +0'],
  ['0600000000000000', 'gotol +0'],
  ['e500000000000000', 'may_goto +0'],
  ['8500000001000000', 'call bpf_map_lookup_elem#1'],
  ['85000000e7030000', 'call 999'],
  ['85100000ffffffff', 'call pc-1'],
  ['8520000005000000', 'call kfunc#5'],
  ['1801000004030201 0000000008070605', 'r1 = 0x506070801020304 ll'],
  ['9500000000000000', 'exit'],
]

test('instructions read as LLVM and the kernel write them', () => {
  const symbols = { helper: (id: number) => (id === 1 ? 'bpf_map_lookup_elem' : undefined) }
  for (const [code, text] of TEXTS) {
    if (text === '') {
      assert.match(refusal(code + EXIT), /src is 1/)
      continue
    }
    const at = text.includes('goto -') ? 1 : 0
    assert.equal(disassemble(decode(bytes((at ? EXIT : '') + code + EXIT), 'f')[at]!, symbols), text)
  }
})

test('the disassembler puts names in the place of references', () => {
  const code = bytes(`1801000000000000 0000000000000000 85100000ffffffff ${EXIT}`)
  const names = new Map([
    [0, 'map flows'],
    [2, 'expire'],
  ])
  const texts = decode(code, 'f').map((instruction) =>
    disassemble(instruction, { reference: ({ index }) => names.get(index) }),
  )
  assert.deepEqual(texts, ['r1 = map flows', 'call expire', 'exit'])
})

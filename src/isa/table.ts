// The instruction set as one table: decoder, validator, assembler, disassembler and their tests are driven by it.
// A row is one instruction of RFC 9669 or of the kernel's later additions; where several share an opcode, the fields in
// `fixed` tell them apart. A field that a row neither uses nor fixes is reserved and must be zero.
import { formOf, type Form, type Row } from './form.js'
import * as is from './opcodes.js'

const rows: Form[] = []

function add(row: Row): void {
  rows.push(formOf(row))
}

const ARITHMETIC: readonly (readonly [operation: string, code: number, symbol: string])[] = [
  ['add', 0x00, '+='],
  ['sub', 0x10, '-='],
  ['mul', 0x20, '*='],
  ['div', 0x30, '/='],
  ['or', 0x40, '|='],
  ['and', 0x50, '&='],
  ['lsh', 0x60, '<<='],
  ['rsh', 0x70, '>>='],
  ['mod', 0x90, '%='],
  ['xor', 0xa0, '^='],
  ['mov', 0xb0, '='],
  ['arsh', 0xc0, 's>>='],
]

for (const width of [64, 32] as const) {
  const group = width === 64 ? is.CLASS_ALU64 : is.CLASS_ALU
  for (const [operation, code, symbol] of ARITHMETIC) {
    const register = group | code | is.SOURCE_REGISTER
    const shared = { kind: 'alu', width } as const
    add({
      ...shared,
      name: `${operation}${width} imm`,
      opcode: group | code,
      operation,
      source: 'immediate',
      syntax: `{dst} ${symbol} {imm}`,
      uses: 'di',
    })
    add({
      ...shared,
      name: `${operation}${width} reg`,
      opcode: register,
      operation,
      source: 'register',
      syntax: `{dst} ${symbol} {src}`,
      uses: 'ds',
    })
    if (operation === 'div' || operation === 'mod') {
      // Version 4: offset 1 makes them signed.
      const signed = { ...shared, operation: `s${operation}`, fixed: { offset: 1 }, version: 4 } as const
      add({
        ...signed,
        name: `s${operation}${width} imm`,
        opcode: group | code,
        source: 'immediate',
        syntax: `{dst} s${symbol} {imm}`,
        uses: 'di',
      })
      add({
        ...signed,
        name: `s${operation}${width} reg`,
        opcode: register,
        source: 'register',
        syntax: `{dst} s${symbol} {src}`,
        uses: 'ds',
      })
    }
    if (operation === 'mov')
      for (const narrow of width === 64 ? ([8, 16, 32] as const) : ([8, 16] as const))
        add({
          ...shared,
          name: `movsx${narrow}to${width} reg`,
          opcode: register,
          operation: 'movsx',
          source: 'register',
          narrow,
          fixed: { offset: narrow },
          syntax: `{dst} = (s${narrow}){src}`,
          uses: 'ds',
          version: 4,
        })
  }
  add({
    name: `neg${width}`,
    opcode: group | 0x80,
    kind: 'alu',
    operation: 'neg',
    width,
    syntax: '{dst} = -{dst}',
    uses: 'd',
  })
}

for (const narrow of [16, 32, 64] as const) {
  const swap = { kind: 'endian', narrow, fixed: { imm: narrow }, uses: 'd' } as const
  add({ ...swap, name: `le${narrow}`, opcode: 0xd4, operation: 'le', syntax: `{dst} = le${narrow} {dst}` })
  add({ ...swap, name: `be${narrow}`, opcode: 0xdc, operation: 'be', syntax: `{dst} = be${narrow} {dst}` })
  add({
    ...swap,
    name: `bswap${narrow}`,
    opcode: 0xd7,
    operation: 'bswap',
    syntax: `{dst} = bswap${narrow} {dst}`,
    version: 4,
  })
}

const COMPARISONS: readonly (readonly [operation: string, code: number, symbol: string, version: 1 | 2])[] = [
  ['eq', 0x10, '==', 1],
  ['gt', 0x20, '>', 1],
  ['ge', 0x30, '>=', 1],
  ['set', 0x40, '&', 1],
  ['ne', 0x50, '!=', 1],
  ['sgt', 0x60, 's>', 1],
  ['sge', 0x70, 's>=', 1],
  ['lt', 0xa0, '<', 2],
  ['le', 0xb0, '<=', 2],
  ['slt', 0xc0, 's<', 2],
  ['sle', 0xd0, 's<=', 2],
]

for (const width of [64, 32] as const)
  for (const [operation, code, symbol, since] of COMPARISONS) {
    const opcode = (width === 64 ? is.CLASS_JMP : is.CLASS_JMP32) | code
    const shared = { kind: 'jump', operation, width, version: width === 32 ? 3 : since } as const
    add({
      ...shared,
      name: `j${operation}${width} imm`,
      opcode,
      source: 'immediate',
      syntax: `if {dst} ${symbol} {imm} goto {to}`,
      uses: 'dio',
    })
    add({
      ...shared,
      name: `j${operation}${width} reg`,
      opcode: opcode | is.SOURCE_REGISTER,
      source: 'register',
      syntax: `if {dst} ${symbol} {src} goto {to}`,
      uses: 'dso',
    })
  }

add({ name: 'ja', opcode: 0x05, kind: 'goto', syntax: 'goto {to}', uses: 'o' })
add({ name: 'gotol', opcode: 0x06, kind: 'goto', operation: 'gotol', syntax: 'gotol {far}', uses: 'i', version: 4 })
add({ name: 'may_goto', opcode: 0xe5, kind: 'may-goto', syntax: 'may_goto {to}', uses: 'o', version: 5 })
add({
  name: 'call helper',
  opcode: 0x85,
  kind: 'call',
  operation: 'helper',
  fixed: { src: is.CALL_HELPER },
  syntax: 'call {callee}',
  uses: 'i',
})
add({
  name: 'call function',
  opcode: 0x85,
  kind: 'call',
  operation: 'function',
  fixed: { src: is.CALL_FUNCTION },
  syntax: 'call {callee}',
  uses: 'i',
})
add({
  name: 'call kfunc',
  opcode: 0x85,
  kind: 'call',
  operation: 'kfunc',
  fixed: { src: is.CALL_KFUNC },
  syntax: 'call {callee}',
  // The kernel reads the offset as an index of a BTF descriptor.
  uses: 'io',
})
add({
  name: 'call register',
  opcode: 0x8d,
  kind: 'call-register',
  source: 'register',
  syntax: 'callx {dst}',
  uses: 'd',
})
add({ name: 'exit', opcode: 0x95, kind: 'exit', syntax: 'exit', uses: '' })

const SIZES = [
  [8, is.SIZE_B, 'b'],
  [16, is.SIZE_H, 'h'],
  [32, is.SIZE_W, 'w'],
  [64, is.SIZE_DW, 'dw'],
] as const

for (const [width, size, letter] of SIZES) {
  const cell = `*(u${width} *)({dst}{off})`
  add({
    name: `ldx${letter}`,
    opcode: is.CLASS_LDX | is.MODE_MEM | size,
    kind: 'load',
    width,
    source: 'register',
    syntax: `{dst} = *(u${width} *)({src}{off})`,
    uses: 'dso',
  })
  if (width !== 64)
    add({
      name: `ldxs${letter}`,
      opcode: is.CLASS_LDX | is.MODE_MEMSX | size,
      kind: 'load',
      operation: 'signed',
      width,
      source: 'register',
      narrow: width,
      syntax: `{dst} = *(s${width} *)({src}{off})`,
      uses: 'dso',
      version: 4,
    })
  add({
    name: `st${letter}`,
    opcode: is.CLASS_ST | is.MODE_MEM | size,
    kind: 'store',
    width,
    source: 'immediate',
    syntax: `${cell} = {imm}`,
    uses: 'doi',
  })
  add({
    name: `stx${letter}`,
    opcode: is.CLASS_STX | is.MODE_MEM | size,
    kind: 'store',
    width,
    source: 'register',
    syntax: `${cell} = {src}`,
    uses: 'dso',
  })
  const ordered = {
    opcode: is.CLASS_STX | is.MODE_ATOMIC | size,
    kind: 'atomic',
    width,
    version: 5,
    uses: 'dso',
  } as const
  add({
    ...ordered,
    name: `load_acquire${width}`,
    operation: 'load_acquire',
    source: 'register',
    fixed: { imm: is.ATOMIC_LOAD_ACQUIRE },
    syntax: `{dst} = load_acquire((u${width} *)({src}{off}))`,
  })
  add({
    ...ordered,
    name: `store_release${width}`,
    operation: 'store_release',
    source: 'register',
    fixed: { imm: is.ATOMIC_STORE_RELEASE },
    syntax: `store_release((u${width} *)({dst}{off}), {src})`,
  })
}

const ATOMICS: readonly (readonly [operation: string, code: number, symbol: string])[] = [
  ['add', 0x00, '+='],
  ['or', 0x40, '|='],
  ['and', 0x50, '&='],
  ['xor', 0xa0, '^='],
]

for (const [width, size] of [
  [64, is.SIZE_DW],
  [32, is.SIZE_W],
] as const) {
  const shared = {
    opcode: is.CLASS_STX | is.MODE_ATOMIC | size,
    kind: 'atomic',
    width,
    source: 'register',
    uses: 'dso',
  } as const
  const cell = `(u${width} *)({dst}{off})`
  // In version 3 the 32-bit forms with a result name the w registers.
  const value = width === 64 ? '{src}' : '{src32}'
  for (const [operation, code, symbol] of ATOMICS) {
    add({
      ...shared,
      name: `atomic_${operation}${width}`,
      operation,
      fixed: { imm: code },
      syntax: `lock *${cell} ${symbol} ${value}`,
      version: operation === 'add' ? 1 : 3,
    })
    add({
      ...shared,
      name: `atomic_fetch_${operation}${width}`,
      operation: `fetch_${operation}`,
      fixed: { imm: code | is.ATOMIC_FETCH },
      syntax: `${value} = atomic_fetch_${operation}(${cell}, ${value})`,
      version: 3,
    })
  }
  add({
    ...shared,
    name: `xchg${width}`,
    operation: 'xchg',
    fixed: { imm: is.ATOMIC_XCHG },
    syntax: `${value} = xchg${width === 64 ? '_64' : '32_32'}({dst}{off}, ${value})`,
    version: 3,
  })
  const compared = width === 64 ? 'r0' : 'w0'
  add({
    ...shared,
    name: `cmpxchg${width}`,
    operation: 'cmpxchg',
    fixed: { imm: is.ATOMIC_CMPXCHG },
    syntax: `${compared} = cmpxchg${width === 64 ? '_64' : '32_32'}({dst}{off}, ${compared}, ${value})`,
    version: 3,
  })
}

const WIDE: readonly (readonly [operation: string, src: number])[] = [
  ['immediate', is.WIDE_IMMEDIATE],
  ['map-fd', is.WIDE_MAP_FD],
  ['map-value', is.WIDE_MAP_VALUE],
  ['btf-id', is.WIDE_BTF_ID],
  ['function', is.WIDE_FUNCTION],
  ['map-index', is.WIDE_MAP_INDEX],
  ['map-index-value', is.WIDE_MAP_INDEX_VALUE],
]
for (const [operation, src] of WIDE)
  add({
    name: `lddw ${operation}`,
    opcode: is.CLASS_LD | is.MODE_IMM | is.SIZE_DW,
    kind: 'wide',
    operation,
    fixed: { src },
    syntax: '{dst} = {wide}',
    uses: 'di',
  })

for (const [width, size, letter] of SIZES)
  if (width !== 64) {
    const legacy = { kind: 'legacy', width } as const
    add({
      ...legacy,
      name: `ldabs${letter}`,
      opcode: is.MODE_ABS | size,
      operation: 'ldabs',
      syntax: `r0 = *(u${width} *)skb[{imm}]`,
      uses: 'i',
    })
    add({
      ...legacy,
      name: `ldind${letter}`,
      opcode: is.MODE_IND | size,
      operation: 'ldind',
      syntax: `r0 = *(u${width} *)skb[{src}]`,
      uses: 'si',
    })
  }

// Between an arena and the program's own memory; the upper half of the immediate says to where, the lower one from
// where.
add({
  name: 'addr_space_cast',
  opcode: is.CLASS_ALU64 | 0xb0 | is.SOURCE_REGISTER,
  kind: 'cast',
  fixed: { offset: 1 },
  syntax: '{dst} = addr_space_cast({src}, {spaces})',
  uses: 'dsi',
  version: 5,
})

/** Every instruction that this package knows, with those that are known in order to be refused: kinds legacy, cast. */
export const FORMS: readonly Form[] = rows

/** Rows by opcode. */
const byOpcode: readonly (readonly Form[])[] = Array.from({ length: 256 }, (_, opcode) =>
  rows.filter((form) => form.opcode === opcode),
)

/** The rows that share an opcode; empty if the opcode is unknown. */
export function formsOf(opcode: number): readonly Form[] {
  return byOpcode[opcode] ?? []
}

const byName = new Map(rows.map((form) => [form.name, form]))

/** The row of that name; throws a RangeError for a name that is not in the table (a bug of the caller). */
export function formNamed(name: string): Form {
  const form = byName.get(name)
  if (!form) throw new RangeError(`no instruction is named '${name}'`)
  return form
}

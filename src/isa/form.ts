// What the instruction table says about one instruction (table.ts), and how a row of it is written down.
/** What an instruction does, as far as a reader of code must tell instructions apart. */
export type Kind =
  | 'alu'
  | 'endian'
  | 'load'
  | 'store'
  | 'atomic'
  | 'wide'
  | 'goto'
  | 'jump'
  | 'may-goto'
  | 'call'
  | 'call-register'
  | 'exit'
  | 'legacy'
  | 'cast'

/** Operand fields of an instruction: destination and source register, offset, immediate. */
export type Field = 'dst' | 'src' | 'offset' | 'imm'

/** One instruction: a row of the table. */
export interface Form {
  /** Unique, for messages and tests: 'add64 reg', 'jslt32 imm', 'ldxdw' … */
  readonly name: string
  readonly opcode: number
  readonly kind: Kind
  /** The operation within its kind: 'add', 'slt', 'cmpxchg', 'be' …; the kind itself where there is only one. */
  readonly operation: string
  /** Bits of the operation: 64 or 32; of a memory access: 8 to 64. */
  readonly width: 8 | 16 | 32 | 64
  /** Where the second operand comes from. */
  readonly source: 'register' | 'immediate' | 'none'
  /**
   * Sign-extending moves: bits of the source. Sign-extending loads: the width. Byte swaps: bits that are kept. Else 0.
   */
  readonly narrow: 0 | 8 | 16 | 32 | 64
  readonly fixed: Readonly<Partial<Record<Field, number>>>
  readonly uses: ReadonlySet<Field>
  /** Text of the instruction as LLVM and the kernel print it, with {placeholders}. */
  readonly syntax: string
  /** Instruction set version (-mcpu=vN) that has it; 5 = later additions of the kernel. */
  readonly version: 1 | 2 | 3 | 4 | 5
}

/** A row as it is written down: what is usual is left out; `uses` has a letter for each field (d, s, o, i). */
export interface Row {
  name: string
  opcode: number
  kind: Kind
  syntax: string
  uses: string
  operation?: string
  width?: Form['width']
  source?: Form['source']
  narrow?: Form['narrow']
  fixed?: Form['fixed']
  version?: Form['version']
}

const FIELD_OF: Record<string, Field> = { d: 'dst', s: 'src', o: 'offset', i: 'imm' }

/** The row in full. */
export function formOf(row: Row): Form {
  return {
    operation: row.kind,
    width: 64,
    source: 'none',
    narrow: 0,
    fixed: {},
    version: 1,
    ...row,
    uses: new Set([...row.uses].map((letter) => FIELD_OF[letter]!)),
  }
}

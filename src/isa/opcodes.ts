// The numbers of the instruction encoding (RFC 9669 §3–§5). Plain constants; the table of instructions is table.ts.

/** Instruction classes, bits 0..2 of the opcode. */
export const CLASS_LD = 0x00
export const CLASS_LDX = 0x01
export const CLASS_ST = 0x02
export const CLASS_STX = 0x03
export const CLASS_ALU = 0x04
export const CLASS_JMP = 0x05
export const CLASS_JMP32 = 0x06
export const CLASS_ALU64 = 0x07

/** Source bit of arithmetic and jumps: set for a register, clear for the immediate. */
export const SOURCE_REGISTER = 0x08

/** Sizes of memory accesses, bits 3..4. */
export const SIZE_W = 0x00
export const SIZE_H = 0x08
export const SIZE_B = 0x10
export const SIZE_DW = 0x18

/** Modes of memory accesses, bits 5..7. */
export const MODE_IMM = 0x00
export const MODE_ABS = 0x20
export const MODE_IND = 0x40
export const MODE_MEM = 0x60
export const MODE_MEMSX = 0x80
export const MODE_ATOMIC = 0xc0

/** Values of `imm` of atomic instructions. */
export const ATOMIC_FETCH = 0x01
export const ATOMIC_XCHG = 0xe1
export const ATOMIC_CMPXCHG = 0xf1
export const ATOMIC_LOAD_ACQUIRE = 0x100
export const ATOMIC_STORE_RELEASE = 0x110

/** Values of `src` of a call. */
export const CALL_HELPER = 0
export const CALL_FUNCTION = 1
export const CALL_KFUNC = 2

/** Values of `src` of `lddw` (BPF_PSEUDO_*). */
export const WIDE_IMMEDIATE = 0
export const WIDE_MAP_FD = 1
export const WIDE_MAP_VALUE = 2
export const WIDE_BTF_ID = 3
export const WIDE_FUNCTION = 4
export const WIDE_MAP_INDEX = 5
export const WIDE_MAP_INDEX_VALUE = 6

export const INSTRUCTION_BYTES = 8
export const REGISTERS = 11
/** r10, the read-only frame pointer. */
export const FRAME_POINTER = 10

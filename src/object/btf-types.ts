// The kinds of BTF types as plain data. Ids are positions in the type table; 0 is void.

/** 'struct', 'int', 'pointer' …: what kind of type it is. */
export type BtfKind = BtfType['kind']

export interface BtfMember {
  readonly name: string
  readonly type: number
  /** Bits from the start of the struct. */
  readonly bitOffset: number
  /** Width in bits of a bitfield, 0 for an ordinary member. */
  readonly bits: number
}

export interface BtfVariableInfo {
  /** A variable; in `.ksyms` also a function. */
  readonly type: number
  /** Bytes from the start of the section. */
  readonly offset: number
  readonly size: number
}

/** A type, by its kind. */
export type BtfType =
  | { readonly kind: 'void'; readonly name: '' }
  | {
      readonly kind: 'int'
      readonly name: string
      readonly size: number
      readonly signed: boolean
      readonly bool: boolean
      /** Old bitfields keep offset and width in the integer; both 0 and 8 * size otherwise. */
      readonly bitOffset: number
      readonly bits: number
    }
  | { readonly kind: 'pointer'; readonly name: string; readonly type: number }
  | { readonly kind: 'array'; readonly name: string; readonly type: number; readonly length: number }
  | {
      readonly kind: 'struct' | 'union'
      readonly name: string
      readonly size: number
      readonly members: readonly BtfMember[]
    }
  | {
      readonly kind: 'enum'
      readonly name: string
      readonly size: number
      readonly signed: boolean
      readonly values: readonly { readonly name: string; readonly value: bigint }[]
    }
  | { readonly kind: 'forward'; readonly name: string; readonly union: boolean }
  | {
      readonly kind: 'typedef' | 'volatile' | 'const' | 'restrict' | 'type-tag'
      readonly name: string
      readonly type: number
    }
  | {
      readonly kind: 'function'
      readonly name: string
      readonly type: number
      readonly linkage: 'static' | 'global' | 'extern'
    }
  | {
      readonly kind: 'prototype'
      readonly name: string
      readonly type: number
      readonly parameters: readonly { readonly name: string; readonly type: number }[]
    }
  | {
      readonly kind: 'variable'
      readonly name: string
      readonly type: number
      readonly linkage: 'static' | 'global' | 'extern'
    }
  | {
      readonly kind: 'section'
      readonly name: string
      readonly size: number
      readonly variables: readonly BtfVariableInfo[]
    }
  | { readonly kind: 'float'; readonly name: string; readonly size: number }
  | { readonly kind: 'decl-tag'; readonly name: string; readonly type: number; readonly component: number }

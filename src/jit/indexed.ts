// Which registers hold an address that stands in the code plus another register, as clang reaches into global arrays:
// `r6 = &table ll; r6 += r5`. An access proved to lie in the table then takes r5 as it is, with a static offset, and
// the addition is nobody's business any more. Known within a block, or less. Kept by the emitter (function.ts).

/** An address, and a register that was added to it, all 64 bits of both. */
export interface Indexed {
  readonly address: number
  /** It still holds what it did then. */
  readonly index: number
}

export class IndexedRegisters {
  readonly #known = new Map<number, { readonly address: number; readonly index: number | undefined }>()

  /** The address and the index, if the register holds both. */
  get(register: number): Indexed | undefined {
    const known = this.#known.get(register)
    return known?.index === undefined ? undefined : { address: known.address, index: known.index }
  }

  /** After `register` got an address that stands in the code. */
  loaded(register: number, address: bigint): void {
    if (address >= 0n && address <= 0xffffffffn)
      this.#known.set(register, { address: Number(address), index: undefined })
  }

  /** The address alone that the register holds. */
  addressIn(register: number): number | undefined {
    const known = this.#known.get(register)
    return known?.index === undefined ? known?.address : undefined
  }

  /** After `index` was added to `register`, which held the address alone. */
  added(register: number, address: number, index: number): void {
    if (index !== register) this.#known.set(register, { address, index })
  }

  /** The register is about to hold something else. */
  forget(register: number): void {
    this.#known.delete(register)
    for (const [other, { index }] of this.#known) if (index === register) this.#known.delete(other)
  }

  clear(): void {
    this.#known.clear()
  }
}

// BTF: the types of an object file.

/** The types of one object. */
export interface Btf {
  readonly types: readonly unknown[]
}

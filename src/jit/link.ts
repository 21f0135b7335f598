// What the compiler asks of whoever loads an object: where maps lie, which helpers exist, which table slot a callback has.

/** How a helper or kfunc is called: an export of the core. */
export interface HelperImport {
  /** The core's export. */
  readonly name: string
  /** Parameters taken from r1 up, 0 to 5. */
  readonly parameters: number
  /** It also takes the caller's frame as a last i32 (helpers that call back). */
  readonly frame: boolean
  /** False: r0 is 0 after the call. */
  readonly returns: boolean
  /** Its result, unless 0, is the table index of the function that takes the caller's place (bpf_tail_call). */
  readonly tail?: boolean
}

/** Where the values of an array or per-CPU array lie. */
export interface ArrayShape {
  /** Guest address of the first value (of CPU 0). */
  readonly elements: number
  /** Bytes from one value to the next, and from one CPU's values to the next CPU's (0 in a plain array). */
  readonly stride: number
  readonly cpuStride: number
  readonly entries: number
}

export interface LinkTarget {
  /** Address of the map's structure, what a program sees as the map pointer. Throws SkepError if there is no such map. */
  mapAddress(name: string): number
  /** Where the values of a map lie that is an array and stays as long as the code: its lookups need no call. */
  arrayShape?(name: string): ArrayShape | undefined
  /** Guest address of a byte in the value of a single-element data map. */
  mapValueAddress(name: string, offset: number): number
  /** Throws SkepError for a helper that does not exist, naming function and instruction. */
  helperImport(id: number, functionName: string, instruction: number): HelperImport
  /** undefined: not there, which only a weak reference may survive. */
  kfuncImport(name: string): HelperImport | undefined
  /** Value of a kernel symbol or configuration variable; undefined: not there. */
  externValue?(name: string): bigint | undefined
  /** Index in every CPU's function table of a function of this object. */
  callbackIndex(functionName: string): number
  /** Table indices of this object's functions, [first, end): what a call by register may call. */
  readonly callable: { readonly first: number; readonly end: number }
  /** Window of guest addresses: [guestBase, guestEnd). */
  readonly guestBase: number
  readonly guestEnd: number
  /** For messages. */
  readonly fileName: string
}

// The part of the WebAssembly namespace that this package uses: Node 20's types do not declare it and the DOM library
// would bring thousands of names that do not exist here. Not part of the published declarations.
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array)
    static exports(module: Module): { name: string; kind: string }[]
    static imports(module: Module): { module: string; name: string; kind: string }[]
    static customSections(module: Module, name: string): ArrayBuffer[]
  }
  class Instance {
    constructor(module: Module, imports?: Record<string, Record<string, unknown>>)
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what a module exports only its importer knows
    readonly exports: Record<string, any>
  }
  class Memory {
    constructor(options: { initial: number; maximum?: number; shared?: boolean })
    readonly buffer: SharedArrayBuffer
    grow(pages: number): number
  }
  class Table {
    constructor(options: { element: 'anyfunc'; initial: number; maximum?: number })
    readonly length: number
    get(index: number): unknown
    set(index: number, value: unknown): void
    grow(by: number): number
  }
  class Global {
    constructor(options: { value: 'i32' | 'i64' | 'f64'; mutable?: boolean }, value: number | bigint)
    value: number | bigint
  }
  class RuntimeError extends Error {}
  class CompileError extends Error {}
  class LinkError extends Error {}
  function validate(bytes: Uint8Array): boolean
  function compile(bytes: Uint8Array): Promise<Module>
  function instantiate(module: Module, imports?: Record<string, Record<string, unknown>>): Promise<Instance>
}

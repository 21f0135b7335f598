// Compiles a loop of nothing but the atomic accesses of an operation: of the same kinds and widths, in their order, on
// words that share cache lines where the operation's do; the elements' own lines change from turn to turn, as theirs.
import type { Access, Recorded } from './accesses.js'

/** `count` turns, over `mask` + 1 elements (a power of two) from number `first` on. */
export type Turns = (first: number, mask: number, count: number) => void

const PAGES = 16
const LINE = 64
/** Lines that all elements share; behind them those of each element. */
const SHARED = 1024
const FIRST = SHARED + 64 * LINE

// Every word is 0 and stays 0, so that each exchange succeeds.
const CALLS: Readonly<Record<Access['kind'], (type: string, place: string, offset: number) => string>> = {
  load: (type, place, offset) => `atomic.load<${type}>(${place}, ${offset})`,
  store: (type, place, offset) => `atomic.store<${type}>(${place}, 0, ${offset})`,
  exchange: (type, place, offset) => `atomic.xchg<${type}>(${place}, 0, ${offset})`,
  'compare-and-exchange': (type, place, offset) => `atomic.cmpxchg<${type}>(${place}, 0, 0, ${offset})`,
  add: (type, place, offset) => `atomic.add<${type}>(${place}, 0, ${offset})`,
  or: (type, place, offset) => `atomic.or<${type}>(${place}, 0, ${offset})`,
  and: (type, place, offset) => `atomic.and<${type}>(${place}, 0, ${offset})`,
  xor: (type, place, offset) => `atomic.xor<${type}>(${place}, 0, ${offset})`,
}

/** The loop in AssemblyScript. */
export function source({ accesses, shared }: Recorded): string {
  const lines = new Map<string, number>()
  let own = 0
  let common = 0
  const statements = accesses.map(({ kind, width, address }) => {
    const together = shared.has(address)
    const key = `${together} ${Math.floor(address / LINE)}`
    const line = lines.get(key) ?? (together ? common++ : own++)
    lines.set(key, line)
    const offset = line * LINE + (address % LINE)
    return `    ${CALLS[kind](`u${8 * width}`, together ? `${SHARED}` : 'element', offset)}`
  })
  return [
    'export function turns(first: u32, mask: u32, count: u32): void {',
    '  for (let i: u32 = 0; i < count; i++) {',
    `    const element: usize = ${FIRST} + <usize>(first + (i & mask)) * ${Math.max(1, own) * LINE}`,
    ...statements,
    '  }',
    '}',
  ].join('\n')
}

/** Compiles AssemblyScript that works on a shared memory of `pages` pages. */
export async function compile(text: string, pages = PAGES): Promise<WebAssembly.Module> {
  const { default: asc } = await import('assemblyscript/asc')
  let module: WebAssembly.Module | undefined
  const { error, stderr } = await asc.main(
    [
      ...['floor.ts', '--outFile', 'floor.wasm', '--runtime', 'stub', '-O3', '--enable', 'threads'],
      ...['--importMemory', '--sharedMemory', '--initialMemory', `${pages}`, '--maximumMemory', `${pages}`],
    ],
    {
      readFile: (name) => (name === 'floor.ts' ? text : null),
      writeFile(name, bytes) {
        if (name === 'floor.wasm') module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)
      },
      listFiles: () => [],
    },
  )
  if (error || !module)
    throw new Error(`the loop of a floor cannot be compiled: ${error?.message}\n${stderr.toString()}`)
  return module
}

export function sharedMemory(pages = PAGES): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
}

export function turnsOf(module: WebAssembly.Module, memory: WebAssembly.Memory): Turns {
  return new WebAssembly.Instance(module, { env: { memory } }).exports['turns'] as unknown as Turns
}

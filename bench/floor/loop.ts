// Compiles a loop of nothing but the atomic accesses of an operation: of the same kinds and widths, in their order, on
// words that share cache lines where the operation's do; the elements' own lines change from turn to turn, as theirs.
// What waits for a load in the operation waits for it here: the address of the next object that is the element's own (a
// slot says where its block is), and what a compare-and-exchange expects.
import type { Access, Recorded } from './accesses.js'

/** `count` turns, over `mask` + 1 elements (a power of two) from number `first` on. */
export type Turns = (first: number, mask: number, count: number) => void

const PAGES = 16
const LINE = 64
/** Lines that all elements share; behind them those of each element. */
const SHARED = 1024
const FIRST = SHARED + 64 * LINE

// Every word is 0 and stays 0, so that each exchange succeeds and an address to which a word is added is what it was.
const CALLS: Readonly<Record<Access['kind'], (type: string, place: string, expected: string) => string>> = {
  load: (type, place) => `atomic.load<${type}>(${place})`,
  store: (type, place) => `atomic.store<${type}>(${place}, 0)`,
  exchange: (type, place) => `atomic.xchg<${type}>(${place}, 0)`,
  'compare-and-exchange': (type, place, expected) => `atomic.cmpxchg<${type}>(${place}, <${type}>${expected}, 0)`,
  add: (type, place) => `atomic.add<${type}>(${place}, 0)`,
  or: (type, place) => `atomic.or<${type}>(${place}, 0)`,
  and: (type, place) => `atomic.and<${type}>(${place}, 0)`,
  xor: (type, place) => `atomic.xor<${type}>(${place}, 0)`,
}

/** The loop in AssemblyScript. */
export function source({ accesses, shared }: Recorded): string {
  const lines = new Map<string, string>()
  const known = new Map<number, string>()
  let [own, common, last] = [0, 0, '0']
  const statements = accesses.flatMap(({ kind, width, address }, index) => {
    const together = shared.has(address)
    const key = `${together} ${Math.floor(address / LINE)}`
    const found: string[] = []
    let line = lines.get(key)
    if (line === undefined) {
      line = together ? `${SHARED + common++ * LINE}` : `line${own}`
      if (!together) found.push(`const ${line}: usize = element + ${own++ * LINE} + <usize>${last}`)
      lines.set(key, line)
    }
    const call = CALLS[kind](`u${8 * width}`, `${line} + ${address % LINE}`, known.get(address) ?? '0')
    if (kind === 'store') return [...found, call]
    last = `word${index}`
    known.set(address, last)
    return [...found, `const ${last} = ${call}`]
  })
  return [
    'export function turns(first: u32, mask: u32, count: u32): void {',
    '  for (let i: u32 = 0; i < count; i++) {',
    `    const element: usize = ${FIRST} + <usize>(first + (i & mask)) * ${Math.max(1, own) * LINE}`,
    ...statements.map((statement) => `    ${statement}`),
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

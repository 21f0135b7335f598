// What an operation of the core asks of the memory's order: its atomic accesses, recorded from the check build while it
// runs once. Loops that make the same accesses and nothing else (loop.ts) are the floor under its figure.
import { readFileSync } from 'node:fs'
import * as abi from '../../core/abi.js'
import { CoreMachine } from '../../test/core/harness.js'
import { REPOSITORY } from '../../test/kernel/oracle.js'

/** How often a prepared operation can be repeated, each time on an element of its own. */
export const ELEMENTS = 64

const NAMES = {
  [abi.DOOR_LOAD]: 'load',
  [abi.DOOR_STORE]: 'store',
  [abi.DOOR_EXCHANGE]: 'exchange',
  [abi.DOOR_COMPARE_EXCHANGE]: 'compare-and-exchange',
  [abi.DOOR_ADD]: 'add',
  [abi.DOOR_OR]: 'or',
  [abi.DOOR_AND]: 'and',
  [abi.DOOR_XOR]: 'xor',
} as const

export interface Access {
  readonly kind: (typeof NAMES)[keyof typeof NAMES]
  /** Bytes. */
  readonly width: number
  readonly address: number
}

/** An operation on a machine of the core alone; `prepared` is done for every element, `after` behind each operation. */
export interface Operation {
  prepared(machine: CoreMachine): { operate(element: number): void; after?(element: number): void }
}

export interface Recorded {
  readonly accesses: readonly Access[]
  /** Addresses that the operation on another element has, too: the CPU's, the map's, the program's. */
  readonly shared: ReadonlySet<number>
}

/** Atomic accesses of one operation, warm: others were made before on the same CPU. */
export function record(operation: Operation): Recorded {
  let recorded: Access[] = []
  const machine = new CoreMachine({
    cpus: 1,
    controlBlocks: 2 * ELEMENTS,
    build: {
      module: new WebAssembly.Module(readFileSync(`${REPOSITORY}dist/core/core.check.wasm`)),
      before(operation, width, address) {
        const kind = NAMES[operation as keyof typeof NAMES] as Access['kind'] | undefined
        if (kind) recorded.push({ kind, width, address })
      },
    },
  })
  const { operate, after } = operation.prepared(machine)
  const on = (element: number): Access[] => {
    const cpu = machine.cpu(0)
    const made = cpu.inSection(() => {
      recorded = []
      operate(element)
      return [...recorded]
    })
    cpu.inSection(() => after?.(element))
    machine.settle()
    return made
  }
  const many = Array.from({ length: ELEMENTS }, (_, element) => on(element))
  const [other, last] = [many[ELEMENTS - 2]!, many[ELEMENTS - 1]!]
  const addresses = new Set(other.map(({ address }) => address))
  return {
    accesses: last,
    shared: new Set(last.map(({ address }) => address).filter((address) => addresses.has(address))),
  }
}

/** Of these accesses those that write: each of them locks its cache line and lets nothing overtake it. */
export function atomicOperations({ accesses }: Recorded): number {
  return accesses.filter(({ kind }) => kind !== 'load').length
}

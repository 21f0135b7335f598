// A lock-free stack in AssemblyScript with an ABA problem: a node that was popped is pushed again at once. Knows
// nothing of this package but the hook. Exports say who does what: setup, cpu0_…, cpu1_…, at_rest, lock_free.
//
//   npx asc stack.ts -o stack.wasm --runtime stub -O2 && skep check stack.wasm
//
// With `--use TAGGED=1` the head counts pops in its upper half, and nothing is wrong any more.
import { access32, access64, high } from './hook'

const LOAD: u32 = 1 | (4 << 8)
const STORE: u32 = 2 | (4 << 8)
const LOAD_64: u32 = 1 | (8 << 8)
const COMPARE_EXCHANGE_64: u32 = 4 | (8 << 8)
const RETRY: u32 = 18

/** Addresses of the model: the head (node and count of pops), what each CPU has popped, two nodes {next}. Exported,
 * they name what lies there in what the explorer shows. */
export const HEAD: u32 = 64
export const POPPED: u32 = 80
export const A: u32 = 96
export const B: u32 = 104

function loadHead(): u64 {
  const low = access64(LOAD_64, HEAD, 0, 0, 0, 0)
  return ((<u64>high()) << 32) | low
}

function replaceHead(old: u64, next: u64): bool {
  const low = access64(COMPARE_EXCHANGE_64, HEAD, <u32>old, <u32>(old >> 32), <u32>next, <u32>(next >> 32))
  return (((<u64>high()) << 32) | low) === old
}

function push(node: u32): void {
  while (true) {
    access32(RETRY, 0, 0, 0)
    const old = loadHead()
    access32(STORE, node, <u32>old, 0)
    if (replaceHead(old, (old & 0xffffffff00000000) | node)) return
  }
}

function pop(): u32 {
  while (true) {
    access32(RETRY, 0, 0, 0)
    const old = loadHead()
    if (<u32>old === 0) return 0
    const next = access32(LOAD, <u32>old, 0, 0)
    const count = isDefined(TAGGED) ? (old >> 32) + 1 : 0
    if (replaceHead(old, (count << 32) | next)) return <u32>old
  }
}

export function setup(): void {
  push(B)
  push(A)
}

export function cpu0_pop(): u32 {
  const node = pop()
  access32(STORE, POPPED, node, 0)
  return node
}

export function cpu1_pop_two_and_push_the_first(): u32 {
  const first = pop()
  access32(STORE, POPPED + 4, pop(), 0)
  if (first !== 0) push(first)
  return first
}

/** Nobody waits for anybody. */
export function lock_free(): void {}

/** 0 if all is well: a node is in the stack or in one CPU's hands. */
export function at_rest(): u32 {
  const one = access32(LOAD, POPPED, 0, 0)
  const other = access32(LOAD, POPPED + 4, 0, 0)
  if (one !== 0 && one === other) return 1
  for (let node = <u32>loadHead(); node !== 0; node = access32(LOAD, node, 0, 0))
    if (node === one || node === other) return 2
  return 0
}

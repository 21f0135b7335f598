// Plain accesses that race. A CPU's plain accesses since its last other access are a set; two accesses of which one is
// plain conflict if they could come right after each other in either order, that is, if one meets the other CPU's set.
// Fills and copies are in no set: they race with plain accesses only, and meet theirs. Sets are numbered so that one is
// one word of the state. Owned by a World.
import { isPlain, mayWrite, operationOf, widthOf } from './access.js'
import { DOOR_GLANCE, DOOR_POKE } from '../../core/abi.js'

/** What an access races with: another CPU's plain access to this byte. */
export interface Raced {
  cpu: number
  address: number
}

/** Per word of memory: bytes read in bits 0..3, bytes written in bits 4..7. */
type Words = Map<number, number>

export class PlainSets {
  private readonly sets: Words[] = [new Map()]
  /** Per set: its words, by the last bits of their numbers. */
  private readonly hints: number[] = [0]
  private readonly numbers = new Map<string, number>([['', 0]])
  private readonly next: Map<number, number>[] = [new Map()]

  /** The set with one more plain access. */
  add(set: number, code: number, address: number): number {
    const width = widthOf(code)
    const write = operationOf(code) === DOOR_POKE
    const access = (address * 16 + width) * 2 + (write ? 1 : 0)
    const known = this.next[set]!.get(access)
    if (known !== undefined) return known
    const words = new Map(this.sets[set]!)
    for (const [word, bytes] of touched(address, width))
      words.set(word, (words.get(word) ?? 0) | (write ? bytes << 4 : bytes))
    const key = [...words.entries()]
      .sort((x, y) => x[0] - y[0])
      .map(([word, bytes]) => `${word}:${bytes}`)
      .join()
    let number = this.numbers.get(key)
    if (number === undefined) {
      number = this.sets.push(words) - 1
      this.hints.push([...words.keys()].reduce((bits, word) => bits | (1 << (word & 31)), 0))
      this.next.push(new Map())
      this.numbers.set(key, number)
    }
    this.next[set]!.set(access, number)
    return number
  }

  /** Whether an access of another CPU races with the set. Advice (`glance`) never does. */
  conflicts(set: number, code: number, address: number): boolean {
    const width = widthOf(code)
    const first = address >>> 2
    const hint = this.hints[set]!
    if (((hint >>> (first & 31)) & 1) === 0 && (width < 8 || ((hint >>> ((first + 1) & 31)) & 1) === 0)) return false
    const operation = operationOf(code)
    if (operation === DOOR_GLANCE) return false
    const words = this.sets[set]!
    const write = mayWrite(operation) || operation === DOOR_POKE
    if (!words.has(first) && (width < 8 || !words.has(first + 1))) return false
    return this.meets(set, address, width, write) >= 0
  }

  /** The first byte of a range that an access of another CPU to all of it races at, or -1. */
  meets(set: number, address: number, length: number, write: boolean): number {
    const words = this.sets[set]!
    for (const [word, bytes] of touched(address, length)) {
      const held = words.get(word)
      if (held === undefined) continue
      const raced = ((held >>> 4) | (write ? held : 0)) & bytes
      if (raced !== 0) return word * 4 + 31 - Math.clz32(raced & -raced)
    }
    return -1
  }

  /** Whether this access belongs into a set. */
  static readonly isPlain = (code: number): boolean => isPlain(operationOf(code))
}

// The words of a range, each with its bytes that lie in it.
function* touched(address: number, length: number): Generator<[number, number]> {
  const end = address + length
  for (let at = address; at < end; at = (at | 3) + 1) {
    const bytes = Math.min(4 - (at & 3), end - at)
    yield [at >>> 2, ((1 << bytes) - 1) << (at & 3)]
  }
}

// What is known of the words that the access of a log node is to, beside the node: which calls use them in a way that
// its order matters to, and what was noted of it already. So the tables of words (sharing.ts) are looked at again only
// when they have learnt something. Owned by a Stage; asked by choices.ts and steps.ts for accesses to words.
import { enlarged } from './arrays.js'
import * as log from './node.js'
import type { NodeTable } from './node.js'
import type { Sharing } from './sharing.js'

/**
 * Fields of a node: the version of the tables that the others are from; calls that use a word, one of the two writing;
 * calls that free one; calls that are noted to use it as this access does; calls that this access is noted to be
 * independent of, also as a plain one; the call, plus 1, that made the access when nobody else used its word.
 */
const VERSION = 0
const MET = 1
const FREED = 2
const TOUCHED = 3
const PASSED = 4
const PLAIN_PASSED = 5
const ALONE = 6
const STRIDE = 8

export class Independence {
  private known = new Int32Array(STRIDE << 10)

  constructor(
    private readonly sharing: Sharing,
    private readonly logs: NodeTable,
  ) {}

  /** Whether one of `calls` uses a word of the node's access too, one of the two writing, as far as is known. */
  meets(node: number, calls: number): boolean {
    const at = this.at(node)
    return (this.known[at + MET]! & calls) !== 0
  }

  /** The node's access is taken to be independent of all that `calls` do. */
  passes(node: number, calls: number): void {
    const at = this.at(node)
    if ((calls & ~this.known[at + PASSED]!) === 0) return
    this.known[at + PASSED]! |= calls
    const n = node * log.NODE_STRIDE
    const { nodes } = this.logs
    const flags = nodes[n + log.NODE_FLAGS]!
    this.sharing.passes(calls, nodes[n + log.NODE_ADDRESS]!, (flags & log.WIDE) !== 0, (flags & log.WRITES) !== 0)
  }

  /**
   * Whether the node's plain access is independent of `calls`: none of them, as far as is known, frees a word of it.
   * Notes that it is.
   */
  outlives(node: number, calls: number): boolean {
    const at = this.at(node)
    if ((this.known[at + FREED]! & calls) !== 0) return false
    if ((calls & ~this.known[at + PLAIN_PASSED]!) === 0) return true
    this.known[at + PLAIN_PASSED]! |= calls
    const n = node * log.NODE_STRIDE
    const { nodes } = this.logs
    this.sharing.passesPlain(calls, nodes[n + log.NODE_ADDRESS]!, (nodes[n + log.NODE_FLAGS]! & log.WIDE) !== 0)
    return true
  }

  /** Notes that a call makes the node's access. */
  touch(node: number, call: number): void {
    if (((this.known[this.at(node) + TOUCHED]! >>> call) & 1) !== 0) return
    const n = node * log.NODE_STRIDE
    const { nodes } = this.logs
    const flags = nodes[n + log.NODE_FLAGS]!
    this.sharing.touch(call, nodes[n + log.NODE_ADDRESS]!, (flags & log.WIDE) !== 0, (flags & log.WRITES) !== 0)
  }

  /** The call has made the node's access, and no other CPU uses its word, as far as is known. */
  madeAlone(node: number, call: number): void {
    this.known[this.at(node) + ALONE] = call + 1
  }

  /**
   * Whether all that there is to ask and to note of the node's access by this call is known: that nobody else uses its
   * word, and that it is independent of `calls`.
   */
  settled(node: number, call: number, calls: number, plain: boolean): boolean {
    const { known, sharing } = this
    const at = node * STRIDE
    if (known[at + VERSION] !== sharing.version || known[at + ALONE] !== call + 1) return false
    if ((calls & ~known[at + PASSED]!) !== 0) return false
    return !plain || !sharing.frees || (calls & (known[at + FREED]! | ~known[at + PLAIN_PASSED]!)) === 0
  }

  // Where the node's fields lie; they are those of the tables as they are now.
  private at(node: number): number {
    const at = node * STRIDE
    return this.known[at + VERSION] === this.sharing.version ? at : this.learn(node)
  }

  private learn(node: number): number {
    const at = node * STRIDE
    if (at >= this.known.length) this.known = enlarged(this.known, Math.max(this.known.length * 2, at + STRIDE))
    const { known, sharing } = this
    const n = node * log.NODE_STRIDE
    const { nodes } = this.logs
    const address = nodes[n + log.NODE_ADDRESS]!
    const flags = nodes[n + log.NODE_FLAGS]!
    const write = (flags & log.WRITES) !== 0
    const last = address + ((flags & log.WIDE) === 0 ? 0 : 4)
    known[at + VERSION] = sharing.version
    known[at + MET] = sharing.usersOf(address, write) | sharing.usersOf(last, write)
    known[at + FREED] = sharing.freersOf(address) | sharing.freersOf(last)
    known[at + TOUCHED] = sharing.touchedBy(address, write) & sharing.touchedBy(last, write)
    known[at + PASSED] = known[at + PLAIN_PASSED] = known[at + ALONE] = 0
    return at
  }
}

// The producing side of a user ring buffer, as libbpf's user_ring_buffer: samples that programs take with
// bpf_user_ringbuf_drain. Any thread of the machine may produce. Invariant: a sample is reserved until it is submitted
// or discarded, and what is still reserved when the ring is closed is discarded, so that nobody waits for it.
import { E2BIG } from '../../../core/abi.js'
import { MAP_MAX_ENTRIES, MAP_RING_BELL } from '../../../core/layout.js'
import { isClosed, show, SkepError } from '../../error.js'
import type { Cpu } from '../cpu/cpu.js'
import { errnoError } from '../errno.js'
import type { OptionNames } from '../options/given-options.js'
import { badValue, checkOptions } from './options.js'
import type { MapOwner } from './owner.js'

/** What the ring asks of its map's owner. */
export type RingOwner = Pick<MapOwner, 'use' | 'holdBesideHandle'>

/** How long room is waited for. */
export interface ReserveOptions {
  /** Milliseconds; default as long as the ring is open. */
  timeout?: number
}

const reserveOptions = { timeout: true } satisfies OptionNames<ReserveOptions>

/** setInterval's longest time. */
const LONGEST_TIMEOUT = 2 ** 31 - 1
/** In front of each sample, as in the kernel. */
const HEADER_BYTES = 8

/** The producing side of a user ring buffer: map.userRing(). */
export class UserRing {
  readonly #cpu: Cpu
  readonly #address: number
  readonly #name: string
  readonly #owner: RingOwner
  readonly #released: () => void
  readonly #reserved = new Set<UserSample>()
  #open = true

  /** @internal Use map.userRing(). */
  constructor(cpu: Cpu, address: number, name: string, owner: RingOwner, released: () => void) {
    this.#cpu = cpu
    this.#address = address
    this.#name = name
    this.#owner = owner
    this.#released = released
  }

  /**
   * A sample of `size` bytes to be filled, whose place among the others is now; undefined if there is no room. Programs
   * get neither it nor what comes after it until it is submitted or discarded. Throws SkepError E2BIG for more than the
   * ring can ever hold (8 bytes of it are a header), BAD_VALUE, CLOSED.
   */
  reserve(size: number): UserSample | undefined {
    if (!this.#open) throw new SkepError('CLOSED', `the user ring of map '${this.#name}' is closed`)
    const { memory } = this.#cpu
    if (!Number.isInteger(size) || size < 0)
      throw new SkepError('BAD_VALUE', `map '${this.#name}': a sample has a whole number of bytes, got ${show(size)}`)
    try {
      return this.#owner.use(() => {
        if (size > memory.word(this.#address + MAP_MAX_ENTRIES) - HEADER_BYTES)
          throw errnoError(-E2BIG, `map '${this.#name}': a sample of ${size} bytes`)
        return this.#reserve(size)
      })
    } catch (error) {
      if (isClosed(error)) this.close()
      throw error
    }
  }

  #reserve(size: number): UserSample | undefined {
    const { core, memory } = this.#cpu
    const at = core.user_ring_reserve(this.#address, size) >>> 0
    if (at === 0) return undefined
    const release = this.#owner.holdBesideHandle(() => sample.discard())
    const end = (submit: boolean): void => core.user_ring_end(this.#address, at, submit ? 1 : 0)
    const sample = new UserSample(memory.bytes.subarray(at, at + size), (submit) => {
      this.#reserved.delete(sample)
      try {
        if (submit) this.#owner.use(() => end(true))
        else end(false)
      } catch (error) {
        end(false)
        throw error
      } finally {
        release()
      }
    })
    this.#reserved.add(sample)
    return sample
  }

  /**
   * As reserve, once there is room: programs that drain the ring say so, unless by BPF_RB_NO_WAKEUP. Undefined after
   * `timeout` milliseconds, or when the ring is closed. Without a timeout, waiting keeps no process alive. Rejects with
   * SkepError as reserve, BAD_VALUE for what is no time or no option.
   */
  async reserveBlocking(size: number, options: ReserveOptions = {}): Promise<UserSample | undefined> {
    checkOptions(options, reserveOptions, this.#name)
    const { timeout = Infinity } = options
    if (typeof timeout !== 'number' || !(timeout >= 0))
      badValue(`map '${this.#name}': timeout: expected milliseconds from 0 on, got ${show(timeout)}`)
    const { memory } = this.#cpu
    const word = this.#address + MAP_RING_BELL
    const end = performance.now() + timeout
    // The wait itself does not.
    const alive = timeout === Infinity ? undefined : setInterval(() => undefined, LONGEST_TIMEOUT)
    try {
      for (let left = timeout; this.#open; left = end - performance.now()) {
        const bell = memory.word(word)
        const sample = this.#reserveUnlessClosed(size)
        if (sample || !(left > 0)) return sample
        // It ends with the time: whoever waits leaves nothing in the list of those to be woken.
        if (this.#open) await memory.whenChanged(word, bell | 0, left)
      }
      return undefined
    } finally {
      clearInterval(alive)
    }
  }

  #reserveUnlessClosed(size: number): UserSample | undefined {
    try {
      return this.reserve(size)
    } catch (error) {
      if (isClosed(error)) return undefined
      throw error
    }
  }

  /** Discards what is reserved; ends whoever waits. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    for (const sample of this.#reserved) sample.discard()
    this.#cpu.memory.notify(this.#address + MAP_RING_BELL)
    this.#released()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** A reserved sample. */
export class UserSample {
  readonly #bytes: Uint8Array
  readonly #end: (submit: boolean) => void
  #reserved = true

  /** @internal */
  constructor(bytes: Uint8Array, end: (submit: boolean) => void) {
    this.#bytes = bytes
    this.#end = end
  }

  /**
   * The sample itself, in the machine's memory; what an earlier one left is in it. Do not use what was taken when it is
   * no more reserved. Throws SkepError CLOSED then.
   */
  get bytes(): Uint8Array {
    this.#check()
    return this.#bytes
  }

  /** Programs get it. Throws CLOSED if it is not reserved any more. */
  submit(): void {
    this.#finish(true)
  }

  /** Programs pass over it. Throws as submit. */
  discard(): void {
    this.#finish(false)
  }

  /** Discards it unless it was submitted. */
  [Symbol.dispose](): void {
    if (this.#reserved) this.#finish(false)
  }

  #finish(submit: boolean): void {
    this.#check()
    this.#reserved = false
    this.#end(submit)
  }

  #check(): void {
    if (!this.#reserved) throw new SkepError('CLOSED', 'the sample was submitted or discarded')
  }
}

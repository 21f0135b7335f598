// How a function is entered and what comes of it: what the walk of one function and that of its caller tell each other.
import { NOTHING_HELD, UNKNOWN_HELD, type LockState, type Resources } from './resources.js'
import type { CallbackRule } from './signatures.js'
import type { Frame } from './state.js'
import { UNKNOWN, type Value } from './value.js'

/** How a function is entered. */
export interface Entry {
  /** r1 to r5. */
  readonly arguments: readonly Value[]
  /** Frames of the callers, the nearest first, if it gets a way to them; as seen from the function itself. */
  readonly callers?: readonly Frame[] | undefined
  readonly lock: LockState
  /** What is held, and whether the kernel certainly comes here. */
  readonly resources: Resources
  readonly sure: boolean
  readonly sleepable: boolean
  /** Of a callback: what it may return. */
  readonly callback?: CallbackRule
  /** A program, or what is called like one: at its end nothing may be held. */
  readonly isMain?: boolean
}

/** A program, or what is called like one; a callback that its helper calls; a function that another one calls. */
export type Role = 'program' | 'callback' | 'function'

export function roleOf({ isMain, callback }: Entry): Role {
  return isMain ? 'program' : callback ? 'callback' : 'function'
}

/** Ways on which a function comes to its end, where the same is held and lies in the frames. */
export interface End {
  readonly result: Value
  readonly lock: LockState
  readonly resources: Resources
  readonly sure: boolean
  /** Of those that it was given; others than these: nobody knows what it did to them. */
  readonly callers: readonly Frame[]
}

/** What a call of a function of the object gives back. */
export interface Summary {
  readonly ends: readonly End[]
}

/** Of a function of which nothing is known. */
export const NO_SUMMARY: Summary = {
  ends: [{ result: UNKNOWN, lock: 'unknown', resources: UNKNOWN_HELD, sure: false, callers: [] }],
}

/** How what is called like a program is entered. */
export const ALONE = { lock: 'free', resources: NOTHING_HELD, isMain: true } as const

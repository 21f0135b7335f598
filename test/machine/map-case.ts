// One case of the map commands of user space: what is done, on any kind of machine or a kernel, and what each step
// answers.

import assert from 'node:assert/strict'

/** A value: one number, or one for each of two CPUs. */
export type Value = number | number[]
export type Answered = Value | undefined | string
export type Entry = [key: number, value: Value]

/** What a batch that reads met, in order of the keys: with ENOENT at the end, or the name of another errno alone. */
export type ReadAnswer = [entries: Entry[], end: '' | 'ENOENT'] | string
/** Result of a batch that writes, and its count. */
export type WriteAnswer = [result: string, count: number]

export interface Ways {
  flag?: 'any' | 'noexist' | 'exist'
  lock?: boolean
}

export interface MapSubject {
  get(map: string, key: number, lock?: boolean): Promise<Answered>
  /** '' or the name of an errno. */
  set(map: string, key: number, value: Value, ways?: Ways): Promise<string>
  delete(map: string, key: number): Promise<string>
  take(map: string, key: number): Promise<Answered>
  next(map: string, key?: number): Promise<Answered>
  /** With `more`, from where the last one of that map ended. */
  lookupBatch(map: string, count: number, ways?: { lock?: boolean; more?: boolean }): Promise<ReadAnswer>
  takeBatch(map: string, count: number): Promise<ReadAnswer>
  updateBatch(map: string, entries: Entry[], lock?: boolean): Promise<WriteAnswer>
  deleteBatch(map: string, keys: number[]): Promise<WriteAnswer>
  freeze(map: string): Promise<string>
  /** Maps all values into memory, and unmaps them. */
  memory(map: string, access: 'r' | 'w'): Promise<string>
  /** Return value of a program, as a signed number. */
  run(program: string): Promise<number>
  wait(milliseconds: number): Promise<void>
  close(): Promise<void>
}

export interface MapCase {
  name: string
  perCpu?: true
  /** Arms timers: where time passes by itself, a machine that is busy may fire them too early for the case. */
  timed?: true
  steps(subject: MapSubject): Promise<unknown[]>
  answers: unknown[]
}

export const HASHES = ['hash', 'hash_np', 'lru'] as const

/** Takes the same steps for each of the maps, one after the other. */
export async function each(maps: readonly string[], steps: (map: string) => Promise<unknown[]>): Promise<unknown[]> {
  const answers = []
  for (const map of maps) answers.push(await steps(map))
  return answers
}

export const same = (maps: readonly unknown[], answers: unknown[]): unknown[] => maps.map(() => answers)

/** The order of a hash map is its own: what a walk by next key met, sorted. */
export async function walk(subject: MapSubject, map: string): Promise<unknown> {
  const met: number[] = []
  for (let key = await subject.next(map); key !== undefined; key = await subject.next(map, key as number)) {
    if (typeof key !== 'number') return key
    met.push(key)
  }
  return met.sort()
}

/**
 * Takes the steps of a case where time passes by itself; a race against the clock may be lost, and is then run again.
 */
export async function asked(one: MapCase, open: () => Promise<MapSubject>): Promise<void> {
  for (let left = one.timed ? 3 : 1; ; left--) {
    const subject = await open()
    try {
      assert.deepEqual(await one.steps(subject), one.answers)
      return
    } catch (error) {
      if (left === 1) throw error
    } finally {
      await subject.close()
    }
  }
}

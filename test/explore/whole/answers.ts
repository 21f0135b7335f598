// What the whole check asks a thread about a subject, and what it answers: plain data, a line of JSON each in the file
// of --resume.
import { existsSync, readFileSync } from 'node:fs'
import type { Steps } from '../../../src/explore/bounds.js'
import type { Seen } from './lines.js'

export interface Question {
  name: string
  seconds: number
  /** Explore it on the trace build, to learn which lines it reaches. */
  traced: boolean
}

/** To a thread that ends: which lines did its subjects reach? */
export type Task = Question | 'lines'

export interface Answer {
  name: string
  states: number
  transitions: number
  milliseconds: number
  complete: boolean
  /** The search was bounded: it had not ended otherwise. */
  preemptions?: number
  wrong?: { message: string; token: string }
  /** Most own steps, by row of the published table and variant. */
  rows: [row: string, steps: Steps][]
}

/** By `file:line`. */
export type Lines = [place: string, seen: Seen][]

/** The answers that a file has already. Throws a plain Error on a file with anything else. */
export function answersIn(file: string | undefined): Map<string, Answer> {
  if (file === undefined || !existsSync(file)) return new Map()
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  return new Map(lines.map((line) => JSON.parse(line) as Answer).map((answer) => [answer.name, answer]))
}

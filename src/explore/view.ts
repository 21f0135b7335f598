// A state as a subject's checks see it: memory and results, read only. Made once per search; reads the current words,
// and notes which ones, for who wants to know what an answer depends on.
import { SkepError } from '../error.js'
import { DEPTH, MAX_NMI_DEPTH, NODE } from './control.js'
import type { View, Value } from './subject.js'
import { WordSet } from './words.js'
import type { World } from './world.js'

/** The view of a world; what is read of its state is added to `read`. */
export function viewOf(world: World, read = new WordSet()): View {
  const { control } = world
  const { stage } = world.subject
  const numbers = new Map(world.calls.map((call, index) => [call.operation.name, index]))
  const callOf = (name: string): number => {
    const call = numbers.get(name)
    if (call === undefined) throw new SkepError('BAD_SUBJECT', `subject ${world.subject.name} has no operation ${name}`)
    return call
  }
  const word = (address: number): number => {
    read.add(address >>> 2)
    return world.words.words[address >>> 2]! >>> 0
  }
  const resultOf = (name: string): number => {
    const call = callOf(name)
    read.add(control.results + call * 2)
    return world.resultNumber(call)
  }
  return {
    load32: word,
    load64: (address) => (BigInt(word(address + 4)) << 32n) | BigInt(word(address)),
    load16: (address) => (word(address) >>> ((address & 2) * 8)) & 0xffff,
    ghost: (index) => word(stage.memoryBytes + index * 4),
    result: (name): Value => world.logs.values[resultOf(name)],
    ended: (name) => resultOf(name) >= 0,
    node(cpu) {
      const at = control.cpu(cpu)
      read.add(at + DEPTH)
      for (let level = 0; level <= MAX_NMI_DEPTH; level++) read.add(at + NODE + level)
      return world.node(cpu)
    },
    get stopped() {
      read.add(control.stops)
      return world.stopped
    },
  }
}

/** The results of all calls in one line: `push=0 pop=7 cancel=-`. */
export function outcomeOf(world: World): string {
  return world.calls
    .map((call, index) => {
      const number = world.resultNumber(index)
      return `${call.operation.name}=${number < 0 ? '-' : String(world.logs.values[number])}`
    })
    .join(' ')
}

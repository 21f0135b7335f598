// A state as a subject's checks see it: memory and results, read only. Made once per search; reads the current words.
import type { View, Value } from './subject.js'
import type { World } from './world.js'

export function viewOf(world: World): View {
  const { stage } = world.subject
  const numbers = new Map(world.calls.map((call, index) => [call.operation.name, index]))
  const callOf = (name: string): number => {
    const call = numbers.get(name)
    if (call === undefined) throw new Error(`subject ${world.subject.name} has no operation ${name}`)
    return call
  }
  const word = (address: number): number => world.words.words[address >>> 2]! >>> 0
  return {
    load32: word,
    load64: (address) => (BigInt(word(address + 4)) << 32n) | BigInt(word(address)),
    load16: (address) => (word(address) >>> ((address & 2) * 8)) & 0xffff,
    ghost: (index) => word(stage.memoryBytes + index * 4),
    result: (name): Value => world.logs.values[world.resultNumber(callOf(name))],
    ended: (name) => world.resultNumber(callOf(name)) >= 0,
    node: (cpu) => world.node(cpu),
    get stopped() {
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

// Random sequences of steps in the notation of the cases, for running the same on two subjects. Every answer is
// determined: nothing races, and a timer that is to fire is the only one that is near, and is waited for at once.

/** mulberry32: the same sequence for the same seed, everywhere. */
export function generator(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let word = Math.imul(state ^ (state >>> 15), state | 1)
    word = (word + Math.imul(word ^ (word >>> 7), word | 61)) ^ word
    return ((word ^ (word >>> 14)) >>> 0) % below
  }
}

const INIT_FLAGS = ['1', '1', '1', '1', '0', '7', '2', '16', '0x100000001']
const FAR = ['1000s', '1000s', '2000s', '0xffffffffffffffff', '0x8000000000000000', '1000s,pin', '1000s,abs,now']
const REFUSED = ['1ms,flags=4', '1ms,flags=0x80000000', '1ms,flags=0x100000000']
const ACTIONS = [
  'restart,count=2,1ms',
  'restart,count=0,1ms',
  'cancel-self',
  'delete-self,start,cancel,1000s',
  'delete-self,cancel',
  'cancel-other-twice,k%',
  'start-other,k%,1000s',
  'delete-other,start,k%,1000s',
  'update-self,start,1000s',
]
const UPDATES = ['any', 'any', 'noexist', 'exist']

interface Dice {
  random(below: number): number
  pick<T>(from: readonly T[]): T
  key(): string
}

type Choice = [weight: number, make: () => string[]]

/** About `length` steps with timers, over three keys. */
export function randomTimerSteps(seed: number, length: number): string[] {
  return sequence(seed, length, ({ random, pick, key }) => [
    ...mapChoices({ random, pick, key }),
    [14, () => [`init(${key()},${pick(INIT_FLAGS)})`]],
    [14, () => [`callback(${key()},${pick(['a', 'b'])})`]],
    [12, () => [`start(${key()},${pick(FAR)})`]],
    [2, () => [`start(${key()},${pick(REFUSED)})`]],
    [10, () => [`cancel(${key()})`]],
    [8, () => [`act(${key()},${pick(ACTIONS).replace('%', String(1 + random(3)))})`]],
    [8, () => [`start(${key()},1ms)`, 'wait(5ms)']],
    [2, () => [`start(${key()},0)`, 'wait(5ms)']],
    [
      4,
      () => {
        // What it takes to get a timer of one's own going.
        const one = key()
        return [`user.update(${one},any)`, `init(${one},1)`, `callback(${one},a)`, `start(${one},1ms)`, 'wait(5ms)']
      },
    ],
    [1, () => ['close-map', `init(${key()},1)`, `start(${key()},1000s)`, 'reopen-map']],
  ])
}

/** The same with work. */
export function randomWorkSteps(seed: number, length: number): string[] {
  return sequence(seed, length, ({ random, pick, key }) => [
    ...mapChoices({ random, pick, key }),
    [14, () => [`init(${key()},${pick(['0', '0', '0', '0', '1', '0x80000000'])})`]],
    [14, () => [`callback(${key()},${pick(['a', 'b', 'a,flags=1'])})`]],
    [12, () => [`start(${key()},0)`, 'wait(5ms)']],
    [3, () => [`start-thrice(${key()},0)`, 'wait(5ms)']],
    [2, () => [`start(${key()},0,flags=1)`]],
    [8, () => [`act(${key()},${pick(['restart,count=2', 'restart,count=0', 'delete-self,start'])})`]],
    [1, () => ['close-map', `init(${key()},0)`, `start(${key()},0)`, 'reopen-map']],
  ])
}

function mapChoices({ pick, key }: Dice): Choice[] {
  return [
    [5, () => [`update(${key()},${pick(UPDATES)})`]],
    [5, () => [`user.update(${key()},${pick(UPDATES)})`]],
    [1, () => [`user.update-ff(${key()},any)`]],
    [4, () => [`delete(${key()})`]],
    [3, () => [`user.delete(${key()})`]],
    [3, () => [`get(${key()})`]],
    [3, () => [`user.mark(${key()})`]],
    [3, () => [`user.timer(${key()})`]],
  ]
}

function sequence(seed: number, length: number, choices: (dice: Dice) => Choice[]): string[] {
  const random = generator(seed)
  const kinds = choices({
    random,
    pick: (from) => from[random(from.length)]!,
    key: () => `k${1 + random(3)}`,
  })
  const total = kinds.reduce((sum, [weight]) => sum + weight, 0)
  const steps: string[] = []
  while (steps.length < length) {
    let left = random(total)
    const chosen = kinds.find(([weight]) => (left -= weight) < 0)
    steps.push(...(chosen?.[1]() ?? []))
  }
  return steps
}

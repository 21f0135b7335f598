// Plain computation: the same C on skep, under the kernel's JIT, and native (cc -O2). All three must give one result.
import { setTimeout as sleep } from 'node:timers/promises'
import { running, type Case, type Theme } from '../case.js'
import { ask, type Loaded } from '../systems/system.js'
import { medianOf, onBoth } from './on-object.js'

/** Runs of one figure, which is their median. */
const RUNS = 5
const COMPUTE = 'bench/objects/compute.bpf.o'

function computed(name: string, what: string, count: number): Case {
  let expected: bigint | undefined
  const check = (result: bigint): void => {
    expected ??= result
    if (result !== expected) throw new Error(`${name}: computed ${result}, another subject ${expected}`)
  }
  const once = async (loaded: Loaded): Promise<number> => {
    const { nanoseconds, operations } = await ask(loaded, `run_${name}`, { count })
    check(operations)
    return nanoseconds / count
  }
  const measure = (loaded: Loaded): Promise<number> => medianOf(RUNS, () => once(loaded))
  return {
    name: `compute: ${what}`,
    unit: 'ns',
    on: {
      ...onBoth(COMPUTE, measure, async (loaded) => {
        await ask(loaded, 'prepare', {})
        for (let round = 0; round < 3; round++) {
          for (let i = 0; i < 10; i++) await once(loaded)
          await sleep(40)
        }
      }),
      native: async (bench) => {
        const native = await bench.native()
        if (typeof native === 'string') return native
        const onceNative = async (): Promise<number> => {
          const { nanoseconds, result } = await native.run(name, count)
          check(result)
          return nanoseconds / count
        }
        return running(() => medianOf(RUNS, onceNative))
      },
    },
  }
}

export const compute: Theme = {
  title: 'Computation',
  cases: [
    computed('checksum', 'checksum of 512 bytes', 20_000),
    computed('crc', 'CRC of 64 bytes, bit by bit', 5_000),
    computed('hash', 'FNV hash of 64 bytes', 50_000),
    computed('sieve', 'sieve of 1,000', 2_000),
    computed('parser', 'parser, 64 options', 10_000),
    computed('division', '100 divisions', 5_000),
    computed('collatz', 'Collatz, at most 128 steps', 20_000),
    computed('popcount', 'population count of 64 words', 20_000),
  ],
  mean: {
    name: 'compute: geometric mean of the above',
    unit: 'ns',
    reach: [
      { within: 1, of: 'linux' },
      { within: 1.15, of: 'native' },
    ],
  },
}

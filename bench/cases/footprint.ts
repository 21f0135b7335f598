// Memory, start-up, size of the package. What does not vary is taken once.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { MAP_TYPE_ARRAY, MAP_TYPE_HASH } from '../../core/abi.js'
import { HEADER, HEADER_CORE_HEAP } from '../../core/layout.js'
import { boot } from '../../src/index.js'
import { coreModule } from '../../src/machine/cpu/core-module.js'
import { standingClock } from '../../src/machine/cpu/clock.js'
import { coreExports, instantiateCore, type CoreExports } from '../../src/machine/cpu/core.js'
import { Memory } from '../../src/machine/cpu/memory.js'
import { REPOSITORY } from '../../test/kernel/oracle.js'
import { running, type Case, type Start, type Theme } from '../case.js'
import type { System } from '../systems/system.js'

const THOUSAND = 'bench/objects/thousand.bpf.o'
const CPUS = 2

/** A core that nobody runs, booted for so many control blocks; where its free memory begins. */
function core(timers: number): { core: CoreExports; begin: number } {
  const pages = 4096
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  const core = coreExports(
    instantiateCore(
      coreModule(),
      memory,
      standingClock(() => 0),
    ),
  )
  if (core.machine_boot(pages * 65536, CPUS, timers, 1 << 26) !== 0) throw new Error('the core does not boot')
  return { core, begin: new Memory(memory).word(HEADER + HEADER_CORE_HEAP) }
}

type Shape = readonly [type: number, key: number, value: number, entries: number, flags: number]

/** All bytes that a map takes, in core memory and in the guest window. */
function mapBytes(exports: CoreExports, [type, key, value, entries, flags]: Shape, timer: boolean): number {
  const sizes = [type, key, value, entries, flags, timer ? 1 : 0, 0, 0] as const
  return exports.map_bytes_core(...sizes) + exports.map_bytes_guest(...sizes)
}

/** Control block, its share of bitmaps, and the slot beside the element. */
function timerBytes(): number {
  const COUNT = 100_000
  const few = core(COUNT)
  const blocks = (core(2 * COUNT).begin - few.begin) / COUNT
  const shape: Shape = [MAP_TYPE_ARRAY, 4, 64, COUNT, 0]
  return blocks + (mapBytes(few.core, shape, true) - mapBytes(few.core, shape, false)) / COUNT
}

function mapRatio(type: number, key: number, value: number, flags = 0): Start {
  const COUNT = 10_000
  return async () =>
    running(() => {
      const own = type === MAP_TYPE_ARRAY ? 0 : key
      return mapBytes(core(1000).core, [type, key, value, COUNT, flags], false) / (COUNT * (own + value))
    })
}

const loadTime: Case['on'] = {
  skep: async (bench) => loading(await bench.skep()),
  linux: async (bench) => {
    const kernel = await bench.kernel()
    return typeof kernel === 'string' ? kernel : loading(kernel)
  },
}

async function loading(system: System) {
  const packet = new Uint8Array(64)
  const measure = async (): Promise<number> => {
    const begin = performance.now()
    const loaded = await system.load(THOUSAND)
    await loaded.run('count_bytes', packet)
    const time = performance.now() - begin
    await loaded.close()
    return time
  }
  await measure()
  return running(measure)
}

/** Bytes of the package as npm packs it, unpacked, and of what it depends on at run time. */
function installedBytes(): number {
  const options = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const text = execFileSync('npm', options, { cwd: REPOSITORY, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const [packed] = JSON.parse(text) as [{ unpackedSize: number }]
  const { dependencies } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  const folders = Object.keys(dependencies).map((name) => join(REPOSITORY, 'node_modules', name))
  return packed.unpackedSize + folders.reduce((sum, folder) => sum + folderBytes(folder), 0)
}

function folderBytes(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath ?? entry.path, entry.name)).size, 0)
}

export const footprint: Theme = {
  title: 'Footprint',
  cases: [
    {
      name: 'memory of a timer beside its element',
      unit: 'bytes',
      repetitions: 1,
      reach: [{ atMost: 128 }],
      note: `control block, its bits in the pool and in every inbox of ${CPUS} CPUs, the slot`,
      on: { skep: async () => running(timerBytes) },
    },
    {
      name: 'memory of an array map, of its values (64 bytes)',
      unit: '×',
      repetitions: 1,
      reach: [{ atMost: 1.3 }],
      on: { skep: mapRatio(MAP_TYPE_ARRAY, 4, 64) },
    },
    {
      name: 'memory of a hash map, of its keys and values (16 + 64 bytes)',
      unit: '×',
      repetitions: 1,
      reach: [{ atMost: 1.3 }],
      on: { skep: mapRatio(MAP_TYPE_HASH, 16, 64) },
    },
    {
      name: 'boot with 2 CPUs',
      unit: 'ms',
      reach: [{ atMost: 80 }],
      on: {
        skep: async () => {
          const measure = async (): Promise<number> => {
            const begin = performance.now()
            const machine = await boot({ cpus: CPUS })
            const time = performance.now() - begin
            await machine.close()
            return time
          }
          await measure()
          return running(measure)
        },
      },
    },
    {
      name: 'load of 1,000 instructions and their first run',
      unit: 'ms',
      reach: [{ atMost: 25 }],
      on: loadTime,
    },
    {
      name: 'size of the installed package, with what it needs to run',
      unit: 'MB',
      repetitions: 1,
      reach: [{ atMost: 3 }],
      on: { skep: async () => running(() => installedBytes() / 1e6) },
    },
  ],
}

// The memory on which threads work on timers: a machine of skep with CPUs kept for them, a specimen's, or that of a
// loop of nothing but skep's atomic accesses. Everything in a Place can be sent to a worker thread.
import { readFile } from 'node:fs/promises'
import { PROGRAM_TABLE_FIRST } from '../../core/layout.js'
import * as specimen from '../../core/specimens/layout.js'
import { boot } from '../../src/index.js'
import { realClock, realEpoch, standingClock, type RealEpoch } from '../../src/machine/cpu/clock.js'
import { coreExports, instantiateCore } from '../../src/machine/cpu/core.js'
import { Memory } from '../../src/machine/cpu/memory.js'
import { REPOSITORY } from '../../test/kernel/oracle.js'
import { ask } from '../systems/system.js'
import { loadedObject } from '../systems/skep.js'
import { record } from '../floor/accesses.js'
import { compile, sharedMemory, source } from '../floor/loop.js'
import { OPERATIONS } from '../floor/operations.js'
import { driverModule } from './build.js'

export type Design = 'skep' | 'locked' | 'rfc-v1' | 'merged' | 'floor'

/** Timers of one thread; threads may also share those of the first. */
export const TIMERS_OF_A_THREAD = 64

type Specimen = Exclude<Design, 'skep' | 'floor'>

export interface Place {
  readonly design: Design
  readonly memory: WebAssembly.Memory
  /** The shipped build, the one whose accesses are calls, and the loop that drives either. */
  readonly shipped: WebAssembly.Module
  readonly check: WebAssembly.Module
  readonly driver: WebAssembly.Module
  readonly epoch: RealEpoch
  /** CPUs from here on are the threads'. */
  readonly firstCpu: number
  /** Address of timer 0 and from one to the next. All are bound and armed. */
  readonly first: number
  readonly stride: number
  /** What set_callback binds. */
  readonly program: number
  readonly callback: number
}

export interface OpenPlace {
  readonly place: Place
  close(): Promise<void>
}

/** Prefix of a design's exports. */
export const PREFIX: Readonly<Record<Specimen, string>> = {
  locked: 'locked',
  'rfc-v1': 'rfc_v1',
  merged: 'merged',
}

export function openPlace(design: Design, threads: number): Promise<OpenPlace> {
  if (design === 'floor') return floorPlace()
  return design === 'skep' ? skepPlace(threads) : specimenPlace(design, threads)
}

const timerCount = (threads: number): number => threads * TIMERS_OF_A_THREAD

async function built(name: string): Promise<WebAssembly.Module> {
  return new WebAssembly.Module(await readFile(`${REPOSITORY}dist/core/${name}.wasm`))
}

async function skepPlace(threads: number): Promise<OpenPlace> {
  const machine = await boot({ cpus: 1, joins: threads })
  const loaded = await machine.load(`${REPOSITORY}bench/objects/timers.bpf.o`)
  await ask(loadedObject(loaded), 'prepare_timers', { count: timerCount(threads) })
  const { memory, epoch, module, firstJoin, objects } = machine.share()
  const object = objects[0]!
  const { address } = object.maps.get('timers')!
  const program = object.programs.get('rearm')!.address
  const core = coreExports(
    instantiateCore(
      module,
      memory,
      standingClock(() => 0),
    ),
  )
  const element = (index: number): number => core.map_element_value(address, index) >>> 0
  const TIMER = 8 // in struct timer_value
  const place: Place = {
    design: 'skep',
    memory,
    shipped: module,
    check: await built('core.check'),
    driver: await driverModule(true),
    epoch,
    firstCpu: firstJoin,
    first: element(0) + TIMER,
    stride: element(1) - element(0),
    program,
    callback: new Memory(memory).word(program + PROGRAM_TABLE_FIRST),
  }
  return { place, close: () => machine.close() }
}

/** Only starts are driven there, and no thread stands still in one. */
async function floorPlace(): Promise<OpenPlace> {
  const loop = await compile(source(record(OPERATIONS['re-arm'])))
  const nowhere = { firstCpu: 0, first: 0, stride: 0, program: 0, callback: 0 }
  const place: Place = {
    ...{ design: 'floor', memory: sharedMemory(), epoch: realEpoch(), ...nowhere },
    ...{ shipped: loop, check: loop, driver: loop },
  }
  return { place, close: async () => {} }
}

/** Far enough that nothing becomes due. */
export const FAR = 3_600_000_000_000n

async function specimenPlace(design: Specimen, threads: number): Promise<OpenPlace> {
  const PAGES = 64
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true })
  const epoch = realEpoch()
  const shipped = await built('specimens')
  const { exports } = new WebAssembly.Instance(shipped, {
    env: { memory },
    host: { clock: realClock(epoch).onto(memory) },
  })
  const call = (name: string, ...words: (number | bigint)[]): number =>
    Number((exports[name] as (...words: (number | bigint)[]) => number)(...words))
  const count = timerCount(threads)
  const used = call('specimen_boot', threads + 1, count, count, 1, 64)
  if (used > PAGES * 65536) throw new Error(`the specimen needs ${used} bytes`)
  call('cpu_attach', 0)
  const program = call('specimen_program_load', 0)
  const callback = program + specimen.PROGRAM_TEXT
  const first = new Memory(memory).word(specimen.SPECIMENS + specimen.SPECIMENS_SLOTS)
  const stride = 1 << specimen.SLOT_SHIFT
  const KIND_TIMER = 1
  for (let timer = 0; timer < count; timer++) {
    const slot = first + timer * stride
    const prefix = PREFIX[design]
    const results = [
      call(`${prefix}_init`, slot, KIND_TIMER, 1n),
      call(`${prefix}_set_callback`, slot, program, callback),
      call(`${prefix}_start`, slot, FAR, 1n),
    ]
    if (results.some((result) => result !== 0)) throw new Error(`${design}: timer ${timer} answered ${results.join()}`)
  }
  const place: Place = {
    design,
    memory,
    shipped,
    check: await built('specimens.check'),
    driver: await driverModule(false),
    epoch,
    firstCpu: 1,
    first,
    stride,
    program,
    callback,
  }
  return { place, close: async () => {} }
}

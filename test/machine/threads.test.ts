// Machines with real worker threads.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { CPU_SECTION, HEADER, HEADER_GRACE_PERIOD, HEADER_TRACE_HEAD, HEADER_TRACE_RING } from '../../core/layout.js'
import { boot, type Machine, type ThreadOptions } from '../../src/index.js'
import { coded, eventually, probes, request, u32, unchecked, type Slot } from './probes.js'

/** So many turns take long enough, also on a machine that comes back to the test only seconds later. */
const ENDLESS = 0xffffffff

async function booted(t: TestContext, options: ThreadOptions = {}): Promise<Machine> {
  const machine = await boot({ cpus: 2, ...options })
  t.after(() => machine.close())
  return machine
}

test('programs run on the CPU that is asked for, each CPU in the order of asking', async (t) => {
  const machine = await booted(t)
  const object = await machine.load(probes, unchecked)
  const runs = Array.from({ length: 40 }, (_, turn) => object.programs.count!.run({ cpu: turn % 2 }))
  assert.deepEqual(
    (await Promise.all(runs)).map(({ retval }) => retval),
    Array.from({ length: 40 }, (_, turn) => turn % 2),
  )
  assert.equal(await object.variables.counter!.get(), 45n)
  assert.deepEqual(await object.maps.hits!.get(1), [20, 20])
})

test('timers and work fire on their threads, never early', async (t) => {
  const machine = await booted(t)
  const { programs, maps } = await machine.load(probes, unchecked)
  const before = machine.now()
  await programs.start_timer!.run({ ctx: request(0, 5e6), cpu: 1 })
  await programs.start_work!.run({ ctx: request(1, 0), cpu: 1 })
  const slot = async (key: number): Promise<Slot> => (await maps.slots!.get(key)) as Slot
  await eventually(async () => (await slot(0)).fired === 1n && (await slot(1)).fired === 1n, 'both fire')
  const { fired_on, fired_at } = await slot(0)
  assert.equal(fired_on, 1n)
  assert.ok(fired_at >= BigInt(Math.floor(before)) + 5_000_000n - 1_000_000n)
  assert.equal((await slot(1)).fired_on, 1n)
})

const lockTurns = new URL('../../../test/machine/lock-turns.bpf.o', import.meta.url)

test('spin locks exclude each other across threads', async (t) => {
  const machine = await booted(t)
  const { programs, maps, variables } = await machine.load(lockTurns)
  const turns = 20_000
  const runs = await Promise.all([0, 1].map((cpu) => programs.take_turn!.run({ cpu, repeat: turns })))
  const takers = (await variables.takers!.get()) as number[]
  const { cpus } = await machine.stats()
  // All of it at once: a sum that is wrong says by itself neither who came inside nor whether a turn is missing.
  assert.deepEqual(
    {
      next: ((await maps.guarded!.get(0)) as { next: number }).next,
      taken: takers.filter((sum) => sum !== 0).length,
      wrong: takers.flatMap((sum, number) => (sum > 2 || (sum === 0) !== number >= 2 * turns ? [[number, sum]] : [])),
      answers: runs.map(({ retval }) => retval),
      runs: [0, 1].map((cpu) => cpus[cpu]!.runs),
      counts: ((await variables.counts!.get()) as object[]).slice(0, 2),
    },
    {
      next: 2 * turns,
      taken: 2 * turns,
      wrong: [],
      answers: [0, 0],
      runs: [turns, turns],
      counts: [0, 1].map(() => ({ turns, entered: 0, overtaken: 0, twice: 0 })),
    },
  )
})

test('a fault on a worker rejects that run with its place; faults in callbacks are events', async (t) => {
  const machine = await booted(t)
  const { programs, maps } = await machine.load(probes, unchecked)
  const faults: string[] = []
  machine.on('fault', ({ code }) => faults.push(code))
  await assert.rejects(
    programs.null_read!.run({ cpu: 1 }),
    coded('FAULT_BAD_ACCESS', /null_read.*CPU 1[^]*probes.bpf.c/),
  )
  assert.equal((await programs.count!.run({ cpu: 1 })).retval, 1)
  await programs.start_faulting_timer!.run({ ctx: request(0, 0), cpu: 1 })
  await eventually(() => faults.length === 1, 'the fault is reported')
  assert.deepEqual(faults, ['FAULT_BAD_ACCESS'])
  assert.equal(((await maps.slots!.get(0)) as Slot).fired, 1n)
})

test('lines printed on any thread reach the host', async (t) => {
  const machine = await booted(t)
  const { programs } = await machine.load(probes, unchecked)
  const lines: string[] = []
  machine.on('trace', ({ cpu, text }) => lines.push(`${cpu} ${text}`))
  await programs.print!.run({ cpu: 1 })
  await programs.print!.run({ cpu: 0 })
  await eventually(() => lines.length === 6, 'six lines')
  assert.equal(lines[0], '1 one -1 two 00042 three beef')
  assert.equal(lines[5], '0 0000001234567890|7   |%')
})

test('a line that a killed CPU had begun hides no later one', async (t) => {
  const machine = await booted(t)
  const { programs } = await machine.load(probes, unchecked)
  const lines: number[] = []
  machine.on('trace', ({ cpu }) => lines.push(cpu))
  // As a CPU leaves it that ends between the reservation of its record and the record's tag.
  machine.kernel.memory.add(HEADER + HEADER_TRACE_HEAD, 64)
  await programs.print!.run({ cpu: 0 })
  assert.deepEqual(lines, [])
  await machine.offline(1)
  await eventually(() => lines.length > 0, 'the lines behind it are told')
  assert.deepEqual(lines, [0, 0, 0])
})

test('a line that a killed CPU had begun hides no later one from whoever listens after its death', async (t) => {
  const machine = await booted(t)
  const { programs } = await machine.load(probes, unchecked)
  machine.kernel.memory.add(HEADER + HEADER_TRACE_HEAD, 64)
  await machine.offline(1)
  await programs.print!.run({ cpu: 0 })
  const lines: number[] = []
  machine.on('trace', ({ cpu }) => lines.push(cpu))
  await eventually(() => lines.length > 0, 'the lines behind it are told')
  assert.deepEqual(lines, [0, 0, 0])
})

test('the death of a CPU takes no line that another one is just printing', () => {
  const machine = boot.virtual({ cpus: 3 })
  const { programs } = machine.load(probes, unchecked)
  const { kernel } = machine
  const { memory } = kernel
  const lines: number[] = []
  machine.on('trace', ({ cpu }) => lines.push(cpu))
  // CPU 1 is in the middle of a run, and has reserved a record.
  const [section, head] = [memory.cpuArea(1) + CPU_SECTION, HEADER + HEADER_TRACE_HEAD]
  memory.setLong(section, memory.long(HEADER + HEADER_GRACE_PERIOD))
  const position = memory.addLong(head, 24n)
  const record = memory.word(HEADER + HEADER_TRACE_RING) + Number(position)
  // CPU 2 has, too, and dies.
  memory.addLong(head, 64n)
  kernel.flushTrace(false, 2)
  // CPU 0 prints.
  const { core } = kernel.host
  core.program_run(programs.print!.live.address, 0, 0)
  kernel.flushTrace(false)
  assert.deepEqual(lines, [])
  // CPU 1 completes its record, and ends its run.
  memory.setWord(record + 20, 1)
  memory.setLong(record, position + 1n)
  memory.setLong(section, 0n)
  kernel.flushTrace(false)
  assert.deepEqual(lines, [1, 0, 0, 0])
})

const afterRun = new URL('../../../test/machine/work-after-run.bpf.o', import.meta.url)

test('a run is answered though the work that it has queued ends in a fault', async (t) => {
  const machine = await booted(t)
  const { programs, maps } = await machine.load(afterRun, unchecked)
  const faults: string[] = []
  machine.on('fault', ({ code }) => faults.push(code))
  for (let turn = 1; turn <= 20; turn++) {
    assert.equal((await programs.start_faulting_work!.run({ cpu: 1 })).retval, 0)
    await eventually(() => faults.length === turn, 'the fault is reported')
  }
  assert.equal(((await maps.slots!.get(0)) as { begun: bigint }).begun, 20n)
})

test('a run is answered while the work that it has queued goes on', async (t) => {
  const machine = await booted(t)
  const { programs, variables } = await machine.load(afterRun, unchecked)
  for (let turn = 0; turn < 5; turn++) {
    await variables.released!.set(0)
    await variables.saw_release!.set(0)
    assert.equal((await programs.start_long_work!.run({ cpu: 1 })).retval, 0)
    assert.equal(await variables.saw_release!.get(), 0, 'the work has ended before the answer came')
    await variables.released!.set(1)
    await eventually(async () => (await variables.saw_release!.get()) === 1, 'the work ends')
  }
})

test('a worker killed in the middle of a run: its run fails, its timers move, the others go on', async (t) => {
  const machine = await booted(t, { cpus: 2, loopBudget: ENDLESS })
  const { programs, maps } = await machine.load(probes, unchecked)
  const exits: number[] = []
  machine.on('cpu-exit', ({ cpu }) => exits.push(cpu))
  await programs.start_timer!.run({ ctx: request(0, 80e6), cpu: 1 })
  const endless = programs.endless!.run({ cpu: 1 })
  const queued = programs.count!.run({ cpu: 1 })
  const ended = [
    assert.rejects(endless, coded('CPU_DEAD', /CPU 1/)),
    assert.rejects(queued, coded('CPU_DEAD', /CPU 1/)),
  ]
  await new Promise((resolve) => setTimeout(resolve, 10))
  await machine.offline(1)
  await Promise.all(ended)
  await eventually(() => exits.length === 1, 'the death is reported')
  assert.deepEqual(exits, [1])
  await assert.rejects(programs.count!.run({ cpu: 1 }), coded('CPU_DEAD', /CPU 1/))
  assert.equal((await programs.count!.run({ cpu: 0 })).retval, 0)
  await eventually(async () => ((await maps.slots!.get(0)) as Slot).fired === 1n, 'the moved timer fires')
  assert.equal(((await maps.slots!.get(0)) as Slot).fired_on, 0n)
  const more = await machine.load(probes, unchecked)
  assert.equal((await more.programs.count!.run({ cpu: 0 })).retval, 0)
})

test('[G5] when the last worker has died its timers fire on the host thread', async (t) => {
  const machine = await booted(t, { cpus: 1 })
  const { programs, maps } = await machine.load(probes, unchecked)
  await programs.start_timer!.run({ ctx: request(0, 30e6) })
  await machine.offline(0)
  await eventually(async () => ((await maps.slots!.get(0)) as Slot).fired === 1n, 'the timer fires')
  await assert.rejects(programs.count!.run(), coded('CPU_DEAD'))
})

test('a held spin lock of a killed CPU is given back', async (t) => {
  const machine = await booted(t)
  const { programs, maps } = await machine.load(probes, unchecked)
  const storm = programs.lock_value!.run({ ctx: u32(1), cpu: 1, repeat: 1_000_000_000 })
  storm.catch(() => {})
  await eventually(async () => ((await maps.guarded!.get(0)) as { value: number }).value > 0, 'it runs')
  await machine.offline(1)
  const { retval } = await programs.lock_value!.run({ ctx: u32(1), cpu: 0, repeat: 100 })
  assert.ok(retval > 100)
  await assert.rejects(storm, coded('CPU_DEAD'))
})

test('[G9] a worker killed in a storm of timers and work: runs of the others end, and every control block comes back', async (t) => {
  for (let round = 0; round < 4; round++) {
    const machine = await booted(t, { cpus: 3, memory: '16 MiB', timers: 512 })
    const object = await machine.load(probes, unchecked)
    const { programs } = object
    const before = (await machine.stats()).timers
    const ended = [0, 1, 2].flatMap((cpu) => [
      programs.start_storm!.run({ ctx: request(cpu, 0), cpu }),
      programs.start_timer!.run({ ctx: request(3 + cpu, 5000), cpu, repeat: 20_000 }),
      programs.start_work!.run({ ctx: request(6, 0), cpu, repeat: 10_000 }),
    ])
    const outcomes = Promise.allSettled(ended)
    await new Promise((resolve) => setTimeout(resolve, 3 + 3 * round))
    await machine.offline(1)
    for (const [index, { status }] of (await outcomes).entries())
      if (index < 3 || index > 5) assert.equal(status, 'fulfilled')
    await object.close()
    await eventually(async () => {
      const { capacity, free, lost } = (await machine.stats()).timers
      return free + lost === capacity && lost <= before.lost + 1
    }, 'every control block is free or counted as lost with the dead CPU')
    await machine.close()
  }
})

test('close ends a run that never ends, and everything says so afterwards', async () => {
  const machine = await boot({ cpus: 1, loopBudget: ENDLESS })
  const object = await machine.load(probes, unchecked)
  const endless = object.programs.endless!.run()
  const ended = assert.rejects(endless)
  await new Promise((resolve) => setTimeout(resolve, 10))
  await machine.close()
  await ended
  await assert.rejects(object.programs.count!.run(), coded('CLOSED'))
  await assert.rejects(object.maps.points!.get(1), coded('CLOSED'))
  await assert.rejects(machine.load(probes, unchecked), coded('CLOSED'))
  await assert.rejects(machine.timers(), coded('CLOSED'))
  await machine.close()
})

test('a machine that is closed twice at once has ended for both', async () => {
  const machine = await boot({ cpus: 2 })
  const first = machine.close()
  await machine.close()
  assert.equal(machine.closed, true)
  await first
})

test('a listener that throws keeps no machine from ending', async () => {
  const machine = await boot({ cpus: 1 })
  const { programs } = await machine.load(probes, unchecked)
  await programs.print!.run()
  // What was printed before anybody listened is told at the end.
  machine.on('trace', () => {
    throw new Error('of the listener')
  })
  await assert.rejects(machine.close(), /of the listener/)
  assert.equal(machine.closed, true)
  await machine.close()
})

test('runs that were asked for before their object is closed end as if it were open', async (t) => {
  const machine = await booted(t)
  const object = await machine.load(probes, unchecked)
  const runs = [100_000, 1, 1].map((repeat) => object.programs.count!.run({ cpu: 1, repeat }))
  await object.close()
  const other = await machine.load(probes, unchecked)
  assert.deepEqual(
    (await Promise.all(runs)).map(({ retval }) => retval),
    [1, 1, 1],
  )
  assert.deepEqual(await other.maps.hits!.get(1), [0, 0])
  await assert.rejects(object.programs.count!.run(), coded('CLOSED'))
  await other.close()
  await eventually(async () => Object.keys((await machine.stats()).programs).length === 0, 'no program is left')
})

test('a load that fails leaves a threaded machine as it was', async (t) => {
  const machine = await booted(t)
  const before = await machine.stats()
  await assert.rejects(
    machine.load(probes, { ...unchecked, maxEntries: { points: 2_000_000 } }),
    coded('NO_MEMORY', /points/),
  )
  assert.deepEqual((await machine.stats()).timers, before.timers)
  const object = await machine.load(probes, unchecked)
  assert.equal((await object.programs.count!.run({ cpu: 1 })).retval, 1)
})

test('[G3] stress: timers, work, updates and deaths from all threads; the books balance at rest', async (t) => {
  const machine = await booted(t, { cpus: 3, memory: '32 MiB' })
  const object = await machine.load(probes, unchecked)
  const { programs, maps } = object
  const before = (await machine.stats()).timers
  machine.on('fault', () => {})
  const one = async (cpu: number): Promise<void> => {
    for (let turn = 0; turn < 150; turn++) {
      const slot = (turn * 7 + cpu) % 8
      await programs.start_timer!.run({ ctx: request(slot, (turn % 5) * 20_000, turn % 3 === 0 ? 2 : 0), cpu })
      await programs.start_work!.run({ ctx: request((slot + 1) % 8, 0), cpu })
      if (turn % 4 === 0) await maps.slots!.set(slot, { fired: 0n, fired_on: 0n, fired_at: 0n })
      if (turn % 10 === 0) await programs.start_faulting_timer!.run({ ctx: request(slot, 0), cpu })
    }
  }
  await Promise.all([one(0), one(1), one(2)])
  await machine.offline(2)
  await one(1)
  await object.close()
  await eventually(
    async () => {
      const { timers } = await machine.stats()
      return JSON.stringify(timers) === JSON.stringify(before)
    },
    `every control block is back in the pool: ${JSON.stringify(before)}`,
  )
  assert.deepEqual(await machine.timers(), [])
})
